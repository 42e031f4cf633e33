"""A worker that acts as it is asked to: `acting_worker.py watch`.

What it is to do comes as the width of a still, which is answered when that is done.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import sys
import threading
from dataclasses import replace
from enum import IntEnum
from itertools import count
from pathlib import Path
from time import sleep, time

sys.path.insert(0, str(Path(__file__).parents[2]))

import tests.bare  # noqa: F401 - makes `porchlight`, so it comes first

# isort: split
from porchlight.worker.channel import Decoder, encode
from porchlight.worker.errors import EngineProblem, StreamProblem
from porchlight.worker.messages import (
    Alive,
    DropModel,
    EngineFailed,
    EngineReady,
    RemoveCamera,
    Status,
    Still,
    StreamDown,
    StreamUp,
    TakeStill,
    ThreadStarted,
    UseModel,
    VisitInfo,
    VisitNews,
    VisitPhase,
    WatchCamera,
)


class Act(IntEnum):
    """What it can be asked to do for a camera."""

    ARRIVE = 1
    SEE = 2
    LEAVE = 3
    CRASH = 4
    FAIL = 5
    GO_DOWN = 6
    COME_UP = 7


class Actor:
    """Keeps cameras and their visits as the real worker does."""

    def __init__(self) -> None:
        self.cameras: dict[str, WatchCamera] = {}
        self.visits: dict[str, VisitInfo] = {}
        self.model: UseModel | None = None
        self.numbers = count(1)
        self.lock = threading.Lock()

    def send(self, message: object) -> None:
        with self.lock:
            os.write(1, encode(message))  # type: ignore[arg-type] # a message

    def run(self) -> None:
        faulthandler.enable()
        threading.Thread(target=self.beat, daemon=True).start()
        decoder = Decoder()
        while data := os.read(0, 65536):
            for message in decoder.feed(data):
                self.take(message)

    def beat(self) -> None:
        while True:
            self.send(Alive(pid=os.getpid()))
            sleep(1)

    def take(self, message: object) -> None:
        match message:
            case WatchCamera(camera_id=camera_id):
                new = camera_id not in self.cameras
                self.cameras[camera_id] = message
                if new and message.open_visit:
                    self.visits[camera_id] = message.open_visit
                if new:
                    self.send(StreamUp(camera_id=camera_id, codec="h264", width=1, height=1))
                if not message.detect:
                    self.leave(camera_id)
                self.status(camera_id)
            case RemoveCamera(camera_id=camera_id):
                self.cameras.pop(camera_id, None)
                self.visits.pop(camera_id, None)
            case UseModel():
                self.model = message
                self.send(
                    EngineReady(
                        engine=message.engine,
                        version="1",
                        path=message.path,
                        family="none",
                        side=1,
                        inference_ms=1.0,
                    )
                )
            case DropModel():
                self.model = None
            case TakeStill():
                if message.camera_id in self.cameras:
                    self.act(message.camera_id, Act(message.width or 0))
                self.send(Still(request=message.request, jpeg=b"done"))

    def act(self, camera_id: str, act: Act) -> None:
        match act:
            case Act.ARRIVE if self.looks(camera_id) and camera_id not in self.visits:
                name = f"{os.getpid()}-{next(self.numbers)}"
                self.visits[camera_id] = VisitInfo(
                    visit_id=name, arrived_at=time(), last_seen=time(), score=1.0, count=1, most=1
                )
                self.news(camera_id, VisitPhase.ARRIVED)
            case Act.SEE if camera_id in self.visits and self.looks(camera_id):
                self.visits[camera_id] = replace(self.visits[camera_id], last_seen=time())
                self.news(camera_id, VisitPhase.CHANGED)
            case Act.LEAVE:
                self.leave(camera_id)
            case Act.CRASH:
                threading.Thread(target=self.crash, args=[camera_id]).start()
                sleep(60)
            case Act.FAIL if self.model:
                self.send(
                    EngineFailed(
                        engine=self.model.engine,
                        path=self.model.path,
                        problem=EngineProblem.FAILING,
                    )
                )
                self.model = None
            case Act.GO_DOWN:
                self.send(StreamDown(camera_id=camera_id, problem=StreamProblem.ENDED))
                return
            case Act.COME_UP:
                self.send(StreamUp(camera_id=camera_id, codec="h264", width=1, height=1))
        self.status(camera_id)

    def crash(self, camera_id: str) -> None:
        self.send(ThreadStarted(camera_id=camera_id, thread=threading.get_ident()))
        # While a thread starts, Python's fault handler may not know whose a crash is.
        sleep(0.2)
        ctypes.string_at(0)

    def looks(self, camera_id: str) -> bool:
        return self.cameras[camera_id].detect and self.model is not None

    def leave(self, camera_id: str) -> None:
        if camera_id in self.visits:
            self.news(camera_id, VisitPhase.LEFT)
            del self.visits[camera_id]

    def news(self, camera_id: str, phase: VisitPhase) -> None:
        self.send(VisitNews(camera_id=camera_id, phase=phase, visit=self.visits[camera_id]))

    def status(self, camera_id: str) -> None:
        people = int(camera_id in self.visits) if self.looks(camera_id) else None
        self.send(
            Status(
                camera_id=camera_id,
                frame_at=time(),
                moving=False,
                people=people,
                fps=5.0,
                inference_ms=1.0,
            )
        )


if __name__ == "__main__":
    Actor().run()
    os._exit(0)
