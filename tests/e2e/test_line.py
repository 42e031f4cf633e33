"""The whole line: simulated or third-party camera, RTSP, real model, worker, Home Assistant."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import sys
from fractions import Fraction
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import av
import pytest
from av.video.frame import PictureType
from homeassistant.config_entries import SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.runtime.entries import camera_entries
from custom_components.porchlight.runtime.owner import DATA_OWNER
from simulator import CameraSpec, Simulator, StreamSpec
from tests.footage import CAR_PARK, HALLWAY, HALLWAY_WALKS, PORCH

from .conftest import CACHE, footage, record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from homeassistant.core import HomeAssistant

USER, PASSWORD = "viewer", "p@ss/w:rd #?%é"
GSTREAMER = Path(__file__).parent / "gst_server.py"
# Seconds to wait for what must come: a busy machine is slow, and waiting costs a passing test
# nothing. How soon an arrival is reported is the benchmark's business.
PATIENCE = 300.0
# Pictures a second, and seconds without anybody, of what a server plays that no test can stop: far
# more than a departure takes.
FPS, PAUSE = 10, 20
# Key frames often enough to begin where the footage is empty.
CUES = StreamSpec(gop=0.5)


def spec(video: str, name: str, number: int, **changes: Any) -> CameraSpec:
    return CameraSpec(
        video=footage(video),
        name=name,
        model=f"SIM-{number}",
        uuid=str(uuid4()),
        mac=f"02:00:00:00:{os.getpid() % 256:02x}:{number:02x}",
        # Another run of these tests on this machine has other cameras.
        host=f"127.{os.getpid() % 200 + 20}.77.{number}",
        username=USER,
        password=PASSWORD,
        **changes,
    )


@pytest.fixture
async def cameras(socket_enabled: None) -> AsyncIterator[Simulator]:
    """The porch in H.265, the hallway, and the car park that H.265 alone serves."""
    specs = [
        spec(PORCH, "Porch", 1, sub=StreamSpec(codec="h265", width=640, height=360)),
        spec(HALLWAY, "Hallway", 2, main=CUES, sub=CUES),
        spec(
            CAR_PARK,
            "Car park",
            3,
            main=StreamSpec(codec="h265"),
            sub=StreamSpec(codec="h265"),
            media1=False,
            fault_status=401,
        ),
    ]
    async with Simulator(specs, cache=CACHE, discovery=True) as simulator:
        yield simulator


async def step(hass: HomeAssistant, result: Any, data: dict[str, Any] | None = None) -> Any:
    """Take one step of a flow and wait until it asks something."""
    flow = hass.config_entries.flow
    if data is not None:
        result = await flow.async_configure(result["flow_id"], data)
    while result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
        await asyncio.sleep(0.1)
        result = await flow.async_configure(result["flow_id"])
    return result


async def add(hass: HomeAssistant, host: str) -> None:
    """Add a camera through the real flow: search, pick, log in wrongly, log in, confirm."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await step(hass, result)
    (selector,) = result["data_schema"].schema.values()
    choices = {option["label"]: option["value"] for option in selector.config["options"]}
    choice = next(value for label, value in choices.items() if host in label)
    result = await step(hass, result, {"camera": choice})
    address = choice.removeprefix("http://").partition("/")[0]
    login = {"address": address, "username": USER}
    result = await step(hass, result, {**login, "password": "wrong"})
    assert result["errors"] == {"base": "invalid_auth"}
    result = await step(hass, result, {**login, "password": PASSWORD})
    assert result["step_id"] == "confirm", result["errors"]
    suggested = next(
        key.description["suggested_value"] for key in result["data_schema"].schema if key == "name"
    )
    result = await step(hass, result, {"name": suggested, "pictures": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def until(condition: Any, seconds: float) -> None:
    """Wait for the outside world, which has no event to wait for."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.1)


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else "missing"


async def test_arrivals_and_departures_are_reported_when_they_happen(
    house: HomeAssistant, cameras: Simulator
) -> None:
    hass = house
    for camera in cameras.cameras:
        await add(hass, camera.host)
    await until(lambda: state(hass, "binary_sensor.car_park_person") == "off", PATIENCE)
    await until(lambda: state(hass, "binary_sensor.hallway_person") in ("on", "off"), PATIENCE)

    _, hallway, _ = cameras.cameras
    before, first, second, third, *_ = HALLWAY_WALKS[1:]

    def empty() -> bool:
        # Until it is seen that no one is there, the footage stays between two people.
        if not before.gone < hallway.position < first.visible - 1:
            assert hallway.seek(before.gone + 1) > before.gone
        return state(hass, "binary_sensor.hallway_person") == "off"

    await until(empty, PATIENCE)
    reported = record(hass, "event.hallway_person", lambda: hallway.position)
    car_park = record(hass, "event.car_park_person", lambda: 0.0)
    # While a departure is awaited, nobody else comes: a busy machine takes longer than the footage.
    nobody = {1: (first.gone, second.visible), 3: (second.gone, third.visible)}

    def all_reported() -> bool:
        gone, visible = nobody.get(len(reported), (0.0, math.inf))
        if hallway.position > visible - 0.5:
            hallway.seek(gone + 1)
        return len(reported) >= 4

    await until(all_reported, PATIENCE)
    expected = [
        ("person_arrived", first.visible, first.gone),
        ("person_left", first.gone, second.gone),
        ("person_arrived", second.visible, second.gone),
        ("person_left", second.gone, third.gone),
    ]
    assert [kind for kind, _ in reported] == [kind for kind, _, _ in expected]
    for (kind, at), (_, earliest, latest) in zip(reported, expected, strict=True):
        assert earliest <= at <= latest, (kind, at, earliest)
    assert car_park == []
    assert state(hass, "binary_sensor.car_park_person") == "off"
    assert state(hass, "sensor.hallway_people") == "0"

    picture = hass.states.get("image.hallway_last_person")
    assert picture is not None
    assert picture.state != "unknown"
    still = await hass.data[DATA_OWNER].bridge.still(camera_entries(hass)[1].entry_id)
    assert still is not None
    assert still.startswith(b"\xff\xd8")


async def test_a_camera_that_drops_and_a_worker_that_dies_come_back(
    house: HomeAssistant, cameras: Simulator
) -> None:
    hass = house
    porch, *_ = cameras.cameras
    await add(hass, porch.host)
    stream = "binary_sensor.porch_stream"
    await until(lambda: state(hass, stream) == "on", PATIENCE)

    await porch.go_offline()
    await until(lambda: state(hass, stream) == "off", PATIENCE)
    assert state(hass, "binary_sensor.porch_person") == "unavailable"
    await porch.go_online()
    await until(lambda: state(hass, stream) == "on", PATIENCE)

    bridge = hass.data[DATA_OWNER].bridge
    pid = bridge.pid
    assert pid is not None
    os.kill(pid, 9)
    await until(lambda: state(hass, stream) == "off", PATIENCE)
    await until(lambda: state(hass, stream) == "on", PATIENCE)
    assert bridge.pid not in (pid, None)


def with_a_pause(path: Path) -> Path:
    """The hallway's first two people, and nobody for a while between them."""
    first, second, *_ = HALLWAY_WALKS
    empty = round((first.gone + second.visible) / 2 * FPS)
    taken = number = 0
    with av.open(str(footage(HALLWAY))) as source, av.open(str(path), "w") as result:
        stream = result.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": str(FPS)}
        for one in source.decode(video=0):
            if one.time > second.gone:
                break
            if one.time * FPS < taken:
                continue
            picture = one.reformat(width=640, height=360, format="yuv420p")
            for _ in range(PAUSE * FPS if taken == empty else 1):
                picture.pts, picture.time_base = number, Fraction(1, FPS)
                picture.pict_type = PictureType.NONE
                result.mux(stream.encode(picture))
                number += 1
            taken += 1
        result.mux(stream.encode(None))
    return path


@pytest.fixture
async def third_party(socket_enabled: None, tmp_path: Path) -> AsyncIterator[int]:
    """A GStreamer RTSP server with the hallway; its port."""
    video = await asyncio.to_thread(with_a_pause, tmp_path / "hallway.mp4")
    python = shutil.which("python3", path="/usr/bin") or sys.executable
    server = await asyncio.create_subprocess_exec(
        python,
        str(GSTREAMER),
        str(video),
        USER,
        PASSWORD,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    line = await server.stdout.readline()
    if not line:
        if os.environ.get("CI"):
            pytest.fail("GStreamer's RTSP server is not installed, and CI wants it")
        pytest.skip("GStreamer's RTSP server is not installed")
    yield int(line)
    server.terminate()
    await server.wait()


async def test_it_works_with_an_rtsp_server_that_is_not_ours_and_the_other_engine(
    hass_storage: dict[str, Any], house: HomeAssistant, third_party: int
) -> None:
    hass = house
    hass_storage["porchlight.detector"] = {
        "version": 1,
        "data": {"model": "auto", "file": None, "engine": "ncnn"},
    }
    uri = f"rtsp://127.0.0.1:{third_party}/camera"
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Hallway",
        unique_id="gstreamer",
        data={
            "host": "127.0.0.1",
            "port": 80,
            "ssl": False,
            "onvif_path": "/",
            "username": USER,
            "password": PASSWORD,
            "endpoint": None,
            "mac": None,
            "manufacturer": "GStreamer",
            "model": "",
            "firmware": "",
            "serial": "",
            "stream": uri,
            "live_stream": uri,
        },
    )
    entry.add_to_hass(hass)
    began: list[float] = []
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: state(hass, "binary_sensor.hallway_stream") == "on", PATIENCE)
    began.append(monotonic())
    reported = record(hass, "event.hallway_person", lambda: monotonic() - began[0])
    await until(lambda: len(reported) >= 3, PATIENCE)
    assert state(hass, "sensor.detector_engine").startswith("ncnn ")
    first, second, *_ = HALLWAY_WALKS
    assert [kind for kind, _ in reported] == ["person_arrived", "person_left", "person_arrived"]
    # The server starts the footage when we connect, some time before the first picture is reported.
    latest = (first.gone, second.gone + PAUSE, second.gone + PAUSE)
    assert all(at <= limit for (_, at), limit in zip(reported, latest, strict=True))
