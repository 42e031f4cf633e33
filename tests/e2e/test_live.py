"""Live view by Home Assistant's own stream, with the real worker."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.components.stream import HLS_PROVIDER
from homeassistant.setup import async_setup_component

from custom_components.porchlight.runtime.owner import DATA_OWNER

from .test_line import PATIENCE, add, cameras, state, until

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from simulator import Simulator

__all__ = ["cameras"]

CAMERA = "camera.porch"


@pytest.mark.parametrize("plays", [True, False])
async def test_live_view_outlives_a_worker_that_is_killed_and_ends_when_it_is_left(
    house: HomeAssistant, cameras: Simulator, plays: bool
) -> None:
    hass = house
    assert await async_setup_component(hass, "stream", {})
    porch, *_ = cameras.cameras
    await add(hass, porch.host)
    await until(lambda: state(hass, CAMERA) == "streaming", PATIENCE)
    entity = get_camera_from_entity_id(hass, CAMERA)
    stream = await entity.async_create_stream()
    assert stream is not None
    shown = stream.add_provider(HLS_PROVIDER, timeout=int(PATIENCE))
    if plays:
        await stream.start()
        await until(lambda: shown.last_sequence > 0, PATIENCE)
    bridge, source = hass.data[DATA_OWNER].bridge, stream.source
    os.kill(bridge.pid, signal.SIGKILL)
    await until(lambda: stream.source != source, PATIENCE)
    before = shown.last_sequence
    if not plays:
        await stream.start()
    await until(lambda: shown.last_sequence > before + 1, PATIENCE)
    assert stream.outputs() == {HLS_PROVIDER: shown}
    async with asyncio.timeout(PATIENCE):
        await stream.remove_provider(shown)
    await until(lambda: porch.state().main_clients == 0, PATIENCE)
