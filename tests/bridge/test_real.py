"""The bridge over the real worker and simulated cameras."""

from __future__ import annotations

import asyncio
import os
import signal
import textwrap
from typing import TYPE_CHECKING, Any

import av
import pytest
from porchlight.runtime.bridge import WorkerDown, WorkerUp
from porchlight.runtime.faults import Culprit
from porchlight.worker.messages import (
    Alive,
    EngineReady,
    Live,
    LiveServed,
    RemoveCamera,
    Status,
    StreamDown,
    StreamUp,
    UseModel,
    WatchCamera,
)

from tests.worker.support import PATIENCE, footage, source

from .support import Ear, gone, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from porchlight.runtime.bridge import Bridge

    from simulator import Camera, Simulator

    type Start = Callable[..., Bridge]

SMALL = "models/person_yolox_192_float16.tflite"


def add(camera: Camera, camera_id: str, path: str = "sub", **more: Any) -> WatchCamera:
    return WatchCamera(camera_id=camera_id, source=source(camera, path=path), **more)


def crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have workers run this code as they start."""
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(code))
    path = filter(None, (str(tmp_path), os.environ.get("PYTHONPATH")))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))


async def test_a_killed_worker_is_back_with_cameras_and_model(
    bridge: Start, ear: Ear, simulator: Simulator, tmp_path: Path
) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    one = bridge(
        opening=[
            UseModel(engine="litert", path=str(footage(SMALL))),
            *(
                add(camera, str(number), picture_path=str(tmp_path / f"{number}.jpg"))
                for number, camera in enumerate(simulator.cameras)
            ),
        ],
        still_seconds=PATIENCE,
    )
    await ear.wait(EngineReady)
    await ear.wait(Status, where=lambda one: (one.camera_id, one.people) == ("0", 0))
    still = await one.still("0", 64)
    assert still is not None
    assert still.startswith(b"\xff\xd8")
    pid = one.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    down = await ear.wait(WorkerDown)
    position = ear.all.index(down)
    await ear.wait(EngineReady, after=position)
    for camera_id in "012":
        await ear.wait(StreamUp, after=position, where=lambda up, i=camera_id: up.camera_id == i)  # type: ignore[misc] # bound now
    await ear.wait(Status, after=position, where=lambda status: status.people == 0)


async def test_live_view_is_served_by_the_worker_that_runs(
    bridge: Start, ear: Ear, simulator: Simulator
) -> None:
    def first_packet(port: int) -> int:
        url, options = f"rtsp://127.0.0.1:{port}/path", {"rtsp_transport": "tcp"}
        with av.open(url, options=options, timeout=PATIENCE) as container:
            return next(container.demux()).size

    camera = simulator.cameras[0]
    live = Live(source=source(camera, path="main"), path="path")
    one = bridge(opening=[add(camera, "c", live=live)])
    served = await ear.wait(LiveServed)
    assert await asyncio.to_thread(first_packet, served.port)
    pid = one.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    down = await ear.wait(WorkerDown)
    served = await ear.wait(LiveServed, after=ear.all.index(down))
    assert await asyncio.to_thread(first_packet, served.port)


async def test_the_bridge_stops_promptly_and_leaves_no_process(
    bridge: Start, ear: Ear, simulator: Simulator
) -> None:
    one = bridge(opening=[add(camera, str(n)) for n, camera in enumerate(simulator.cameras)])
    await ear.wait(StreamUp)
    pid = one.pid
    assert pid is not None
    async with asyncio.timeout(PATIENCE):
        await one.stop()
    assert gone(pid)


async def test_a_camera_whose_stream_kills_the_worker_is_the_culprit(
    bridge: Start,
    ear: Ear,
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crash(
        tmp_path,
        monkeypatch,
        """
        import ctypes, threading, time
        import av
        real = av.open
        def opened(url, *arguments, **named):
            # The camera's own thread; the address is a relay's.
            if threading.current_thread().name == "camera-bad":
                time.sleep(0.5)
                ctypes.string_at(0)
            return real(url, *arguments, **named)
        av.open = opened
        """,
    )
    one, other = simulator.cameras[:2]
    bridge(opening=[add(one, "good"), add(other, "bad")])
    down = await ear.wait(WorkerDown)
    assert down == WorkerDown(detail="SIGSEGV", culprit=Culprit("bad"))


async def test_an_engine_that_kills_the_worker_as_it_loads_is_the_culprit(
    bridge: Start,
    ear: Ear,
    simulator: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    crash(
        tmp_path,
        monkeypatch,
        """
        import ctypes, time
        from ai_edge_litert import interpreter
        class Interpreter(interpreter.Interpreter):
            def __init__(self, *arguments, **named):
                time.sleep(0.5)
                ctypes.string_at(0)
        interpreter.Interpreter = Interpreter
        """,
    )
    model = UseModel(engine="litert", path="/any.tflite")
    bridge(opening=[model, add(simulator.cameras[0], "good")])
    down = await ear.wait(WorkerDown)
    assert down == WorkerDown(detail="SIGSEGV", culprit=Culprit())


async def test_a_stopped_worker_is_found_out_and_replaced(
    bridge: Start, ear: Ear, simulator: Simulator
) -> None:
    one = bridge(opening=[add(simulator.cameras[0], "a")], silence=PATIENCE)
    await ear.wait(StreamUp)
    pid = one.pid
    assert pid is not None
    # From its next sign of life on: before that, a worker that starts slowly is silent, too.
    one._silence = 1.0
    await ear.wait(Alive, after=len(ear.all))
    os.kill(pid, signal.SIGSTOP)
    down = await ear.wait(WorkerDown)
    one._silence = PATIENCE
    assert down.detail == "it hung"
    await ear.wait(StreamUp, after=ear.all.index(down))
    assert gone(pid)
    assert len(ear.of(WorkerUp)) == 2


async def test_a_camera_that_drops_and_returns_is_reported_and_the_worker_lives(
    bridge: Start, ear: Ear, simulator: Simulator
) -> None:
    camera = simulator.cameras[0]
    one = bridge(opening=[add(camera, "a")])
    await ear.wait(StreamUp)
    await camera.go_offline()
    down = await ear.wait(StreamDown)
    await camera.go_online()
    await ear.wait(StreamUp, after=ear.all.index(down))
    one.send(RemoveCamera(camera_id="a"))
    await until(lambda: camera.state().clients == 0, "the stream is left")
    assert ear.of(WorkerDown) == []
