"""A lens that its device no longer lists: it is not taken for another one."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import StreamDown

from .conftest import ENTRY_ID, later, make_entry, profile, report
from .recorder import channel, recorder

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from .conftest import Device, FakeBridge


async def recoveries(
    hass: HomeAssistant, bridge: FakeBridge, camera_id: str, device: Device
) -> None:
    """The stream stays away, and the device is asked several times."""
    bridge.listener(StreamDown(camera_id=camera_id, problem=StreamProblem.NOT_FOUND))
    before = device.asked
    for hours in range(1, 6):
        await later(hass, 3600 * hours)
    assert device.asked >= before + 3


async def test_a_channel_that_vanishes_never_shows_another_one_and_comes_back(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    child = both[1]
    device.report = recorder(1)
    device.broken = {"sub_2": "not_found", "main_2": "not_found"}
    await recoveries(hass, bridges[0], child.entry_id, device)
    assert bridges[0].cameras[child.entry_id].source.url.endswith("/sub_2")
    assert child.data["live_stream"].endswith("/main_2")
    # It has other addresses now.
    main, sub = channel(2)
    back = [replace(one, uri=f"{one.uri}_new") for one in (main, sub)]
    device.report = recorder(1, profiles=(*channel(1), *back))
    await later(hass, 24 * 3600)
    assert bridges[0].cameras[child.entry_id].source.url.endswith("/sub_2_new")
    assert child.data["live_stream"].endswith("/main_2_new")


async def test_the_only_lens_of_a_camera_may_be_renamed(
    hass: HomeAssistant, bridges: list[FakeBridge], device: Device
) -> None:
    entry = make_entry()
    entry.add_to_hass(hass)
    known = [asdict(profile("sub", source="old", view="old"))]
    hass.config_entries.async_update_entry(entry, data={**entry.data, "profiles": known})
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    renamed = profile("stream1", source="new", view="new")
    device.report = report(profiles=(renamed,), analyse=renamed, record=renamed)
    await recoveries(hass, bridges[0], ENTRY_ID, device)
    assert bridges[0].cameras[ENTRY_ID].source.url == renamed.uri
