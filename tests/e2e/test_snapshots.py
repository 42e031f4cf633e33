"""A simulated camera's own picture becomes Home Assistant's still, through real errands."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from homeassistant.components.camera import async_get_image
from PIL import Image

from custom_components.porchlight.const import CONF_REFUSED
from custom_components.porchlight.onvif.values import Credentials
from custom_components.porchlight.runtime import ask, snapshots
from custom_components.porchlight.worker.messages import StreamUp
from simulator import CameraSpec, Simulator
from simulator.spec import StreamSpec
from tests.ha.conftest import ENTRY_ID, entry_data, make_entry
from tests.worker.support import HEIGHT, PASSWORD, PATIENCE, WIDTH, write_clip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from simulator import Camera

CAMERA = "camera.front_door"
SUB = (160, 120)
LEFT_HALF = {
    "id": "m", "kind": "mask", "name": "Window", "stay": 0,
    "points": [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]],
}  # fmt: skip


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes long to start a process."""
    monkeypatch.setattr(snapshots, "SECONDS", PATIENCE)


@pytest.fixture
async def porch(socket_enabled: None, tmp_path: Path) -> AsyncIterator[Camera]:
    clip = await asyncio.to_thread(write_clip, tmp_path / "clip.mp4", 2)
    sub = StreamSpec(width=SUB[0], height=SUB[1])
    spec = CameraSpec(video=clip, name="Snapshots", password=PASSWORD, sub=sub)
    async with Simulator([spec], cache=tmp_path, discovery=False) as simulator:
        yield simulator.cameras[0]


async def add(
    hass: HomeAssistant, camera: Camera, password: str = PASSWORD, **options: Any
) -> ConfigEntry:
    """Add the camera as its inspection describes it, and have its small stream play."""
    login = Credentials(username=camera.spec.username, password=PASSWORD)
    report = await ask.inspect(camera.host, camera.port, login, path="/onvif/device_service")
    sub, main = sorted(report.profiles, key=lambda profile: profile.width)
    entry = make_entry(
        data=entry_data(
            host=camera.host,
            port=camera.port,
            username=camera.spec.username,
            password=password,
            stream=sub.uri,
            live_stream=main.uri,
            profiles=[asdict(profile) for profile in report.profiles],
        ),
        options=options,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    up = StreamUp(camera_id=ENTRY_ID, codec="h264", width=SUB[0], height=SUB[1])
    entry.runtime_data.async_hear(up)
    return entry


async def still(hass: HomeAssistant) -> bytes:
    return (await async_get_image(hass, CAMERA, timeout=int(PATIENCE))).content


async def test_the_larger_picture_is_served_and_its_masks_are_black(
    house: HomeAssistant, no_worker: None, porch: Camera
) -> None:
    await add(house, porch, areas=[LEFT_HALF])
    shown = np.asarray(Image.open(BytesIO(await still(house))))
    assert shown.shape == (HEIGHT, WIDTH, 3)
    middle, seam = WIDTH // 2, 16
    assert shown[:, : middle - seam].max() <= 2
    # The clip is gray everywhere.
    assert shown[:, middle + seam :].min() > 20
    assert (porch.state().snapshots, porch.state().refused_snapshots) == (1, 0)


async def test_a_wrong_password_is_one_failed_login(
    house: HomeAssistant, no_worker: None, porch: Camera
) -> None:
    entry = await add(house, porch, "wrong")
    assert [await still(house) for _ in range(3)] == [b"frame"] * 3
    assert (porch.state().snapshots, porch.state().refused_snapshots) == (0, 1)
    assert CONF_REFUSED not in entry.data


async def test_a_camera_that_hangs_is_not_waited_for(
    house: HomeAssistant, no_worker: None, porch: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(house, porch)
    porch.silence_onvif(on=True)
    monkeypatch.setattr(snapshots, "SECONDS", 1.0)
    assert await still(house) == b"frame"
    assert await still(house) == b"frame"
    assert porch.state().snapshots == 0
