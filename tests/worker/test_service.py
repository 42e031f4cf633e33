"""The worker as a real process over real pipes."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from porchlight.worker.errors import EngineProblem, StreamProblem
from porchlight.worker.messages import (
    Alive,
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

from tests.bare import ROOM

from .process import Worker, impatient
from .support import PASSWORD, PATIENCE, footage, source, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .support import Stage


# A pipe holds 64 KiB, less where small writes leave parts of pages unused.
FULL = 32 * 1024


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


def gone(pid: int) -> bool:
    """Whether a process has ended, also if its status was not collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_it_says_at_once_and_then_again_that_it_lives(worker: Worker) -> None:
    first = worker.heard.wait(Alive)
    assert first.pid == worker.process.pid
    worker.heard.wait(Alive, after=worker.heard.position(first) + 1)


def test_it_says_so_also_when_commands_come_all_the_time(worker: Worker) -> None:
    worker.heard.wait(Alive)

    def again() -> bool:
        worker.send(RemoveCamera(camera_id="nobody"))
        return len(worker.heard.of(Alive)) >= 2

    until(again, "the second sign of life")


def test_it_ends_when_nothing_more_can_come(worker: Worker) -> None:
    worker.heard.wait(Alive)
    worker.close()
    assert worker.process.wait(PATIENCE) == 0


def test_it_ends_while_a_camera_is_read_without_waiting_for_it(stage: Stage) -> None:
    with Worker(command=impatient(reading=10 * PATIENCE)) as worker:
        worker.send(WatchCamera(camera_id="c", source=source(stage.camera)))
        worker.heard.wait(StreamUp)
        stage.call(stage.camera.stall, "all")
        worker.close()
        assert worker.process.wait(PATIENCE) == 0


def test_it_is_watched_over_from_afar_and_commands_do_what_they_say(
    worker: Worker, stage: Stage, tmp_path: Path
) -> None:
    heard = worker.heard
    picture_path = str(tmp_path / "last.jpg")
    worker.send(WatchCamera(camera_id="c", source=source(stage.camera), picture_path=picture_path))
    heard.wait(ThreadStarted, where=lambda one: one.camera_id == "c")
    heard.wait(StreamUp)
    worker.send(TakeStill(camera_id="c", request=1, width=100))
    still = heard.wait(Still, where=lambda one: one.request == 1)
    assert still.jpeg is not None
    assert still.jpeg.startswith(b"\xff\xd8")
    count = len(heard.all)
    off = WatchCamera(
        camera_id="c", source=source(stage.camera), picture_path=picture_path, detect=False
    )
    worker.send(off)
    heard.wait(Status, after=count)
    worker.send(RemoveCamera(camera_id="c"), TakeStill(camera_id="c", request=2))
    gone_now = heard.wait(Still, where=lambda one: one.request == 2)
    assert gone_now.jpeg is None
    until(lambda: stage.call(lambda: stage.camera.state().clients) == 0, "the stream is left")
    after = heard.all[heard.position(gone_now) + 1 :]
    assert [one for one in after if not isinstance(one, Alive)] == []


def test_a_camera_added_twice_goes_on_without_a_new_connection(
    worker: Worker, stage: Stage
) -> None:
    add = WatchCamera(camera_id="c", source=source(stage.camera))
    worker.send(add)
    worker.heard.wait(StreamUp)
    worker.send(add, TakeStill(camera_id="c", request=1))
    answered = worker.heard.wait(Still)
    worker.heard.wait(Status, after=worker.heard.position(answered))
    assert len(worker.heard.of(StreamUp)) == 1
    assert worker.heard.of(StreamDown) == []
    assert stage.call(lambda: stage.camera.state().clients) == 1


def test_cameras_that_it_does_not_know_are_harmless(worker: Worker) -> None:
    worker.send(
        RemoveCamera(camera_id="x"),
        TakeStill(camera_id="x", request=9),
    )
    assert worker.heard.wait(Still).jpeg is None


def test_a_real_model_loads_and_looks(worker: Worker, stage: Stage) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    path = footage("models/person_yolox_192_float16.tflite")
    worker.send(UseModel(engine="litert", path=str(path)))
    assert worker.heard.wait(EngineReady).family == "yolox"
    worker.send(WatchCamera(camera_id="c", source=source(stage.camera)))
    status = worker.heard.wait(Status, where=lambda one: one.people is not None)
    assert status.people == 0
    assert status.inference_ms


def test_a_missing_engine_is_reported(worker: Worker) -> None:
    worker.send(UseModel(engine="nothing", path="/x"))
    assert worker.heard.wait(EngineFailed).problem is EngineProblem.NOT_INSTALLED


def test_an_open_visit_is_taken_over_and_ended(worker: Worker, stage: Stage) -> None:
    visit = VisitInfo(
        visit_id="kept", arrived_at=100.0, last_seen=200.0, score=0.7, count=1, most=2
    )
    add = WatchCamera(camera_id="c", source=source(stage.camera), detect=False, open_visit=visit)
    worker.send(add)
    news = worker.heard.wait(VisitNews)
    assert (news.phase, news.visit.visit_id) == (VisitPhase.LEFT, "kept")
    assert news.visit.arrived_at == pytest.approx(100.0, abs=1)


def test_no_error_contains_a_password(worker: Worker, cameras: Callable[..., Stage]) -> None:
    stage = cameras({}, {})
    one, other = stage.cameras
    stage.call(one.refuse_rtsp, 503)
    stage.call(other.go_offline)
    worker.send(
        WatchCamera(camera_id="refused", source=source(one)),
        WatchCamera(camera_id="gone", source=source(other)),
        WatchCamera(camera_id="wrong", source=source(one, path="x")),
    )
    for camera_id in ("refused", "gone"):
        worker.heard.wait(StreamDown, where=lambda down, name=camera_id: down.camera_id == name)  # type: ignore[misc] # bound now
    worker.end()
    reported = repr(worker.heard.all) + "".join(worker.complaints)
    assert PASSWORD not in reported
    assert "p%40ss" not in reported
    problems = {down.camera_id: down.problem for down in worker.heard.of(StreamDown)}
    assert problems["refused"] is StreamProblem.TOO_MANY_VIEWERS
    assert problems["gone"] is StreamProblem.UNREACHABLE


def sitecustomize(tmp_path: Path, code: str) -> dict[str, str]:
    """Code that a worker runs as it starts."""
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(code))
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": path}


def test_what_a_library_prints_is_not_taken_for_messages(tmp_path: Path) -> None:
    noise = sitecustomize(
        tmp_path,
        """
        import os, sys, threading, time
        def chatter():
            # Loaded only when the worker has put its own output aside.
            while "porchlight.worker.service" not in sys.modules:
                time.sleep(0.05)
            while True:
                print("chatter", flush=True)
                os.write(1, b"more chatter")
                time.sleep(0.05)
        threading.Thread(target=chatter, daemon=True).start()
        """,
    )
    with Worker(environment=noise) as worker:
        first = worker.heard.wait(Alive)
        worker.heard.wait(Alive, after=worker.heard.position(first) + 1)
    assert "chatter" in "".join(worker.complaints)


def test_garbage_ends_it(worker: Worker) -> None:
    worker.heard.wait(Alive)
    worker.write(b"\xff" * 64)
    assert worker.process.wait(PATIENCE) == 1


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(  # noqa: S603 - our own program
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                f"""
                import subprocess, sys, time
                child = subprocess.Popen(
                    [sys.executable, {str(ROOM / "worker")!r}, "watch"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )
                child.stdout.read(4)
                print(child.pid, flush=True)
                time.sleep(3600)
                """
            ),
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
    assert not gone(pid)
    # Stopped, so that it cannot see its input end.
    os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.wait()
    until(lambda: gone(pid), "the worker is gone")


def test_an_interrupt_meant_for_the_terminal_does_not_end_it(worker: Worker) -> None:
    worker.heard.wait(Alive)
    worker.process.send_signal(signal.SIGINT)
    worker.send(TakeStill(camera_id="x", request=1))
    worker.heard.wait(Still)


def test_wrong_arguments_print_the_usage() -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(ROOM / "worker")], capture_output=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 2
    assert b"usage" in done.stderr


def wait(seconds: float) -> None:
    """Let time pass for a process that has no clock of ours."""
    threading.Event().wait(seconds)


def unread(worker: Worker) -> int:
    """Bytes in the pipe from a worker."""
    assert worker.process.stdout is not None
    answer = fcntl.ioctl(worker.process.stdout, termios.FIONREAD, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])


def resident(worker: Worker) -> float:
    """Megabytes of memory that a worker holds."""
    pages = int(Path(f"/proc/{worker.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_a_reader_that_is_slow_is_waited_for_and_nothing_is_lost(stage: Stage) -> None:
    worker = Worker()
    try:
        add = WatchCamera(camera_id="c", source=source(stage.camera), picture_path="/nowhere/x.jpg")
        worker.send(add)
        # Far more than pipes hold: it stands still, and takes no more than it can answer.
        stills = [TakeStill(camera_id="c", request=number) for number in range(5000)]
        sender = threading.Thread(target=worker.send, args=stills)
        sender.start()
        until(lambda: unread(worker) >= FULL, "the worker's pipe is full")
        before = resident(worker)
        wait(1)
        assert resident(worker) < before + 20
        assert sender.is_alive()
    finally:
        with worker:
            worker.heard.wait(Still, where=lambda one: one.request == 4999)
            sender.join()
    assert [one.request for one in worker.heard.of(Still)] == list(range(5000))
    assert worker.process.returncode == 0


def test_an_engine_that_never_returns_ends_it_and_is_blamed() -> None:
    code = f"""
    import faulthandler, sys, time
    sys.path.insert(0, {str(ROOM.parents[1])!r})
    import tests.bare
    from porchlight.worker.analyst import Analyst
    from porchlight.worker.service import Service
    Analyst.__init__.__kwdefaults__["prepare"] = lambda request: time.sleep(3600)
    faulthandler.enable()
    Service(0, 1, heartbeat=0.2, stuck=0.5).run()
    """
    with Worker(command=[sys.executable, "-c", textwrap.dedent(code)]) as worker:
        thread = worker.heard.wait(ThreadStarted).thread
        worker.send(UseModel(engine="hangs", path=""))
        assert worker.process.wait(PATIENCE) == -signal.SIGABRT
    blamed = [line for line in worker.complaints if line.startswith("Current thread")]
    assert int(blamed[0].split()[2], 16) == thread
