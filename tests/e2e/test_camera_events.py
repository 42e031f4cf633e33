"""A simulated camera's own events, through the real listening process, to Home Assistant."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.helpers import entity_registry as er

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.runtime.owner import DATA_OWNER
from simulator import CameraSpec, Simulator
from tests.ha.conftest import ENTRY_ID, MAC, entry_data, make_entry
from tests.worker.support import PASSWORD, PATIENCE, write_clip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from homeassistant.core import HomeAssistant

    from simulator import Camera

PERSON = "camera_person"


@pytest.fixture
async def porch(socket_enabled: None, tmp_path: Path) -> AsyncIterator[Camera]:
    clip = await asyncio.to_thread(write_clip, tmp_path / "clip.mp4", 2)
    spec = CameraSpec(video=clip, name="Events", password=PASSWORD, events="person+doorbell")
    async with Simulator([spec], cache=tmp_path, discovery=False) as simulator:
        camera = simulator.cameras[0]
        camera.publish_event("person", "false")
        yield camera


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the outside world has no event
            await asyncio.sleep(0.05)


async def add(hass: HomeAssistant, camera: Camera) -> str:
    """Add the camera with an entity of its events enabled; returns the entity's id."""
    address = {"host": camera.host, "port": camera.port}
    login = {"username": camera.spec.username, "password": PASSWORD}
    entry = make_entry(data=entry_data(**address, **login))
    entry.add_to_hass(hass)
    found = er.async_get(hass).async_get_or_create(
        "binary_sensor", DOMAIN, f"{MAC}_{PERSON}", config_entry=entry
    )
    assert await hass.config_entries.async_setup(ENTRY_ID)
    return found.entity_id


@pytest.mark.parametrize("how", ["unload", "remove", "stop"])
async def test_events_arrive_and_no_subscription_is_left_behind(
    house: HomeAssistant, no_worker: None, porch: Camera, how: str
) -> None:
    hass = house
    person = await add(hass, porch)

    def state() -> str:
        found = hass.states.get(person)
        return found.state if found else "missing"

    await until(lambda: state() == "off")
    porch.publish_event("person")
    await until(lambda: state() == "on")
    assert porch.state().subscriptions == 1
    pid = hass.data[DATA_OWNER]._listener.bridge.pid
    assert pid is not None
    if how == "unload":
        await hass.config_entries.async_unload(ENTRY_ID)
    elif how == "remove":
        await hass.config_entries.async_remove(ENTRY_ID)
    else:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
        await hass.async_block_till_done()
        # Home Assistant waits for the goodbyes.
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert porch.state().subscriptions == 0
    await until(lambda: porch.state().subscriptions == 0)
    await hass.async_block_till_done()
    assert porch.state().event_requests["unsubscribe"] == 1


async def test_a_killed_process_is_back_and_no_state_is_taken_for_granted(
    house: HomeAssistant, no_worker: None, porch: Camera
) -> None:
    hass = house
    person = await add(hass, porch)

    def state() -> str:
        found = hass.states.get(person)
        return found.state if found else "missing"

    await until(lambda: state() == "off")
    bridge = hass.data[DATA_OWNER]._listener.bridge
    pid = bridge.pid
    assert pid is not None
    porch.mute_events(on=True)
    os.kill(pid, 9)
    await until(lambda: state() == "unavailable")
    await until(lambda: state() == "unknown")
    assert bridge.pid not in {None, pid}
    porch.mute_events(on=False)
    porch.publish_event("person")
    await until(lambda: state() == "on")
