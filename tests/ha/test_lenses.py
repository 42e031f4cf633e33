"""A recorder's channels and further lenses: offered after the first one, and gone with it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.onvif.errors import AuthenticationError
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.entries import camera_entries
from custom_components.porchlight.runtime.lenses import Lens
from custom_components.porchlight.runtime.owner import DATA_OWNER
from custom_components.porchlight.runtime.recovery import FIRST_WAIT
from custom_components.porchlight.runtime.search import MAX_OFFERS, async_search
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import Link, StreamDown

from .adding import FOUND, OTHER, Errands, answer
from .conftest import ENTRY_ID, MAC, entry_data, later, make_entry, profile
from .recorder import channel, child_entry, recorder, recorder_data, set_up

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from .conftest import Device, FakeBridge

CHILD_ID = f"{MAC}/source2/view2"


def offers(hass: HomeAssistant) -> dict[str, str]:
    """The flows of lenses that are offered, by what they are called."""
    return {
        flow["context"]["title_placeholders"]["name"]: flow["flow_id"]
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    }


async def chosen(hass: HomeAssistant, name: str) -> ConfigFlowResult:
    """The user selects a lens that is offered."""
    flow_id = offers(hass)[name]
    result = await hass.config_entries.flow.async_configure(flow_id)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "lens")
    return result


@pytest.fixture
async def first(hass: HomeAssistant, world: Errands) -> MockConfigEntry:
    """A recorder whose first channel is set up."""
    world.report = recorder()
    entry = make_entry(data=recorder_data())
    await set_up(hass, entry)
    return entry


async def test_further_lenses_are_offered_and_added_with_the_login_of_the_first(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    assert sorted(offers(hass)) == ["Front door 2", "Front door 3"]
    # Nothing is asked before the user wants it.
    assert not world.inspected
    result = await answer(hass, await chosen(hass, "Front door 2"))
    assert result["step_id"] == "confirm"
    assert {source.url.rpartition("/")[2] for source in world.opened} == {"sub_2", "main_2"}
    assert {source.credentials.password for source in world.opened} == {first.data["password"]}
    result = await answer(hass, result, name="Garden", pictures=False)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    added = result["result"]
    assert (added.title, added.unique_id) == ("Garden", CHILD_ID)
    assert added.data["parent"] == ENTRY_ID
    assert added.data["stream"].endswith("/sub_2")
    assert added.data["live_stream"].endswith("/main_2")
    assert added.options == {"pictures": False}
    await hass.async_block_till_done()
    assert added.state is ConfigEntryState.LOADED
    assert list(offers(hass)) == ["Front door 3"]


async def test_a_lens_is_a_device_behind_the_first_one(
    hass: HomeAssistant,
    both: tuple[MockConfigEntry, MockConfigEntry],
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    devices = [
        *(
            one
            for entry in both
            for one in dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        )
    ]
    (one, other) = devices
    assert (one.name, other.name) == ("Front door", "Channel 2")
    assert (one.via_device_id, other.via_device_id) == (None, one.id)
    assert other.serial_number == one.serial_number
    # The address on the network is the recorder's.
    assert (len(one.connections), len(other.connections)) == (1, 0)
    kinds = [
        {
            entity.unique_id.removeprefix(f"{entry.unique_id}_")
            for entity in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        }
        for entry in both
    ]
    # Inputs and a restart are the recorder's own.
    assert kinds[1] == kinds[0] - {"camera_inputs", "restart"}


async def test_its_device_is_there_also_if_the_first_one_is_set_up_later(
    hass: HomeAssistant, bridges: list[FakeBridge], device_registry: dr.DeviceRegistry
) -> None:
    parent, child = make_entry(data=recorder_data(2)), child_entry()
    parent.add_to_hass(hass)
    child.add_to_hass(hass)
    with pytest.MonkeyPatch.context() as patched:
        # As if the first one took longer to start.
        patched.setattr(parent, "disabled_by", ConfigEntryDisabler.USER)
        assert await hass.config_entries.async_setup(child.entry_id)
        await hass.async_block_till_done()
    (device,) = dr.async_entries_for_config_entry(device_registry, child.entry_id)
    (above,) = dr.async_entries_for_config_entry(device_registry, parent.entry_id)
    assert device.via_device_id == above.id
    assert await hass.config_entries.async_setup(parent.entry_id)
    await hass.async_block_till_done()
    (now,) = dr.async_entries_for_config_entry(device_registry, parent.entry_id)
    assert (now.id, now.model) == (above.id, "Eye 3")


async def test_views_of_one_lens_are_offered_and_profiles_without_a_picture_are_not(
    hass: HomeAssistant, world: Errands
) -> None:
    profiles = [
        *channel(1),
        profile("quad", source="source1", view="quad"),
        profile("sound", source="source2", view="sound", codec="other", width=0, height=0),
        profile("silent", source="source3", view="silent", uri=""),
    ]
    data = entry_data(profiles=[asdict(one) for one in profiles])
    await set_up(hass, make_entry(data=data))
    assert list(offers(hass)) == ["Front door 2"]


@pytest.mark.parametrize("profiles", [[], None])
async def test_a_camera_that_was_added_long_ago_has_no_further_lens(
    hass: HomeAssistant, world: Errands, profiles: list[Any] | None
) -> None:
    data = entry_data(profiles=profiles)
    if profiles is None:
        del data["profiles"]
    await set_up(hass, make_entry(data=data))
    assert not offers(hass)


async def test_a_lens_that_the_user_ignores_is_not_offered_again(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": CHILD_ID, "title": "Front door 2"},
    )
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert list(offers(hass)) == ["Front door 3"]


async def test_offers_of_a_large_recorder_are_capped_and_crowd_out_no_other_camera(
    hass: HomeAssistant, world: Errands
) -> None:
    await set_up(hass, make_entry(data=recorder_data(64)))
    assert len(offers(hass)) == MAX_OFFERS
    world.found = [OTHER]
    await async_search(hass)
    await hass.async_block_till_done()
    assert len(hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == MAX_OFFERS + 1


async def test_a_channel_that_appears_later_is_offered(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    data = {**first.data, "profiles": recorder_data(4)["profiles"]}
    hass.config_entries.async_update_entry(first, data=data)
    await later(hass, 16 * 60)
    assert sorted(offers(hass)) == ["Front door 2", "Front door 3", "Front door 4"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mac": "a4:14:37:99:99:99", "endpoint": None, "serial": "X"}, "another_camera"),
        ({"profiles": tuple(channel(1))}, "no_lens"),
    ],
)
async def test_a_device_that_has_changed_meanwhile_gets_no_wrong_camera(
    hass: HomeAssistant,
    world: Errands,
    first: MockConfigEntry,
    changes: dict[str, Any],
    reason: str,
) -> None:
    world.report = recorder(**changes)
    result = await answer(hass, await chosen(hass, "Front door 2"))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)
    assert len(camera_entries(hass)) == 1


async def test_a_stream_that_fails_is_shown_and_may_be_tried_again(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    world.frames["sub_2"] = world.frames["main_2"] = ask.ErrandError("not_found")
    result = await answer(hass, await chosen(hass, "Front door 2"))
    assert (result["step_id"], result["errors"]) == ("lens", {"base": "not_found"})
    world.frames.clear()
    result = await answer(hass, result)
    assert result["step_id"] == "confirm"


async def test_a_refused_login_is_sent_once_and_asked_for_at_the_first_lens(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    world.report = ask.ErrandError(AuthenticationError.key)
    result = await answer(hass, await chosen(hass, "Front door 2"))
    assert result["errors"] == {"base": "parent_login"}
    asked = len(world.inspected)
    result = await answer(hass, result)
    result = await answer(hass, result)
    assert result["errors"] == {"base": "parent_login"}
    assert len(world.inspected) == asked == 1
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [one["context"]["entry_id"] for one in flows if "entry_id" in one["context"]] == [
        ENTRY_ID
    ]


async def test_a_login_that_onvif_refused_before_is_not_sent_for_another_lens(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry, bridges: list[FakeBridge]
) -> None:
    world.report = ask.ErrandError(AuthenticationError.key)
    bridges[0].listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.NOT_FOUND))
    await later(hass, 2 * FIRST_WAIT)
    assert len(world.inspected) == 1
    result = await answer(hass, await chosen(hass, "Front door 2"))
    assert result["errors"] == {"base": "parent_login"}
    assert len(world.inspected) == 1


async def test_a_refused_login_says_nothing_of_the_one_that_was_entered_meanwhile(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_args: Any, **_more: Any) -> None:
        asked.set()
        await go_on.wait()
        raise ask.ErrandError(AuthenticationError.key)

    result = await chosen(hass, "Front door 2")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ask, "inspect", slow)
        await hass.config_entries.flow.async_configure(result["flow_id"], {})
        await asked.wait()
        hass.config_entries.async_update_entry(first, data={**first.data, "password": "new"})
        go_on.set()
        await hass.async_block_till_done()
    assert "refused" not in first.data
    result = await answer(hass, await hass.config_entries.flow.async_configure(result["flow_id"]))
    assert result["step_id"] == "confirm"
    assert world.inspected[-1][3].password == "new"


async def test_lenses_are_not_offered_while_the_device_is_disabled(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    await chosen(hass, "Front door 2")
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not offers(hass)
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert sorted(offers(hass)) == ["Front door 2", "Front door 3"]


async def test_lenses_that_are_ignored_or_offered_already_hold_up_no_others(
    hass: HomeAssistant, world: Errands
) -> None:
    entry = make_entry(data=recorder_data(20))
    await set_up(hass, entry)
    assert len(offers(hass)) == MAX_OFFERS
    for name in ("Front door 2", "Front door 3"):
        number = name.rpartition(" ")[2]
        await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_IGNORE},
            data={"unique_id": f"{MAC}/source{number}/view{number}", "title": name},
        )
    await later(hass, 16 * 60)
    assert sorted(int(name.rpartition(" ")[2]) for name in offers(hass)) == list(range(4, 20))


async def test_streams_are_protected_as_those_of_the_first_lens(
    hass: HomeAssistant, world: Errands
) -> None:
    world.report = recorder(certificate="c1")
    link = asdict(Link(certificate="f00d", basic=False))
    await set_up(hass, make_entry(data=recorder_data(link=link, certificate="c1")))
    await answer(hass, await chosen(hass, "Front door 2"))
    assert world.certificates == ["c1"]
    assert {(one.basic, one.certificate) for one in world.opened} == {(False, "f00d")}


async def test_an_offer_ends_with_the_device(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    result = await chosen(hass, "Front door 2")
    assert await hass.config_entries.async_remove(ENTRY_ID)
    await hass.async_block_till_done()
    assert not offers(hass)
    assert result["flow_id"] not in {
        flow["flow_id"] for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    }


async def test_further_lenses_are_removed_with_the_first(
    hass: HomeAssistant, bridges: list[FakeBridge], both: tuple[MockConfigEntry, MockConfigEntry]
) -> None:
    assert set(bridges[0].cameras) == {one.entry_id for one in both}
    await hass.config_entries.async_remove(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not camera_entries(hass)
    assert not bridges[0].cameras
    assert not hass.data[DATA_OWNER]._devices


async def test_the_first_lens_stays_when_another_is_removed(
    hass: HomeAssistant, bridges: list[FakeBridge], both: tuple[MockConfigEntry, MockConfigEntry]
) -> None:
    await hass.config_entries.async_remove(both[1].entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert camera_entries(hass) == [both[0]]
    assert list(bridges[0].cameras) == [ENTRY_ID]
    # It may have been a mistake.
    assert list(offers(hass)) == []
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert list(offers(hass)) == ["Front door 2"]


async def test_lenses_are_disabled_and_enabled_with_the_first(
    hass: HomeAssistant, bridges: list[FakeBridge], both: tuple[MockConfigEntry, MockConfigEntry]
) -> None:
    apart = child_entry(3, disabled_by=ConfigEntryDisabler.USER)
    apart.add_to_hass(hass)
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [one.disabled_by is not None for one in (*both, apart)] == [True, True, True]
    assert not bridges[0].cameras
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    # What the user had disabled stays so.
    assert [one.disabled_by is not None for one in (*both, apart)] == [False, False, True]
    assert set(bridges[-1].cameras) == {one.entry_id for one in both}


async def test_another_address_or_login_of_the_first_is_used_for_all(
    hass: HomeAssistant, bridges: list[FakeBridge], both: tuple[MockConfigEntry, MockConfigEntry]
) -> None:
    parent, child = both
    hass.config_entries.async_update_entry(
        parent, data={**parent.data, "host": "192.168.1.99", "password": "new", "port": 8080}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (child.data["host"], child.data["port"]) == ("192.168.1.99", 8080)
    source = bridges[0].cameras[child.entry_id].source
    assert source.url == "rtsp://192.168.1.99:554/sub_2"
    assert source.credentials.password == "new"
    # What is the lens's own stays.
    assert child.data["parent"] == ENTRY_ID


async def test_what_changed_while_a_lens_was_disabled_is_used_when_it_is_enabled(
    hass: HomeAssistant, bridges: list[FakeBridge], device: Device
) -> None:
    parent, child = make_entry(data=recorder_data(2)), child_entry()
    child.add_to_hass(hass)
    hass.config_entries.async_update_entry(child, data={**child.data, "password": "old"})
    parent.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert child.data["password"] == parent.data["password"]


async def test_a_move_is_considered_for_the_device_and_not_for_each_lens(
    hass: HomeAssistant, world: Errands, first: MockConfigEntry
) -> None:
    child_entry().add_to_hass(hass)
    world.found = [replace(FOUND, host="192.168.1.77")]
    considered: list[str] = []

    async def consider(_hass: Any, entry: Any, _addresses: Any) -> None:
        considered.append(entry.entry_id)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("custom_components.porchlight.runtime.search.async_consider", consider)
        await async_search(hass)
    assert considered == [ENTRY_ID]


async def test_address_and_login_are_changed_at_the_first_lens(
    hass: HomeAssistant, both: tuple[MockConfigEntry, MockConfigEntry]
) -> None:
    result = await both[1].start_reconfigure_flow(hass)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "use_parent")
    assert result["description_placeholders"] == {"name": "Front door"}


def test_ids_of_different_lenses_differ() -> None:
    entry = make_entry()
    shows = [("a-b", "c"), ("a", "b-c"), ("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), ("", "a/b")]
    lenses = [
        Lens(parent=ENTRY_ID, number=1, profile=profile(source=source, view=view))
        for source, view in shows
    ]
    assert len({lens.unique_id(entry) for lens in lenses}) == len(lenses)
