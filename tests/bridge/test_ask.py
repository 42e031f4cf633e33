from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.onvif.errors import Absence
from porchlight.onvif.values import Credentials, Found, Typed
from porchlight.runtime import ask
from porchlight.runtime.ask import ErrandError
from porchlight.worker.errors import EngineProblem
from porchlight.worker.messages import EngineFailed, EngineReady, Locate, Source, UseModel

from simulator import CameraSpec, Simulator
from tests.worker.support import PASSWORD, PATIENCE, footage, source

from .support import until

if TYPE_CHECKING:
    from simulator import Camera

NOBODY = Credentials(username="", password="")


def children() -> set[int]:
    """Our child processes."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == os.getpid():
            found.add(int(folder.name))
    return found


@pytest.fixture(autouse=True)
async def no_process_left() -> object:
    before = children()
    yield
    assert children() <= before


def acting(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Have errands done by this code."""
    monkeypatch.setattr(ask, "WORKER", (sys.executable, "-c", code))


def login(camera: Camera, password: str = PASSWORD) -> Credentials:
    return Credentials(username=camera.spec.username, password=password)


async def test_a_first_frame_is_taken(simulator: Simulator) -> None:
    taken = await ask.first_frame(source(simulator.cameras[0]))
    assert (taken.codec, taken.width, taken.height) == ("h264", 320, 240)
    assert taken.jpeg.startswith(b"\xff\xd8")


async def test_a_stream_that_refuses_is_reported_with_its_key(simulator: Simulator) -> None:
    camera = simulator.cameras[0]
    with pytest.raises(ErrandError) as caught:
        await ask.first_frame(source(camera, "wrong"))
    assert caught.value.key == "unauthorized"
    camera.refuse_rtsp(404)
    with pytest.raises(ErrandError) as caught:
        await ask.first_frame(source(camera))
    assert caught.value.key == "not_found"
    assert "404" in caught.value.detail
    assert PASSWORD not in str(caught.value)


async def test_a_camera_is_inspected(simulator: Simulator) -> None:
    camera = simulator.cameras[0]
    report = await ask.inspect(
        "127.0.0.1", camera.port, login(camera), path="/onvif/device_service"
    )
    assert report.unique_id == camera.spec.mac
    assert report.analyse.uri.startswith("rtsp://")


async def test_onvif_errors_are_reported_by_key(simulator: Simulator) -> None:
    camera = simulator.cameras[0]
    path = "/onvif/device_service"
    with pytest.raises(ErrandError) as caught:
        await ask.inspect("127.0.0.1", camera.port, login(camera, "wrong"), path=path)
    assert caught.value.key == "invalid_auth"
    port = camera.port
    await camera.go_offline()
    with pytest.raises(ErrandError) as caught:
        await ask.inspect("127.0.0.1", port, login(camera), path=path)
    assert caught.value.key == "cannot_connect"


async def test_cameras_are_found_one_after_the_other(clip: Path, cache: Path) -> None:
    names = ("Bridge scan one", "Bridge scan two")
    specs = [CameraSpec(video=clip, name=name, password=PASSWORD) for name in names]
    reported: list[Found] = []
    async with Simulator(specs, cache=cache, discovery=True) as simulator:
        wanted = {camera.spec.uuid for camera in simulator.cameras}
        found: list[Found] = []
        # A search for all its seconds takes time, so a longer one is only for a busy machine.
        for seconds in (1.5, 10.0, 40.0):
            if not wanted <= {one.endpoint for one in found}:
                reported.clear()
                found = await ask.scan(["127.0.0.1"], seconds=seconds, on_found=reported.append)
        silent = await ask.scan(["127.0.0.1"], seconds=0.2)
    assert wanted <= {one.endpoint for one in found}
    assert reported == found
    assert isinstance(silent, list)


async def test_a_service_is_located_at_the_port_that_was_typed(simulator: Simulator) -> None:
    camera = simulator.cameras[0]
    found = await ask.locate(Typed(host="127.0.0.1", port=camera.port), seconds=PATIENCE)
    assert found == Found(host="127.0.0.1", port=camera.port)


async def test_a_service_is_located_from_a_streams_address_by_asking_its_host(
    clip: Path, cache: Path
) -> None:
    spec = CameraSpec(video=clip, name="Bridge locate", password=PASSWORD, host="127.0.0.83")
    async with Simulator([spec], cache=cache, discovery=True) as simulator:
        camera = simulator.cameras[0]
        typed = Typed(host=camera.host, port=camera.rtsp_port, scheme="rtsp")
        found = await ask.locate(typed, seconds=PATIENCE)
    assert (found.host, found.port, found.secure) == (camera.host, camera.port, False)


async def test_what_was_not_located_is_reported_with_its_reason(simulator: Simulator) -> None:
    # No name server is asked for a name that can't be one.
    nobody = Typed(host=f"{'a' * 64}.local")
    with pytest.raises(ErrandError) as caught:
        await ask.locate(nobody, seconds=PATIENCE)
    assert caught.value.key == Absence.UNKNOWN_HOST
    camera = simulator.cameras[0]
    encrypted = Typed(host="127.0.0.1", port=camera.port, scheme="https", secure=True)
    with pytest.raises(ErrandError) as caught:
        await ask.locate(encrypted, seconds=PATIENCE)
    assert caught.value.key == Absence.ONLY_UNENCRYPTED


async def test_the_start_of_its_process_is_part_of_the_five_seconds_of_a_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    async def answer(errand: Any, *_kinds: Any) -> Found:
        asked.append(errand)
        return Found(host="cam", port=80)

    monkeypatch.setattr(ask, "_answer", answer)
    before = monotonic()
    await ask.locate(Typed(host="cam"))
    await ask.locate(Typed(host="cam"), seconds=60.0)
    after = monotonic()
    (look, longer) = asked
    assert look == Locate(typed=Typed(host="cam"), until=look.until)
    # The answer is on its way for a moment, too.
    assert before + 4.5 < look.until < after + 5.0
    assert before + 59.5 < longer.until < after + 60.0


async def test_a_search_without_a_network_is_reported() -> None:
    with pytest.raises(ErrandError) as caught:
        await ask.scan(["192.0.2.77"], seconds=0.2)
    assert caught.value.key == "no_interface"


async def test_a_model_is_tried() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    path = str(footage("models/person_yolox_192_float16.tflite"))
    outcome = await ask.try_model(UseModel(engine="litert", path=path))
    assert isinstance(outcome, EngineReady)
    assert (outcome.family, outcome.side, outcome.path) == ("yolox", 192, path)


async def test_a_model_that_does_not_run_is_reported() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    path = str(footage("models/refused_by_litert.tflite"))
    outcome = await ask.try_model(UseModel(engine="litert", path=path))
    assert isinstance(outcome, EngineFailed)
    assert outcome.problem is EngineProblem.MODEL_REFUSED


CRASH = "import ctypes; ctypes.string_at(0)"


async def test_a_model_that_crashes_the_engine_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    acting(monkeypatch, CRASH)
    outcome = await ask.try_model(UseModel(engine="litert", path="/m"))
    assert outcome == EngineFailed(
        engine="litert", path="/m", problem=EngineProblem.CRASHED, detail="SIGSEGV"
    )


@pytest.mark.parametrize("code", [CRASH, "raise SystemExit(0)", "print('Traceback', 'x' * 100)"])
async def test_an_errand_that_is_not_answered_has_failed(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    acting(monkeypatch, code)
    nowhere = Source(url="rtsp://127.0.0.1:9/", credentials=NOBODY)
    for errand in (
        ask.first_frame(nowhere),
        ask.scan(["127.0.0.1"]),
        ask.inspect("127.0.0.1", 9, NOBODY, path="/"),
        ask.locate(Typed(host="127.0.0.1")),
    ):
        with pytest.raises(ErrandError) as caught:
            await errand
        assert caught.value.key == "worker_failed"


async def test_an_errand_that_cannot_be_started_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ask, "WORKER", ("/nonexistent/worker",))
    with pytest.raises(ErrandError) as caught:
        await ask.scan([])
    assert caught.value.key == "worker_failed"


async def test_an_errand_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acting(monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(ask, "SECONDS", 0.5)
    with pytest.raises(ErrandError) as caught:
        await ask.scan([])
    assert caught.value.key == "timeout"
    assert "time" in str(caught.value)


async def test_a_cancelled_errand_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    acting(monkeypatch, "import time; time.sleep(60)")
    before = children()
    task = asyncio.create_task(ask.scan([]))
    await until(lambda: len(children() - before) == 1, "the process runs")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() == before


async def test_an_errand_whose_listener_fails_leaves_no_process(clip: Path, cache: Path) -> None:
    def fail(_found: Found) -> None:
        raise RuntimeError("not taken")

    spec = CameraSpec(video=clip, name="Bridge scan three", password=PASSWORD)
    async with Simulator([spec], cache=cache, discovery=True):
        with pytest.raises(RuntimeError, match="not taken"):
            await ask.scan(["127.0.0.1"], seconds=30, on_found=fail)
