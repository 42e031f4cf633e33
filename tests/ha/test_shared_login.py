"""A device's lenses share its login and its events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, create_autospec

import pytest
from homeassistant.components.camera import async_get_image
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.components.stream import Stream
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.onvif.errors import AuthenticationError
from custom_components.porchlight.onvif.values import EventKind
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.entries import children_of
from custom_components.porchlight.runtime.inspection import access_of
from custom_components.porchlight.runtime.owner import DATA_OWNER
from custom_components.porchlight.worker.control_messages import SnapshotTaken
from custom_components.porchlight.worker.errors import NOT_SHOWN, StreamProblem
from custom_components.porchlight.worker.event_messages import CameraEvent, Subscribed
from custom_components.porchlight.worker.messages import LiveRefused, StreamDown

from .conftest import ENTRY_ID, jpeg, later, make_entry
from .recorder import child_entry, recorder_data, set_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from .conftest import Device, FakeBridge


def refuse(bridge: FakeBridge, *entries: MockConfigEntry, asked: MockConfigEntry) -> None:
    """The recorder refuses all streams; the login was sent for one of them."""
    for entry in entries:
        detail = "" if entry is asked else NOT_SHOWN
        bridge.listener(
            StreamDown(camera_id=entry.entry_id, problem=StreamProblem.UNAUTHORIZED, detail=detail)
        )


async def test_a_wrong_password_is_asked_about_once_for_all_lenses(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    device.report = ask.ErrandError(AuthenticationError.key)
    refuse(bridges[0], *both, asked=both[1])
    await later(hass, 1)
    assert device.asked == 1
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [flow["context"]["entry_id"] for flow in flows] == [ENTRY_ID]
    assert [entry.data.get("refused") for entry in both] == [True, True]
    # Nothing uses it again.
    sent = len(bridges[0].sent)
    await later(hass, 3600)
    assert device.asked == 1
    assert len(bridges[0].sent) == sent
    states = [
        hass.states.get(f"sensor.{name}_stream_status") for name in ("front_door", "channel_2")
    ]
    assert [state and state.state for state in states] == ["unauthorized"] * 2


async def test_a_lens_that_the_account_may_not_see_does_not_hold_up_the_others(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    parent, private = both
    bridge = bridges[0]
    refuse(bridge, parent, private, asked=private)
    await later(hass, 1)
    assert device.asked == 1
    before = {one: bridge.cameras[one].attempt for one in bridge.cameras}
    await later(hass, 40)
    # First the one whose login was not sent.
    assert bridge.cameras[ENTRY_ID].attempt == before[ENTRY_ID] + 1
    assert bridge.cameras[private.entry_id].attempt == before[private.entry_id]
    bridge.up()
    await later(hass, 200)
    assert bridge.cameras[private.entry_id].attempt > before[private.entry_id]
    assert device.asked == 1


async def test_a_lens_that_drops_does_not_wait_for_one_that_the_account_may_not_see(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    parent, private = both
    bridge = bridges[0]
    refuse(bridge, parent, private, asked=private)
    await later(hass, 1)
    await later(hass, 40)
    bridge.up()
    # The private one waits now; the other one has lost its connection.
    before = {one: bridge.cameras[one].attempt for one in bridge.cameras}
    refuse(bridge, parent, asked=private)
    assert bridge.cameras[ENTRY_ID].attempt == before[ENTRY_ID] + 1
    assert bridge.cameras[private.entry_id].attempt == before[private.entry_id]
    # If it is refused after that, the device is asked, and nothing is sent until it has answered.
    asked, now = device.asked, bridge.cameras[ENTRY_ID].attempt
    refuse(bridge, parent, asked=parent)
    await later(hass, 1)
    assert device.asked == asked + 1
    assert bridge.cameras[ENTRY_ID].attempt == now


async def test_only_one_of_several_lenses_that_drop_sends_the_login(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    parent, private = both
    third = child_entry(3)
    third.add_to_hass(hass)
    await hass.config_entries.async_setup(third.entry_id)
    bridge = bridges[0]
    refuse(bridge, parent, private, third, asked=private)
    await later(hass, 1)
    await later(hass, 40)
    before = {one: bridge.cameras[one].attempt for one in bridge.cameras}
    refuse(bridge, parent, third, asked=private)
    assert bridge.cameras[ENTRY_ID].attempt == before[ENTRY_ID] + 1
    assert bridge.cameras[third.entry_id].attempt == before[third.entry_id]
    bridge.up()
    assert bridge.cameras[third.entry_id].attempt > before[third.entry_id]


async def test_a_lens_that_plays_does_not_end_the_check_of_another(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    _parent, private = both
    refuse(bridges[0], private, asked=private)
    bridges[0].up()
    before = bridges[0].cameras[private.entry_id].attempt
    await later(hass, 1)
    await later(hass, 60)
    assert bridges[0].cameras[private.entry_id].attempt == before + 1


async def test_recoveries_of_several_lenses_send_a_wrong_login_once(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    device.report = ask.ErrandError(AuthenticationError.key)
    for entry in both:
        bridges[0].listener(StreamDown(camera_id=entry.entry_id, problem=StreamProblem.UNREACHABLE))
    for minute in range(1, 60):
        await later(hass, 60 * minute)
    assert device.asked == 1


def listening(hass: HomeAssistant) -> FakeBridge:
    bridge = hass.data[DATA_OWNER]._listener.bridge
    assert bridge.running
    return bridge  # type: ignore[no-any-return] # the fake


async def test_events_are_given_to_the_lens_that_they_are_from(
    hass: HomeAssistant, bridges: list[FakeBridge], device: Device, all_enabled: None
) -> None:
    events = ["person", "input"]
    data = recorder_data(2, events=events)
    child = child_entry()
    parent = make_entry(data=data)
    await set_up(hass, parent, child)
    bridge = listening(hass)
    # One subscription for both.
    assert list(bridge.targets) == [ENTRY_ID]
    bridge.listener(Subscribed(camera_id=ENTRY_ID))
    names = ("front_door", "channel_2")

    def states() -> list[str]:
        found = [hass.states.get(f"binary_sensor.{one}_person_reported_by_camera") for one in names]
        return [one.state if one else "none" for one in found]

    def said(lens: str, *, on: bool) -> list[str]:
        bridge.listener(
            CameraEvent(
                camera_id=ENTRY_ID, kind=EventKind.PERSON, source=f"r{lens}", on=on, lens=lens
            )
        )
        return states()

    assert states() == [STATE_UNKNOWN] * 2
    assert said("source2", on=True) == [STATE_UNKNOWN, STATE_ON]
    assert said("view1", on=False) == [STATE_OFF, STATE_ON]
    # What names no lens, or an unknown one, is the first's.
    assert said("", on=True) == [STATE_ON, STATE_ON]
    assert said("", on=False) == [STATE_OFF, STATE_ON]
    assert said("9", on=True) == [STATE_ON, STATE_ON]
    assert said("source2", on=False) == [STATE_ON, STATE_OFF]
    await hass.config_entries.async_remove(child.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert list(bridge.targets) == [ENTRY_ID]
    assert children_of(hass, parent) == []


def give_pictures(
    hass: HomeAssistant, bridge: FakeBridge, entries: Iterable[MockConfigEntry], name: str
) -> None:
    """The streams play, and each lens has a picture of its own, or not, as `name` says."""
    for entry in entries:
        profiles = [
            {**one, "snapshot_uri": f"http://192.168.1.20/{name.format(one['source'])}"}
            for one in entry.data["profiles"]
        ]
        hass.config_entries.async_update_entry(entry, data={**entry.data, "profiles": profiles})
        bridge.up(entry.entry_id)
    bridge.picture = jpeg()


@pytest.mark.parametrize("before", [True, False])
async def test_a_login_that_is_refused_for_pictures_is_sent_for_one_lens_only(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
    before: bool,
) -> None:
    give_pictures(hass, bridges[0], both, "{}.jpg")
    if before:
        # It was right, and is another by now.
        both[0].runtime_data.device.login.pages = (access_of(both[0]), True)
    sent = 0

    async def refused(_wish: Any) -> None:
        nonlocal sent
        sent += 1
        await asyncio.sleep(0)
        raise ask.ErrandError(AuthenticationError.key)

    monkeypatch.setattr(ask, "snapshot", refused)
    for _ in range(3):
        stills = (async_get_image(hass, f"camera.{one}") for one in ("front_door", "channel_2"))
        pictures = await asyncio.gather(*stills)
        assert [picture.content for picture in pictures] == [bridges[0].picture] * 2
        await later(hass, 4000)
    assert sent == 1


async def test_pictures_of_several_lenses_are_fetched_one_after_the_other(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_pictures(hass, bridges[0], both, "{}.jpg")
    both[0].runtime_data.device.login.pages = (access_of(both[0]), True)
    busy = most = 0
    taken = SnapshotTaken(width=1920, height=1080, jpeg=jpeg("green"))

    async def take(_wish: Any) -> SnapshotTaken:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return taken

    monkeypatch.setattr(ask, "snapshot", take)
    stills = (async_get_image(hass, f"camera.{one}") for one in ("front_door", "channel_2"))
    pictures = await asyncio.gather(*stills)
    assert [picture.content for picture in pictures] == [taken.jpeg] * 2
    assert most == 1


async def test_one_picture_for_several_lenses_is_not_known_to_be_of_either(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_pictures(hass, bridges[0], both, "still.jpg")
    snapshot = AsyncMock(side_effect=ask.ErrandError("timeout"))
    monkeypatch.setattr(ask, "snapshot", snapshot)
    for name in ("front_door", "channel_2"):
        picture = await async_get_image(hass, f"camera.{name}")
        assert picture.content == bridges[0].picture
    snapshot.assert_not_awaited()


async def test_live_view_of_all_lenses_ends_when_the_login_is_wrong(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    device.report = ask.ErrandError(AuthenticationError.key)
    streams = []
    for entry, name in zip(both, ("front_door", "channel_2"), strict=True):
        bridges[0].up(entry.entry_id)
        entity = get_camera_from_entity_id(hass, f"camera.{name}")
        entity.stream = create_autospec(Stream, instance=True)
        streams.append(entity.stream)
    refuse(bridges[0], both[1], asked=both[1])
    await later(hass, 1)
    assert [stream.stop.await_count for stream in streams] == [1, 1]


async def test_a_lens_that_plays_on_is_not_lost_when_the_same_login_is_right_again(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    parent, child = both
    bridges[0].up(child.entry_id)
    device.report = ask.ErrandError(AuthenticationError.key)
    refuse(bridges[0], parent, asked=parent)
    await later(hass, 1)
    assert child.data["refused"]
    # As the user's login replaces it: the worker goes on with the stream, and says nothing.
    data = {key: value for key, value in parent.data.items() if key != "refused"}
    hass.config_entries.async_update_entry(parent, data=data)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "refused" not in child.data
    assert child.runtime_data.data.connected
    # One that does not play shows why.
    assert parent.runtime_data.data.connected is False


async def test_live_view_is_back_for_all_lenses_with_another_login(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    bridge = bridges[0]
    device.report = ask.ErrandError(AuthenticationError.key)
    for entry in both:
        bridge.up(entry.entry_id)
    bridge.listener(LiveRefused(camera_id=both[1].entry_id))
    await later(hass, 1)
    assert [bridge.cameras[entry.entry_id].live for entry in both] == [None, None]
    data = {key: value for key, value in both[0].data.items() if key != "refused"}
    hass.config_entries.async_update_entry(both[0], data={**data, "password": "another"})
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert all(bridge.cameras[entry.entry_id].live for entry in both)


async def test_live_view_of_a_lens_is_back_when_its_stream_is(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    device: Device,
    both: tuple[MockConfigEntry, MockConfigEntry],
) -> None:
    parent, private = both
    bridge = bridges[0]
    bridge.listener(LiveRefused(camera_id=private.entry_id))
    refuse(bridge, parent, asked=private)
    await later(hass, 1)
    await later(hass, 40)
    # The private one waits; the other one has shown that the login is right.
    assert bridge.cameras[private.entry_id].live is None
    bridge.up()
    bridge.up(private.entry_id)
    assert bridge.cameras[private.entry_id].live is not None
