"""A worker that does what a script says: `fake_worker.py SCRIPT watch`.

Each start takes the script's first line off it and does what its words say; the last line stays.
Every command that comes is added to SCRIPT.log as `start kind camera`.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from time import sleep, time

sys.path.insert(0, str(Path(__file__).parents[2]))

import tests.bare  # noqa: F401 - makes `porchlight`, so it comes first

# isort: split
from porchlight.worker.channel import Decoder, encode
from porchlight.worker.messages import (
    Alive,
    EngineReady,
    Still,
    StreamUp,
    TakeStill,
    ThreadStarted,
    UseModel,
    VisitInfo,
    VisitNews,
    VisitPhase,
    WatchCamera,
)


class Fake:
    """Words: see where they are looked for."""

    def __init__(self, script: Path) -> None:
        lines = script.read_text().splitlines()
        if len(lines) > 1:
            script.write_text("\n".join(lines[1:]))
        self.words = set(lines[0].split())
        self.log = script.with_suffix(".log")
        self.start = 1 + (self.log.read_text().count("started") if self.log.exists() else 0)
        self.note("started", str(os.getpid()))
        self.lock = threading.Lock()
        self.models: SimpleQueue[UseModel] = SimpleQueue()

    def note(self, *what: str) -> None:
        with self.log.open("a") as file:
            file.write(" ".join([str(self.start), *what]) + "\n")

    def send(self, message: object) -> None:
        with self.lock:
            os.write(1, encode(message))  # type: ignore[arg-type] # a message

    def run(self) -> None:
        faulthandler.enable()
        if "crash-at-start" in self.words:
            sys.exit(4)
        if "long-complaint" in self.words:
            os.write(2, b"x" * 3_000_000 + b"\nshort\n")
        if "stubborn" in self.words:
            signal.signal(signal.SIGABRT, signal.SIG_IGN)
        threading.Thread(target=self.beat, daemon=True).start()
        threading.Thread(target=self.look, daemon=True).start()
        decoder = Decoder()
        while data := os.read(0, 65536):
            for message in decoder.feed(data):
                self.take(message)
        if "stubborn" in self.words:
            sleep(3600)

    def beat(self) -> None:
        self.send(Alive(pid=os.getpid()))
        if "garbage" in self.words:
            os.write(1, b"Traceback (most recent call last)\n")
        while "silent" not in self.words:
            sleep(0.1)
            if "busy" in self.words:
                # Its main loop hangs, a camera's thread does not.
                self.send(StreamUp(camera_id="a", codec="h264", width=1, height=1))
            else:
                self.send(Alive(pid=os.getpid()))

    def take(self, message: object) -> None:
        self.note(type(message).__name__, getattr(message, "camera_id", ""))
        match message:
            case WatchCamera():
                threading.Thread(target=self.watch, args=[message], daemon=True).start()
            case TakeStill() if "crashes-on-still" in self.words:
                ctypes.string_at(0)
            case TakeStill() if "deaf" not in self.words:
                self.send(Still(request=message.request, jpeg=f"{message.width}".encode()))
            case UseModel():
                self.models.put(message)

    def look(self) -> None:
        self.send(ThreadStarted(camera_id=None, thread=threading.get_ident()))
        while True:
            model = self.models.get()
            if "engine-crashes" in self.words:
                ctypes.string_at(0)
            self.send(
                EngineReady(
                    engine="fake",
                    version="1",
                    path=model.path,
                    family="none",
                    side=1,
                    inference_ms=1.0,
                )
            )

    def watch(self, camera: WatchCamera) -> None:
        me = threading.get_ident()
        self.send(ThreadStarted(camera_id=camera.camera_id, thread=me))
        self.send(StreamUp(camera_id=camera.camera_id, codec="h264", width=1, height=1))
        if camera.open_visit:
            self.note("resumes", camera.open_visit.visit_id)
        poison = camera.camera_id == "poison"
        if poison and "camera-crashes" in self.words:
            # While a thread starts, Python's fault handler may not know whose a crash is.
            sleep(0.3)
            ctypes.string_at(0)
        if poison and "vanishes" in self.words:
            sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)
        for word, phase in (("arrives", VisitPhase.ARRIVED), ("leaves", VisitPhase.LEFT)):
            if word in self.words:
                visit = VisitInfo(
                    visit_id="v1", arrived_at=time(), last_seen=time(), score=1.0, count=1, most=1
                )
                news = VisitNews(camera_id=camera.camera_id, phase=phase, visit=visit)
                self.send(news)
        if "then-dies" in self.words:
            os._exit(7)
        while True:
            sleep(60)


Fake(Path(sys.argv[1])).run()
os._exit(0)
