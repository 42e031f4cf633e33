from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.const import (
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection.coordinator import SHORT_FOR
from custom_components.porchlight.flows.drawing import no_person_yet, no_pictures
from custom_components.porchlight.runtime.bridge import WorkerDown
from custom_components.porchlight.runtime.owner import DATA_OWNER, async_owner
from custom_components.porchlight.vision.types import Box
from custom_components.porchlight.worker.errors import EngineProblem, StreamProblem
from custom_components.porchlight.worker.messages import (
    BestPicture,
    EngineFailed,
    FurnitureKnown,
    Load,
    StreamDown,
    VisitPhase,
)

from .conftest import ENTRY_ID, MAC, FakeBridge, jpeg, make_entry

if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
    from syrupy.assertion import SnapshotAssertion

PERSON = "binary_sensor.front_door_person"
MOTION = "binary_sensor.front_door_motion"
STREAM = "binary_sensor.front_door_stream"
PEOPLE = "sensor.front_door_people"
EVENT = "event.front_door_person"
IMAGE = "image.front_door_last_person"
CAMERA = "camera.front_door"
SWITCH = "switch.front_door_person_detection"
ALL = (PERSON, MOTION, STREAM, PEOPLE, EVENT, IMAGE, CAMERA, SWITCH)


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


def go_down(bridge: FakeBridge, problem: StreamProblem = StreamProblem.STALLED) -> None:
    bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=problem))


@pytest.mark.parametrize(
    "platform",
    [
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.EVENT,
        Platform.IMAGE,
        Platform.SENSOR,
        Platform.SWITCH,
    ],
)
async def test_the_entities_are_those_of_the_snapshot(
    hass: HomeAssistant,
    all_enabled: None,
    bridge: FakeBridge,
    platform: Platform,
    snapshot: SnapshotAssertion,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-21T12:00:00Z")
    bridge.up()
    bridge.people(2)
    await hass.async_block_till_done()
    entries = [
        entry
        for entry in er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
        if entry.domain == platform
    ]
    assert entries
    for entry in entries:
        assert described(entry) == snapshot(name=f"{entry.entity_id}-entry")
        found = hass.states.get(entry.entity_id)
        assert found is not None
        hidden = {"access_token", "entity_picture"}
        visible = {key: value for key, value in found.attributes.items() if key not in hidden}
        assert (found.state, visible) == snapshot(name=f"{entry.entity_id}-state")


def described(entry: er.RegistryEntry) -> dict[str, Any]:
    fields = (
        "unique_id", "original_name", "translation_key", "original_device_class",
        "entity_category", "has_entity_name", "unit_of_measurement", "capabilities",
    )  # fmt: skip
    return {field: getattr(entry, field) for field in fields}


async def test_the_device_says_what_the_camera_is(
    hass: HomeAssistant, camera: MockConfigEntry
) -> None:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), ENTRY_ID)
    assert device.identifiers == {(DOMAIN, MAC)}
    assert device.connections == {(dr.CONNECTION_NETWORK_MAC, MAC)}
    assert (device.manufacturer, device.model, device.sw_version, device.serial_number) == (
        "Acme",
        "Eye 3",
        "2.1",
        "S123",
    )


async def test_the_figures_for_experts_are_there_but_disabled(
    hass: HomeAssistant, camera: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    for key in ("analysed_rate", "inference_time"):
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{MAC}_{key}")
        assert entity_id is not None
        entry = registry.async_get(entity_id)
        assert entry is not None
        assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_the_detector_is_described(hass: HomeAssistant, bridge: FakeBridge) -> None:
    found = hass.states.get("sensor.detector_engine")
    assert found is not None
    assert found.state == "LiteRT 2.3.0"
    assert (found.attributes["model"], found.attributes["inference_ms"]) == ("m", 21.0)
    assert found.attributes["threads"] == 1
    bridge.listener(EngineFailed(engine="litert", path="/m.tflite", problem=EngineProblem.CRASHED))
    assert state(hass, "sensor.detector_engine") == STATE_UNKNOWN


async def test_the_cost_of_watching_is_reported(
    hass: HomeAssistant, all_enabled: None, bridge: FakeBridge
) -> None:
    assert state(hass, "sensor.detector_analysis_rate") == STATE_UNKNOWN
    bridge.listener(Load(cores=0.6, budget=2.0, pace=0.8))
    assert state(hass, "sensor.detector_analysis_rate") == "80"
    assert float(state(hass, "sensor.detector_processor_limit_used")) == pytest.approx(30)
    bridge.listener(WorkerDown(detail=""))
    assert state(hass, "sensor.detector_analysis_rate") == STATE_UNKNOWN


async def test_a_box_that_is_short_of_time_for_long_is_an_issue_until_it_keeps_up(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    issues = ir.async_get(hass)
    short = Load(cores=1.0, budget=1.0, pace=0.4)
    with patch.object(hass.loop, "time", return_value=1000.0) as clock:
        bridge.listener(short)
        clock.return_value += SHORT_FOR - 1
        bridge.listener(short)
        assert issues.async_get_issue(DOMAIN, "too_busy") is None
        clock.return_value += 1
        bridge.listener(short)
        issue = issues.async_get_issue(DOMAIN, "too_busy")
        assert issue is not None
        assert issue.translation_placeholders == {"pace": "40", "budget": "1.0"}
        bridge.listener(replace(short, pace=0.9))
        assert issues.async_get_issue(DOMAIN, "too_busy") is None
        # A short spell of need begins anew.
        clock.return_value += 1
        bridge.listener(short)
        assert issues.async_get_issue(DOMAIN, "too_busy") is None


async def test_furniture_is_remembered_across_restarts(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, bridges: list[FakeBridge]
) -> None:
    coat = Box(0.1, 0.2, 0.3, 0.9)
    assert bridge.cameras[ENTRY_ID].furniture == ()
    bridge.listener(FurnitureKnown(camera_id=ENTRY_ID, boxes=(coat,)))
    # What is on its way to the disk is written when Home Assistant stops.
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    hass.data[DATA_OWNER] = await async_owner(hass)
    await hass.config_entries.async_reload(ENTRY_ID)
    assert len(bridges) == 2
    assert bridges[-1].cameras[ENTRY_ID].furniture == (coat,)
    await hass.config_entries.async_remove(ENTRY_ID)
    await hass.async_block_till_done()
    assert not Path(hass.config.path(".storage/porchlight", ENTRY_ID)).exists()


async def test_the_worker_gets_its_limits(hass: HomeAssistant, bridge: FakeBridge) -> None:
    assert bridge.budget == 0.5


async def test_nothing_is_known_until_a_frame_was_analysed(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    assert {state(hass, entity) for entity in (PERSON, MOTION, STREAM, PEOPLE)} == {STATE_UNKNOWN}
    bridge.up()
    assert state(hass, STREAM) == STATE_ON
    assert state(hass, PERSON) == STATE_UNKNOWN
    bridge.status(people=None, moving=False)
    assert state(hass, PERSON) == STATE_UNKNOWN
    assert state(hass, PEOPLE) == STATE_UNKNOWN
    assert state(hass, MOTION) == STATE_OFF
    bridge.status(people=0)
    assert state(hass, PERSON) == STATE_OFF
    assert state(hass, PEOPLE) == "0"


async def test_people_and_motion_are_reported(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.up()
    bridge.people(2)
    assert state(hass, PERSON) == STATE_ON
    assert state(hass, PEOPLE) == "2"
    assert state(hass, MOTION) == STATE_ON
    assert state(hass, "sensor.front_door_last_frame") == "2026-09-21T14:13:20+00:00"


async def test_a_person_is_there_until_the_visit_ends_and_counts_while_seen(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.people(1)
    bridge.visit(VisitPhase.CHANGED, count=0)
    bridge.status(people=0)
    assert (state(hass, PERSON), state(hass, PEOPLE)) == (STATE_ON, "0")
    bridge.visit(VisitPhase.LEFT, count=0)
    assert (state(hass, PERSON), state(hass, PEOPLE)) == (STATE_OFF, "0")


async def test_the_last_frame_is_reported_once_a_minute(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.up()
    seen = []
    for seconds in (0, 59, 60, 90, 121):
        bridge.status(frame_at=1_790_000_000.0 + seconds)
        seen.append(state(hass, "sensor.front_door_last_frame")[14:19])
    assert seen == ["13:20", "13:20", "14:20", "14:20", "15:21"]


async def test_without_a_stream_all_but_what_still_holds_is_unavailable(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.status(people=1)
    go_down(bridge)
    unavailable = {entity for entity in ALL if state(hass, entity) == STATE_UNAVAILABLE}
    assert unavailable == {PERSON, MOTION, PEOPLE, CAMERA}
    assert state(hass, STREAM) == STATE_OFF
    bridge.up()
    assert state(hass, PERSON) == STATE_UNKNOWN


async def test_a_lost_stream_is_logged_once_each_way(
    hass: HomeAssistant, bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.porchlight")
    bridge.up()
    for _ in range(3):
        go_down(bridge)
    bridge.up()
    bridge.status()
    lines = [record.message for record in caplog.records if "stream of" in record.message.lower()]
    assert lines == [
        "The stream of Front door is down: stalled ",
        "The stream of Front door is back",
    ]


async def test_a_dead_worker_makes_the_camera_unavailable(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.status(people=1)
    bridge.listener(WorkerDown(detail="SIGSEGV"))
    assert state(hass, PERSON) == STATE_UNAVAILABLE
    assert state(hass, STREAM) == STATE_OFF


async def test_arrivals_and_departures_are_events(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.up()
    changes = async_capture_events(hass, "state_changed")
    bridge.visit(VisitPhase.ARRIVED)
    bridge.visit(VisitPhase.CHANGED, count=2)
    bridge.visit(VisitPhase.LEFT, count=0)
    await hass.async_block_till_done()
    reported = [
        {
            key: change.data["new_state"].attributes[key]
            for key in ("event_type", "visit_id", "time", "score", "count")
        }
        for change in changes
        if change.data["entity_id"] == EVENT
    ]
    assert reported == [
        {
            "event_type": "person_arrived",
            "visit_id": "v1",
            "time": "2026-09-21T14:13:20+00:00",
            "score": 0.87,
            "count": 1,
        },
        {
            "event_type": "person_left",
            "visit_id": "v1",
            "time": "2026-09-21T14:13:30+00:00",
            "score": 0.87,
            "count": 2,
        },
    ]


async def test_a_departure_while_the_stream_is_away_is_an_event_at_once(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.visit(VisitPhase.ARRIVED)
    go_down(bridge)
    bridge.visit(VisitPhase.LEFT)
    found = hass.states.get(EVENT)
    assert found is not None
    assert found.attributes["event_type"] == "person_left"


async def test_detection_is_switched_and_stays_so(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    assert state(hass, SWITCH) == STATE_ON
    await hass.services.async_call("switch", "turn_off", {"entity_id": SWITCH}, blocking=True)
    assert bridge.cameras[ENTRY_ID].detect is False
    assert state(hass, SWITCH) == STATE_OFF
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert state(hass, SWITCH) == STATE_OFF
    assert bridge.cameras[ENTRY_ID].detect is False
    await hass.services.async_call(
        "camera", "enable_motion_detection", {"entity_id": CAMERA}, blocking=True
    )
    assert state(hass, SWITCH) == STATE_ON
    await hass.services.async_call(
        "camera", "disable_motion_detection", {"entity_id": CAMERA}, blocking=True
    )
    assert bridge.cameras[ENTRY_ID].detect is False
    await hass.services.async_call("switch", "turn_on", {"entity_id": SWITCH}, blocking=True)
    assert bridge.cameras[ENTRY_ID].detect is True


async def test_a_camera_that_is_watched_is_streaming(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    assert state(hass, CAMERA) == "idle"
    bridge.up()
    assert state(hass, CAMERA) == "streaming"


async def test_the_still_is_the_worker_s_last_frame(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.picture = jpeg()
    image = await async_get_image(hass, CAMERA)
    assert image.content == bridge.picture


async def test_a_picture_is_served_and_survives_a_restart(
    hass: HomeAssistant,
    camera: MockConfigEntry,
    bridge: FakeBridge,
    hass_client: ClientSessionGenerator,
) -> None:
    client = await hass_client()
    first = await client.get(f"/api/image_proxy/{IMAGE}")
    assert first.status == HTTPStatus.OK
    assert await first.read() == no_person_yet()
    assert state(hass, IMAGE) == STATE_UNKNOWN
    for colour in ("red", "blue"):
        bridge.listener(
            BestPicture(
                camera_id=ENTRY_ID,
                visit_id="v1",
                at=1_790_000_000.0,
                jpeg=jpeg(colour),
                revision=bridge.cameras[ENTRY_ID].revision,
            )
        )
        answer = await client.get(f"/api/image_proxy/{IMAGE}")
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert await answer.read() == jpeg(colour)
    assert state(hass, IMAGE) == "2026-09-21T14:13:20+00:00"

    path = bridge.cameras[ENTRY_ID].picture_path
    assert path is not None
    await hass.async_add_executor_job(_write, path, jpeg("blue"))
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    answer = await client.get(f"/api/image_proxy/{IMAGE}")
    assert await answer.read() == jpeg("blue")


def _write(path: str, data: bytes) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)


async def test_without_pictures_none_are_kept(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    entry = make_entry(options={"pictures": False})
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    (bridge,) = bridges
    bridge.up()
    bridge.people(1)
    bridge.picture = jpeg()
    assert hass.states.get(IMAGE) is None
    assert bridge.cameras[ENTRY_ID].picture_path is None
    image = await async_get_image(hass, CAMERA)
    assert image.content == no_pictures()
    bridge.live()
    assert await async_get_stream_source(hass, CAMERA)
    assert state(hass, PERSON) == STATE_ON
    found: Any = hass.states.get(EVENT)
    assert found.attributes["event_type"] == "person_arrived"
