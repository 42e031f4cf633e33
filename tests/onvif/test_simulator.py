from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from porchlight.onvif.client import inspect
from porchlight.onvif.discovery import scan
from porchlight.onvif.errors import AuthenticationError
from porchlight.onvif.values import CameraReport, Codec, Credentials, Service

from simulator.simulator import Simulator
from simulator.spec import CameraSpec, StreamSpec

from .acme import PASSWORD
from .clock import BUSY, Clock
from .test_discovery import LONG

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from porchlight.onvif.values import Found

    from simulator.camera import Camera

pytestmark = pytest.mark.usefixtures("socket_enabled")

MAIN = StreamSpec(width=640, height=480)
SUB = StreamSpec(width=320, height=240)


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of moving gray, so that the test needs no footage."""
    path = tmp_path_factory.mktemp("video") / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for number in range(10):
            picture = np.full((480, 640, 3), number * 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture
async def simulated(video: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Start a simulated camera with the given settings."""

    def start(*, discovery: bool = False, **habits: Any) -> AbstractAsyncContextManager[Simulator]:
        habits = {"name": "Porch", "password": PASSWORD, "main": MAIN, "sub": SUB} | habits
        spec = CameraSpec(video=video, **habits)
        cache = tmp_path_factory.getbasetemp() / "footage"
        return Simulator([spec], cache=cache, discovery=discovery)

    return start


async def read(camera: Camera, password: str = PASSWORD) -> CameraReport:
    credentials = Credentials(username=camera.spec.username, password=password)
    return await inspect("127.0.0.1", camera.addresses.port, credentials)


async def test_a_simulated_camera_is_read_with_a_nasty_password(simulated: Any) -> None:
    async with simulated() as simulator:
        (camera,) = simulator.cameras
        report = await read(camera)
        with pytest.raises(AuthenticationError):
            await read(camera, "p@ss/w:rd")
    assert report.unique_id == camera.spec.mac
    assert report.serial == camera.spec.serial
    assert (report.analyse.width, report.record.width) == (640, 640)
    assert report.has_media2
    assert report.has_events


@pytest.mark.parametrize("fault_status", [400, 401])
async def test_a_wrong_password_is_recognized_by_either_status(
    simulated: Any, fault_status: int
) -> None:
    async with simulated(fault_status=fault_status) as simulator:
        with pytest.raises(AuthenticationError):
            await read(simulator.cameras[0], "guess")


async def test_a_simulated_h265_only_camera_is_read(simulated: Any) -> None:
    habits = {
        "media1": False,
        "main": StreamSpec(codec="h265", width=640, height=480),
        "sub": StreamSpec(codec="h265", width=320, height=240),
    }
    async with simulated(**habits) as simulator:
        report = await read(simulator.cameras[0])
    assert {profile.codec for profile in report.profiles} == {Codec.H265}
    assert {profile.service for profile in report.profiles} == {Service.MEDIA2}


async def test_a_simulated_camera_without_the_second_media_service_is_read(simulated: Any) -> None:
    async with simulated(media2=False) as simulator:
        report = await read(simulator.cameras[0])
    assert not report.has_media2
    assert {profile.service for profile in report.profiles} == {Service.MEDIA}
    assert len(report.profiles) == 2


async def test_a_simulated_camera_behind_nat_with_a_wrong_clock_is_read(simulated: Any) -> None:
    habits = {"advertised_host": "192.168.1.1", "clock_offset": 3 * 86_400.0}
    async with simulated(**habits) as simulator:
        (camera,) = simulator.cameras
        report = await read(camera)
    assert report.clock_offset == pytest.approx(3 * 86_400, abs=BUSY)
    for profile in report.profiles:
        assert profile.uri.startswith(f"rtsp://127.0.0.1:{camera.addresses.rtsp_port}/")


async def test_a_simulated_camera_is_found_and_known_again_when_read(
    simulated: Any, clock: Clock
) -> None:
    async with simulated(discovery=True, name="Garden gate") as simulator:
        (camera,) = simulator.cameras
        ours: Any = None

        def note(found: Found) -> None:
            nonlocal ours
            if found.endpoint == camera.spec.uuid:
                ours = found
                # The search need not go on.
                clock.advance(LONG)

        await scan(["127.0.0.1"], seconds=LONG, on_found=note)
        report = await inspect(
            ours.host,
            ours.port,
            Credentials(username=camera.spec.username, password=PASSWORD),
            path=ours.path,
            endpoint=ours.endpoint,
        )
    assert ours.mac == report.mac == camera.spec.mac
    assert report.endpoint == camera.spec.uuid
