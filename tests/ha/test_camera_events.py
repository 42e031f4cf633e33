"""What cameras report by themselves: entities that nothing of ours depends on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import RELOAD_AFTER_UPDATE_DELAY, ConfigEntryDisabler
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.porchlight.binary_sensor import MOST_INPUTS
from custom_components.porchlight.const import CONF_EVENTS, CONF_REFUSED, DOMAIN
from custom_components.porchlight.onvif.values import Credentials, EventKind
from custom_components.porchlight.runtime.bridge import WorkerDown
from custom_components.porchlight.runtime.listener import LINGER
from custom_components.porchlight.runtime.owner import DATA_OWNER
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.event_messages import (
    CameraEvent,
    ListenTo,
    StopListening,
    Subscribed,
    Unsubscribed,
)
from custom_components.porchlight.worker.messages import StreamDown, VisitPhase

from .conftest import ENTRY_ID, MAC, FakeBridge, entry_data, later, make_entry

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.porchlight.runtime.camera_events import CameraEvents

STATES = ("person", "vehicle", "animal", "motion", "tamper", "inputs")
PULSES = ("camera_line", "doorbell")
OURS = ("binary_sensor.front_door_person", "event.front_door_person", "sensor.front_door_people")


@pytest.fixture
def ear(hass: HomeAssistant, camera: MockConfigEntry) -> Any:
    """The bridge to the listening process."""
    return hass.data[DATA_OWNER]._listener.bridge


def named(hass: HomeAssistant, domain: str, key: str) -> str:
    """The id of an entity, also of one that is disabled."""
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{MAC}_{key}")
    assert found is not None, key
    return found


async def enable(hass: HomeAssistant, *keys: str, domain: str = "binary_sensor") -> list[str]:
    """Enable entities as a user does, and wait until Home Assistant reloads the entry."""
    ids = [named(hass, domain, key) for key in keys]
    for entity_id in ids:
        er.async_get(hass).async_update_entity(entity_id, disabled_by=None)
    await later(hass, RELOAD_AFTER_UPDATE_DELAY + 1)
    return ids


async def reload(hass: HomeAssistant) -> None:
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


def happens(
    ear: FakeBridge, kind: EventKind, *, on: bool | None = True, source: str = "rule"
) -> None:
    ear.listener(CameraEvent(camera_id=ENTRY_ID, kind=kind, source=source, on=on))


def events(camera: MockConfigEntry) -> CameraEvents:
    return camera.runtime_data.events


async def test_all_are_disabled_at_first_and_nothing_is_subscribed(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    keys = [("binary_sensor", f"camera_{key}") for key in (*STATES, "events")]
    for domain, key in (*keys, *(("event", key) for key in PULSES)):
        entry = er.async_get(hass).async_get(named(hass, domain, key))
        assert entry is not None
        assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert not ear.running
    assert ear.mode == "listen"


async def test_an_enabled_entity_subscribes_and_an_unload_unsubscribes(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    await enable(hass, "camera_person")
    data = entry_data()
    assert ear.running
    assert ear.targets == {
        ENTRY_ID: ListenTo(
            camera_id=ENTRY_ID,
            host=data["host"],
            port=80,
            path="/onvif/device_service",
            credentials=Credentials(username="viewer", password=data["password"]),
        )
    }
    assert await hass.config_entries.async_unload(ENTRY_ID)
    assert ear.sent[-1] == StopListening(camera_id=ENTRY_ID)
    assert ear.targets == {}
    # A reload may follow.
    assert ear.running
    await later(hass, LINGER + 1)
    assert not ear.running


async def test_a_reload_keeps_the_process(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    await enable(hass, "camera_person")
    await reload(hass)
    await later(hass, LINGER + 1)
    assert ear.running
    assert set(ear.targets) == {ENTRY_ID}


@pytest.mark.parametrize("how", ["remove", "disable"])
async def test_a_camera_that_is_removed_or_disabled_is_unsubscribed(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge, how: str
) -> None:
    await enable(hass, "camera_person", "camera_motion")
    if how == "remove":
        await hass.config_entries.async_remove(ENTRY_ID)
    else:
        await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert ear.targets == {}
    assert [type(one) for one in ear.sent][-1] is StopListening
    assert not ear.running


async def test_states_follow_the_camera(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    (person,) = await enable(hass, "camera_person")
    assert state(hass, person) == STATE_UNAVAILABLE
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    assert state(hass, person) == STATE_UNKNOWN
    happens(ear, EventKind.PERSON, on=False)
    assert state(hass, person) == STATE_OFF
    happens(ear, EventKind.PERSON, on=True, source="another rule")
    assert state(hass, person) == STATE_ON
    happens(ear, EventKind.PERSON, on=None, source="another rule")
    assert state(hass, person) == STATE_OFF
    happens(ear, EventKind.PERSON, on=None)
    assert state(hass, person) == STATE_UNKNOWN


@pytest.mark.parametrize(
    "news",
    [
        Unsubscribed(camera_id=ENTRY_ID, problem="cannot_connect"),
        WorkerDown(detail="SIGSEGV"),
    ],
)
async def test_no_state_outlives_its_subscription(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge, news: Any
) -> None:
    person, subscription = await enable(hass, "camera_person", "camera_events")
    assert state(hass, subscription) == STATE_OFF
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    happens(ear, EventKind.PERSON)
    assert (state(hass, person), state(hass, subscription)) == (STATE_ON, STATE_ON)
    ear.listener(news)
    assert (state(hass, person), state(hass, subscription)) == (STATE_UNAVAILABLE, STATE_OFF)
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    assert (state(hass, person), state(hass, subscription)) == (STATE_UNKNOWN, STATE_ON)
    happens(ear, EventKind.PERSON)
    await reload(hass)
    assert state(hass, person) == STATE_UNAVAILABLE


async def test_the_doorbell_and_lines_are_events_and_stay_available(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    line, doorbell = await enable(hass, *PULSES, domain="event")
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    assert state(hass, doorbell) == STATE_UNKNOWN
    changes = async_capture_events(hass, "state_changed")
    happens(ear, EventKind.DOORBELL)
    happens(ear, EventKind.LINE)
    ear.listener(Unsubscribed(camera_id=ENTRY_ID, problem="cannot_connect"))
    await hass.async_block_till_done()
    assert [
        (change.data["entity_id"], change.data["new_state"].attributes["event_type"])
        for change in changes
    ] == [(doorbell, "ring"), (line, "crossed")]


async def test_inputs_are_entities_by_their_token_and_known_again(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    (inputs,) = await enable(hass, "camera_inputs")
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    happens(ear, EventKind.INPUT, on=False, source="1")
    happens(ear, EventKind.INPUT, on=True, source="[gate](x)")
    happens(ear, EventKind.INPUT, on=True, source="")
    await hass.async_block_till_done()
    assert state(hass, inputs) == STATE_ON
    entry = er.async_get(hass).async_get(named(hass, "binary_sensor", "camera_input_[gate](x)"))
    assert entry is not None
    assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert entry.original_name == "Camera input (gate)(x)"
    (one,) = await enable(hass, "camera_input_1")
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    assert state(hass, one) == STATE_UNKNOWN
    happens(ear, EventKind.INPUT, on=True, source="1")
    assert state(hass, one) == STATE_ON
    happens(ear, EventKind.INPUT, on=False, source="1")
    assert state(hass, one) == STATE_OFF


async def test_a_camera_that_makes_up_inputs_gets_few_entities(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    await enable(hass, "camera_inputs")
    for _ in range(2):
        for number in range(MOST_INPUTS):
            happens(ear, EventKind.INPUT, source=f"{number}")
        for number in range(100):
            happens(ear, EventKind.INPUT, source=f"more {number}")
        await hass.async_block_till_done()
        await reload(hass)
    entries = er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
    assert sum("_camera_input_" in entry.unique_id for entry in entries) == MOST_INPUTS


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (["motion", "doorbell"], {"camera_motion", "camera_events", "doorbell"}),
        ([], set()),
    ],
)
async def test_only_what_the_camera_offers_is_there(
    hass: HomeAssistant, bridges: list[FakeBridge], offered: list[str], expected: set[str]
) -> None:
    entry = make_entry(data=entry_data(**{CONF_EVENTS: offered}))
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    entries = er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
    keys = {one.unique_id.removeprefix(f"{MAC}_") for one in entries}
    assert {key for key in keys if key.startswith("camera_") or key in PULSES} == expected


async def test_an_entry_from_before_offers_everything(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    data = entry_data()
    del data[CONF_EVENTS]
    entry = make_entry(data=data)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert events(entry).offered == tuple(EventKind)
    assert named(hass, "binary_sensor", "camera_vehicle")


async def test_a_refused_login_is_not_used_again_until_it_changes(
    hass: HomeAssistant,
    camera: MockConfigEntry,
    ear: FakeBridge,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await enable(hass, "camera_person")
    ear.sent.clear()
    ear.listener(Unsubscribed(camera_id=ENTRY_ID, problem="invalid_auth"))
    assert ear.sent == [StopListening(camera_id=ENTRY_ID, goodbye=False)]
    await reload(hass)
    # Nor by a process that is started anew.
    ear.begin()
    assert ear.targets == {}
    assert len(ear.sent) == 1
    hass.config_entries.async_update_entry(camera, data=entry_data(password="right"))
    await reload(hass)
    assert ear.targets[ENTRY_ID].credentials.password == "right"
    warnings = [one.message for one in caplog.records if "No events from" in one.message]
    assert warnings == ["No events from Front door: invalid_auth"]


async def test_a_late_refusal_of_the_old_login_says_nothing_of_the_new_one(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    await enable(hass, "camera_person")
    before = ear.targets[ENTRY_ID].attempt
    hass.config_entries.async_update_entry(camera, data=entry_data(password="right"))
    await reload(hass)
    late = Unsubscribed(camera_id=ENTRY_ID, problem="invalid_auth", attempt=before)
    ear.listener(late)
    assert ear.targets[ENTRY_ID].credentials.password == "right"
    ear.listener(replace(late, attempt=ear.targets[ENTRY_ID].attempt))
    assert ear.targets == {}


async def test_a_login_that_the_stream_was_refused_with_ends_the_subscription(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, ear: FakeBridge
) -> None:
    await enable(hass, "camera_person")
    ear.sent.clear()
    with patch(
        "custom_components.porchlight.runtime.ask.inspect",
        side_effect=_refusal(),
    ):
        bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.UNAUTHORIZED))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert camera.data[CONF_REFUSED]
    # Its end would be another failed login.
    assert ear.sent == [StopListening(camera_id=ENTRY_ID, goodbye=False)]


def _refusal() -> Exception:
    from custom_components.porchlight.runtime.ask import ErrandError  # noqa: PLC0415 - used once

    return ErrandError("invalid_auth")


async def test_nothing_of_ours_depends_on_what_the_camera_reports(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, ear: FakeBridge
) -> None:
    await enable(hass, *(f"camera_{key}" for key in STATES))
    await enable(hass, *PULSES, domain="event")
    bridge.up()
    bridge.status(people=0, moving=False)
    bridge.sent.clear()
    ours = (*OURS, "binary_sensor.front_door_motion")
    before = [state(hass, entity_id) for entity_id in ours]
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    for kind in EventKind:
        happens(ear, kind)
    await hass.async_block_till_done()
    # All are written once more, with the same frames.
    bridge.status(people=0, moving=False)
    assert [state(hass, entity_id) for entity_id in ours] == before
    assert camera.runtime_data.visits.visit is None
    # The worker does not even hear of it.
    assert bridge.sent == []
    # And a visit takes its course when the camera reports nothing, or its events are lost.
    bridge.people(1)
    happens(ear, EventKind.PERSON, on=False)
    ear.listener(WorkerDown(detail="SIGSEGV"))
    assert state(hass, "binary_sensor.front_door_person") == STATE_ON
    bridge.visit(VisitPhase.LEFT)
    found = hass.states.get("event.front_door_person")
    assert found is not None
    assert found.attributes["event_type"] == "person_left"


async def test_diagnostics_say_whether_events_arrive(
    hass: HomeAssistant, camera: MockConfigEntry, ear: FakeBridge
) -> None:
    await enable(hass, "camera_person")
    ear.listener(Unsubscribed(camera_id=ENTRY_ID, problem="camera_fault"))
    assert (events(camera).subscribed, events(camera).problem) == (False, "camera_fault")
    ear.listener(Subscribed(camera_id=ENTRY_ID))
    assert (events(camera).subscribed, events(camera).problem) == (True, None)
