from __future__ import annotations

import pytest
from porchlight.onvif.client import inspect
from porchlight.onvif.errors import NoVideoError
from porchlight.onvif.identity import normalise_serial
from porchlight.onvif.values import CameraReport, Credentials, Profile

from .expected import CAMERAS, PAGE, Expected, page
from .replay import RECORDINGS, Replay, cameras

pytestmark = pytest.mark.usefixtures("socket_enabled")

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(),
    reason="the recordings aren't part of the project; PORCHLIGHT_ASSETS says where they are",
)
LOGIN = Credentials(username="viewer", password="any")


def described(profile: Profile) -> str:
    size = f"{profile.width}x{profile.height}@{profile.fps:g}"
    return f"{profile.token} {profile.codec} {size} {profile.service}"


def known_by(report: CameraReport) -> str:
    if report.unique_id is None:
        return "serial number" if normalise_serial(report.serial) else "address"
    return "MAC" if report.unique_id == report.mac else "endpoint"


@needs_recordings
def test_every_recorded_camera_has_an_expectation() -> None:
    assert [path.name for path in cameras()] == [camera.folder for camera in CAMERAS]


def test_the_page_about_cameras_matches_the_expectations() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@needs_recordings
@pytest.mark.parametrize(
    "camera", [each for each in CAMERAS if not each.reason], ids=lambda each: each.folder
)
async def test_a_recorded_camera_is_read_as_expected(camera: Expected) -> None:
    async with Replay(RECORDINGS / camera.folder) as replay:
        report = await inspect(replay.host, replay.port, LOGIN)
    assert report.manufacturer == camera.manufacturer
    assert report.model == camera.model
    assert known_by(report) == camera.known_by
    assert len(report.profiles) == camera.profiles
    assert described(report.analyse) == camera.analysed
    assert described(report.record) == camera.recorded
    for profile in report.profiles:
        assert profile.uri.startswith("rtsp://127.0.0.1")


@needs_recordings
@pytest.mark.parametrize(
    "camera", [each for each in CAMERAS if each.reason], ids=lambda each: each.folder
)
async def test_a_recorded_camera_without_a_stream_is_refused_with_a_reason(
    camera: Expected,
) -> None:
    async with Replay(RECORDINGS / camera.folder) as replay:
        with pytest.raises(NoVideoError) as caught:
            await inspect(replay.host, replay.port, LOGIN)
        assert [operation for _namespace, operation in replay.asked].count("GetProfiles") >= 1
    assert caught.value.reason == camera.reason
