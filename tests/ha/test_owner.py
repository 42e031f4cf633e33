"""What runs outlives the loading of entries: each arrival has its departure."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
)

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.runtime.blame import PAUSES
from custom_components.porchlight.runtime.bridge import WorkerDown, WorkerUp
from custom_components.porchlight.runtime.faults import Culprit
from custom_components.porchlight.runtime.journal import SILENCE
from custom_components.porchlight.runtime.outage import LONG
from custom_components.porchlight.runtime.owner import (
    DATA_OWNER,
    RELOAD_TAKES,
    RUNS_AFTER,
    WELL_AFTER,
    async_owner,
)
from custom_components.porchlight.vision.settings import Mask
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import (
    BestPicture,
    LineCrossed,
    RemoveCamera,
    StreamDown,
    VisitPhase,
    WatchCamera,
)

from .conftest import ENTRY_ID, FakeBridge, jpeg, later, make_entry, report

if TYPE_CHECKING:
    from homeassistant.core import Event, HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

EVENT = "event.front_door_person"
PERSON = "binary_sensor.front_door_person"
STATUS = "sensor.front_door_stream_status"
ARRIVED, CHANGED, LEFT = VisitPhase.ARRIVED, VisitPhase.CHANGED, VisitPhase.LEFT
ZONE = {
    "id": "z1",
    "kind": "zone",
    "name": "Porch",
    "points": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "stay": 0,
}
MASK = {**ZONE, "id": "m1", "kind": "mask", "name": "Neighbour"}


@pytest.fixture
def events(hass: HomeAssistant) -> list[Event[Any]]:
    """All changes of state."""
    return async_capture_events(hass, "state_changed")


def story(events: list[Event[Any]]) -> list[str]:
    """The camera's events; a state that is only there again after a reload is none."""
    reported: list[tuple[str, str]] = []
    for event in events:
        new = event.data["new_state"]
        if event.data["entity_id"] != EVENT or new is None:
            continue
        if new.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            continue
        if not reported or reported[-1][0] != new.state:
            reported.append((new.state, new.attributes["event_type"].removeprefix("person_")))
    return [what for _, what in reported]


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def restart(hass: HomeAssistant) -> None:
    """Home Assistant dies and starts again: what was not written is lost."""
    await hass.async_block_till_done()
    owner = hass.data[DATA_OWNER]
    for camera in owner._cameras.values():
        camera.async_stop()
    hass.data[DATA_OWNER] = await async_owner(hass)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()


async def test_the_worker_lives_from_the_first_camera_to_the_last(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, bridges: list[FakeBridge]
) -> None:
    second = make_entry(entry_id="02", unique_id="02", title="Back door")
    second.add_to_hass(hass)
    assert await hass.config_entries.async_setup("02")
    assert len(bridges) == 1
    assert set(bridge.cameras) == {ENTRY_ID, "02"}
    assert await hass.config_entries.async_unload(ENTRY_ID)
    # It may be a reload.
    assert set(bridge.cameras) == {ENTRY_ID, "02"}
    await later(hass, RELOAD_TAKES + 1)
    assert set(bridge.cameras) == {"02"}
    assert await hass.config_entries.async_unload("02")
    await later(hass, RELOAD_TAKES + 1)
    assert not bridge.running
    assert await hass.config_entries.async_setup(ENTRY_ID)
    assert bridge.running
    assert set(bridge.cameras) == {ENTRY_ID}


async def test_a_reload_updates_a_camera_and_its_visit_goes_on(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    bridge.sent.clear()
    hass.config_entries.async_update_entry(camera, options={"areas": [ZONE]})
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert [type(command) for command in bridge.sent] == [WatchCamera]
    assert bridge.cameras[ENTRY_ID].open_visit is not None
    bridge.visit(CHANGED, zones=("z1",))
    bridge.status(people=1, zones={"z1": 1})
    assert state(hass, "binary_sensor.front_door_porch") == "on"
    bridge.visit(LEFT)
    assert story(events) == ["arrived", "left"]


async def test_a_reload_does_not_forget_what_is_known(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.people(1)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert state(hass, PERSON) == "on"


async def test_a_departure_during_a_reload_is_an_event_after_it(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    assert await hass.config_entries.async_unload(ENTRY_ID)
    bridge.visit(LEFT)
    bridge.visit(ARRIVED, "v2")
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert story(events) == ["arrived", "left", "arrived"]


async def test_a_disabled_event_entity_gets_no_old_events(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    registry = er.async_get(hass)
    registry.async_update_entity(EVENT, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    bridge.up()
    bridge.visit(ARRIVED)
    bridge.visit(LEFT)
    registry.async_update_entity(EVENT, disabled_by=None)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert story(events) == []


async def test_disabling_a_camera_ends_its_visit(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    await hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert story(events) == ["arrived", "left"]
    assert bridge.sent[-1] == RemoveCamera(camera_id=ENTRY_ID)
    assert not bridge.running


async def test_an_entry_that_does_not_come_back_ends_its_visit(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    assert await hass.config_entries.async_unload(ENTRY_ID)
    await later(hass, RELOAD_TAKES + 1)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert story(events) == ["arrived", "left"]
    assert bridge.cameras[ENTRY_ID].open_visit is None


async def test_nothing_is_written_for_a_camera_that_is_gone(
    hass: HomeAssistant, real_storage: None, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    folder = Path(hass.config.path(".storage/porchlight", ENTRY_ID))
    bridge.up()
    bridge.people(1)
    bridge.listener(LineCrossed(camera_id=ENTRY_ID, line_id="x", inward=True, at=0.0))
    async with asyncio.timeout(300):
        while not (folder / "visits").exists():  # noqa: ASYNC110 - nobody says so
            await asyncio.sleep(0.01)
    await hass.config_entries.async_remove(ENTRY_ID)
    bridge.people(1)
    await later(hass, 120)
    assert not folder.exists()


async def test_a_visit_open_when_home_assistant_died_ends_with_the_last_sighting(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    bridge.visit(CHANGED, last_seen=1_790_003_600.0)
    await later(hass, 20)
    await restart(hass)
    assert story(events) == ["arrived", "left"]
    found = hass.states.get(EVENT)
    assert found is not None
    assert found.attributes["time"] == "2026-09-21T15:13:20+00:00"
    await restart(hass)
    assert story(events) == ["arrived", "left"]


async def test_a_dead_worker_s_visit_is_handed_to_the_next(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    bridge.visit(CHANGED, last_seen=1_790_000_100.0)
    bridge.listener(WorkerDown(detail="SIGKILL"))
    bridge.begin()
    visit = bridge.cameras[ENTRY_ID].open_visit
    assert visit is not None
    assert (visit.visit_id, visit.last_seen) == ("v1", 1_790_000_100.0)
    bridge.visit(LEFT)
    assert story(events) == ["arrived", "left"]


async def test_a_visit_of_which_no_worker_reports_ends(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    bridge.listener(WorkerDown(detail="SIGKILL"))
    await later(hass, SILENCE / 2)
    assert story(events) == ["arrived"]
    await later(hass, SILENCE + 1)
    assert story(events) == ["arrived", "left"]
    bridge.begin()
    assert bridge.cameras[ENTRY_ID].open_visit is None


async def test_no_one_is_counted_after_a_worker_fell_silent(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    bridge.up()
    bridge.people(1)
    await later(hass, SILENCE + 1)
    assert story(events) == ["arrived", "left"]
    assert state(hass, PERSON) == "unknown"
    assert state(hass, "sensor.front_door_people") == "unknown"


async def test_no_one_is_counted_after_a_visit_has_ended(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.people(1)
    assert state(hass, PERSON) == "on"
    bridge.visit(LEFT)
    assert state(hass, PERSON) == STATE_OFF
    # A report that was on its way.
    bridge.status(people=1)
    assert state(hass, PERSON) == STATE_UNKNOWN


def die(bridge: FakeBridge, culprit: str | None = ENTRY_ID, times: int = 3) -> None:
    for _ in range(times):
        bridge.listener(WorkerDown(detail="SIGSEGV", culprit=Culprit(culprit)))
        bridge.begin()


async def test_deaths_without_proof_set_no_camera_aside(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    for _ in range(20):
        bridge.listener(WorkerDown(detail="SIGKILL"))
        bridge.begin()
    assert set(bridge.cameras) == {ENTRY_ID}
    assert not ir.async_get(hass).issues


async def test_a_camera_that_kills_the_worker_is_set_aside_and_tried_again(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, events: list[Event[Any]]
) -> None:
    other = make_entry(entry_id="02", unique_id="02", title="Back door")
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup("02")
    registry, issue_id = ir.async_get(hass), f"camera_set_aside_{ENTRY_ID}"
    bridge.up()
    bridge.people(1)
    die(bridge)
    assert set(bridge.cameras) == {"02"}
    assert story(events) == ["arrived", "left"]
    assert state(hass, STATUS) == "set_aside"
    issue = registry.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Front door", "detail": "SIGSEGV"}
    await later(hass, PAUSES[0] + 1)
    assert set(bridge.cameras) == {ENTRY_ID, "02"}
    assert state(hass, STATUS) == "connecting"
    bridge.up()
    assert state(hass, STATUS) == "connected"
    assert registry.async_get_issue(DOMAIN, issue_id) is not None
    await later(hass, WELL_AFTER + 1)
    assert registry.async_get_issue(DOMAIN, issue_id) is None


async def test_a_camera_set_aside_is_an_issue_that_watches_it_again(
    hass: HomeAssistant,
    camera: MockConfigEntry,
    bridge: FakeBridge,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    die(bridge)
    assert bridge.cameras == {}
    issue_id = f"camera_set_aside_{ENTRY_ID}"
    client = await hass_client()
    answer = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    flow = await answer.json()
    assert flow["step_id"] == "confirm"
    answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await answer.json())["type"] == "create_entry"
    await hass.async_block_till_done()
    assert set(bridge.cameras) == {ENTRY_ID}
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None


@pytest.mark.parametrize("problem", StreamProblem)
async def test_why_a_stream_is_off_is_visible_and_an_issue_after_ten_minutes(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, problem: StreamProblem
) -> None:
    registry = ir.async_get(hass)
    bridge.up()
    bridge.status()
    last = state(hass, "sensor.front_door_last_frame")
    with patch(
        "custom_components.porchlight.runtime.ask.inspect", AsyncMock(return_value=report())
    ):
        bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=problem))
        assert state(hass, STATUS) == problem.value
        assert state(hass, "sensor.front_door_last_frame") == last
        await later(hass, LONG - 60)
        assert registry.async_get_issue(DOMAIN, f"stream_{ENTRY_ID}") is None
        await later(hass, LONG + 1)
        issue = registry.async_get_issue(DOMAIN, f"stream_{ENTRY_ID}")
        assert issue is not None
        assert issue.translation_key == f"stream_{problem}"
        bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.ENDED))
        assert state(hass, STATUS) == "ended"
        issue = registry.async_get_issue(DOMAIN, f"stream_{ENTRY_ID}")
        assert issue is not None
        assert issue.translation_key == "stream_ended"
        bridge.up()
    assert registry.async_get_issue(DOMAIN, f"stream_{ENTRY_ID}") is None


def worker_issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, "worker")


async def test_a_worker_that_keeps_ending_is_an_issue_after_ten_minutes_until_it_runs(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    for _ in range(3):
        bridge.listener(WorkerUp(pid=1))
        bridge.listener(WorkerDown(detail="status 1"))
    await later(hass, LONG - 60)
    assert worker_issue(hass) is None
    await later(hass, LONG + 1)
    issue = worker_issue(hass)
    assert issue is not None
    assert issue.translation_placeholders == {"detail": "status 1"}
    bridge.listener(WorkerUp(pid=2))
    assert worker_issue(hass) is not None
    await later(hass, RUNS_AFTER + 1)
    assert worker_issue(hass) is None


async def test_a_worker_that_ended_once_and_runs_again_is_no_issue(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.listener(WorkerDown(detail="SIGKILL"))
    bridge.listener(WorkerUp(pid=2))
    await later(hass, RUNS_AFTER + 1)
    await later(hass, LONG + 1)
    assert worker_issue(hass) is None


async def test_a_worker_that_is_not_needed_any_more_is_no_issue(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.listener(WorkerDown(detail="status 1"))
    await later(hass, LONG + 1)
    assert worker_issue(hass) is not None
    hass.data[DATA_OWNER].async_end(camera)
    assert worker_issue(hass) is None


async def test_the_last_frame_follows_a_clock_that_is_set_back(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.status(frame_at=1_790_003_600.0)
    bridge.status(frame_at=1_790_000_000.0)
    assert state(hass, "sensor.front_door_last_frame") == "2026-09-21T14:13:20+00:00"


async def test_a_picture_from_before_a_mask_is_gone_with_the_mask_s_saving(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    first = bridge.cameras[ENTRY_ID]
    path = Path(first.picture_path or "")

    def picture(revision: int) -> BestPicture:
        return BestPicture(
            camera_id=ENTRY_ID, visit_id="v1", at=1e9, jpeg=jpeg(), revision=revision
        )

    await hass.async_add_executor_job(path.write_bytes, jpeg())
    bridge.listener(picture(first.revision))
    assert camera.runtime_data.picture is not None
    hass.config_entries.async_update_entry(camera, options={"areas": [MASK]})
    await hass.config_entries.async_reload(ENTRY_ID)
    second = bridge.cameras[ENTRY_ID]
    assert second.settings.masks == (Mask(points=((0, 0), (1, 0), (1, 1), (0, 1))),)
    assert not path.exists()
    assert camera.runtime_data.picture is None
    # One that was on its way, and one that was written late and is found after a restart.
    bridge.listener(picture(first.revision))
    assert camera.runtime_data.picture is None
    await hass.async_add_executor_job(path.write_bytes, jpeg())
    await restart(hass)
    assert camera.runtime_data.picture is None
    assert not path.exists()
    bridge = hass.data[DATA_OWNER].bridge  # type: ignore[assignment] # a FakeBridge
    bridge.listener(picture(bridge.cameras[ENTRY_ID].revision))
    assert camera.runtime_data.picture is not None
