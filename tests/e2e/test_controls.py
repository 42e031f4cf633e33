"""A simulated camera is turned and restarted from Home Assistant, through real errands."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from custom_components.porchlight.const import CONF_PRESETS, CONF_REFUSED, DOMAIN
from custom_components.porchlight.onvif.values import Credentials
from custom_components.porchlight.runtime import ask
from simulator import CameraSpec, Simulator
from tests.ha.conftest import ENTRY_ID, MAC, entry_data, make_entry
from tests.worker.support import PASSWORD, write_clip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from simulator import Camera

SELECT = "select.front_door_ptz_preset"


@pytest.fixture
async def dome(socket_enabled: None, tmp_path: Path) -> AsyncIterator[Camera]:
    clip = await asyncio.to_thread(write_clip, tmp_path / "clip.mp4", 2)
    spec = CameraSpec(video=clip, name="Dome", password=PASSWORD, ptz=True, presets="Gate++Drive")
    async with Simulator([spec], cache=tmp_path, discovery=False) as simulator:
        yield simulator.cameras[0]


async def add(hass: HomeAssistant, camera: Camera, password: str = PASSWORD) -> ConfigEntry:
    """Add the camera as its inspection describes it, with its restart enabled."""
    login = Credentials(username=camera.spec.username, password=PASSWORD)
    report = await ask.inspect(camera.host, camera.port, login, path="/onvif/device_service")
    assert report.presets is not None
    entry = make_entry(
        data=entry_data(
            host=camera.host,
            port=camera.port,
            username=camera.spec.username,
            password=password,
            stream=report.analyse.uri,
            live_stream=report.record.uri,
            profiles=[asdict(profile) for profile in report.profiles],
            **{CONF_PRESETS: [asdict(preset) for preset in report.presets]},
        )
    )
    entry.add_to_hass(hass)
    er.async_get(hass).async_get_or_create(
        "button", DOMAIN, f"{MAC}_restart", config_entry=entry, suggested_object_id="restart"
    )
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    return entry


async def restart(hass: HomeAssistant) -> None:
    target = {ATTR_ENTITY_ID: "button.restart"}
    await hass.services.async_call("button", "press", target, blocking=True)


async def turn(hass: HomeAssistant, option: str) -> None:
    target = {ATTR_ENTITY_ID: SELECT, "option": option}
    await hass.services.async_call("select", "select_option", target, blocking=True)


async def test_a_camera_is_turned_and_restarted(
    house: HomeAssistant, no_worker: None, dome: Camera
) -> None:
    await add(house, dome)
    found = house.states.get(SELECT)
    assert found is not None
    assert found.attributes["options"] == ["Gate", "2", "Drive"]
    await turn(house, "Drive")
    await turn(house, "2")
    assert dome.state().presets_gone_to == ["3", "2"]
    found = house.states.get(SELECT)
    assert found is not None
    assert found.state == "2"
    await restart(house)
    dome.set_control_faults(hang_up=True)
    await restart(house)
    assert dome.state().reboots == 2
    assert dome.state().refused_calls == 0


async def test_a_wrong_password_is_one_failed_login_however_often_it_is_tried(
    house: HomeAssistant, no_worker: None, dome: Camera
) -> None:
    entry = await add(house, dome, "wrong")
    for _ in range(2):
        for control in (restart(house), turn(house, "Gate")):
            with pytest.raises(HomeAssistantError) as caught:
                await control
            assert caught.value.translation_key == "login_refused"
    state = dome.state()
    assert (state.reboots, state.presets_gone_to, state.refused_calls) == (0, [], 1)
    assert entry.data[CONF_REFUSED] is True


async def test_a_user_without_the_right_keeps_the_login(
    house: HomeAssistant, no_worker: None, dome: Camera
) -> None:
    entry = await add(house, dome)
    dome.set_control_faults(refuse=True)
    for control in (restart(house), turn(house, "Gate")):
        with pytest.raises(HomeAssistantError) as caught:
            await control
        assert caught.value.translation_key == "forbidden"
    assert CONF_REFUSED not in entry.data
    assert dome.state().refused_calls == 0
