"""What happens to a device's other lenses while one waits for its login to be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custom_components.porchlight.onvif.errors import AuthenticationError
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import StreamDown

from .conftest import ENTRY_ID, later, make_entry
from .recorder import child_entry, recorder, recorder_data, set_up

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from .conftest import Device, FakeBridge

MASK = {
    "id": "m", "kind": "mask", "name": "Window", "stay": 0,
    "points": [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]],
}  # fmt: skip


def refused(bridge: FakeBridge, entry: MockConfigEntry) -> None:
    bridge.listener(StreamDown(camera_id=entry.entry_id, problem=StreamProblem.UNAUTHORIZED))


async def mask(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "areas": [MASK]})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def test_a_mask_is_used_at_once_while_another_lens_is_checked(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    bridge = bridges[0]
    bridge.up()
    before = bridge.cameras[ENTRY_ID]
    refused(bridge, both[1])
    await mask(hass, both[0])
    now = bridge.cameras[ENTRY_ID]
    assert len(now.settings.masks) == 1
    # The worker opens no stream because of that.
    assert (now.source, now.attempt) == (before.source, before.attempt)


async def test_a_mask_is_used_while_a_stream_plays_whose_login_is_refused_by_now(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    bridge = bridges[0]
    bridge.up()
    before = bridge.cameras[ENTRY_ID]
    device.report = ask.ErrandError(AuthenticationError.key)
    refused(bridge, both[1])
    await later(hass, 1)
    assert both[0].data["refused"]
    await mask(hass, both[0])
    now = bridge.cameras[ENTRY_ID]
    assert len(now.settings.masks) == 1
    assert (now.source, now.attempt) == (before.source, before.attempt)
    # A new worker opens no stream.
    bridge.begin()
    assert not bridge.cameras
    await mask(hass, both[0])
    assert not bridge.cameras


async def test_a_lens_that_is_set_up_while_another_is_checked_is_watched_afterwards(
    hass: HomeAssistant, bridges: list[FakeBridge], device: Device
) -> None:
    device.report = recorder(2)
    parent, child = make_entry(data=recorder_data(2)), child_entry()
    await set_up(hass, parent)
    refused(bridges[0], parent)
    child.add_to_hass(hass)
    assert await hass.config_entries.async_setup(child.entry_id)
    await later(hass, 1)
    assert child.entry_id not in bridges[0].cameras
    await later(hass, 60)
    assert child.entry_id in bridges[0].cameras


async def test_a_lens_waits_no_longer_when_the_one_that_is_checked_is_removed(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    refused(bridges[0], both[1])
    bridges[0].begin()
    assert not bridges[0].cameras
    await hass.config_entries.async_remove(both[1].entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert list(bridges[0].cameras) == [ENTRY_ID]
