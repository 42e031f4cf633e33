"""What would be done with a real camera, done with a simulated one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.onvif.values import Credentials, Typed

from simulator import CameraSpec, Simulator, StreamSpec
from tests.worker.support import PASSWORD, write_clip

from .examination import Examination, examine, redacted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simulator import Camera

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[Camera]:
    clip = write_clip(tmp_path / "clip.mp4")
    streams = {name: StreamSpec(width=320, height=240, fps=15) for name in ("main", "sub")}
    spec = CameraSpec(
        video=clip, name="Somewhere", password=PASSWORD, main=streams["main"], sub=streams["sub"]
    )
    async with Simulator([spec], cache=tmp_path / "cache", discovery=False) as simulator:
        yield simulator.cameras[0]


async def look(camera: Camera, password: str = PASSWORD) -> tuple[Examination, dict[str, Any]]:
    spec = camera.spec
    login = Credentials(username=spec.username, password=password)
    typed = Typed(host=camera.host, port=camera.port)
    found = await examine(typed, login, model=None, seconds=1.0)
    secrets = (camera.host, spec.username, password, spec.serial)
    return found, redacted(found, secrets)


async def test_a_camera_is_examined_and_nothing_private_is_written_down(camera: Camera) -> None:
    found, written = await look(camera)
    assert not found.failed
    facts = written["facts"]
    assert facts["camera"]["model"] == camera.spec.model
    assert {one["codec"] for one in facts["camera"]["profiles"]} == {"h264"}
    assert facts["streams"][facts["camera"]["analyzed"]]["size"] == "320x240"
    assert facts["watching"]["outages"] == []
    assert facts["events"]["subscriptions"] == 1
    assert facts["events"]["heard"]["motion"] > 0
    text = json.dumps(written, ensure_ascii=False).lower()
    for private in (PASSWORD, camera.host, camera.spec.mac, camera.spec.serial):
        assert private.lower() not in text
    assert camera.state().refused_logins == 0


async def test_after_a_wrong_login_no_stream_is_tried(camera: Camera) -> None:
    found, _ = await look(camera, "wrong-password")
    assert found.failed == {"set-up": "invalid_auth"}
    assert set(found.facts) == {"machine", "found"}
    assert camera.state().refused_logins == 0


async def test_a_stream_that_cannot_be_played_is_written_down(camera: Camera) -> None:
    camera.refuse_rtsp(503)
    found, _ = await look(camera)
    assert len(found.failed) == 3
    assert found.failed.pop("watching")
    assert all("too_many_viewers" in reason for reason in found.failed.values())


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://10.1.2.3/live",
        "A4:14:37:01:02:03",
        "at 192.168.1.7:554",
        "password=Geheim1",
        "GEHEIM1",
    ],
)
def test_what_looks_private_is_redacted_wherever_it_is(text: str) -> None:
    found = Examination(facts={"a": [{"b": text}]}, failed={"c": text})
    written = json.dumps(redacted(found, ["geheim1", "", None, "ab"]))
    for private in ("10.1.2.3", "192.168.1.7", "A4:14", "eheim1", "EHEIM1"):
        assert private not in written
