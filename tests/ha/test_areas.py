"""What is drawn: its texts, its picture, its options, and the entities it has."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er
from homeassistant.util.dt import utcnow
from PIL import Image
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.flows.drawing import COLOURS, HEIGHT, WIDTH, draw
from custom_components.porchlight.runtime.areas import (
    LINES,
    MOST_POINTS,
    POLYGONS,
    Area,
    AreaError,
    AreaProblem,
    Kind,
    areas_of,
    check_name,
    check_polygon,
    read,
    written,
)
from custom_components.porchlight.runtime.sensitivity import settings_of
from custom_components.porchlight.runtime.totals import DELAY
from custom_components.porchlight.vision.settings import (
    BALANCED,
    SENSITIVITIES,
    Line,
    Mask,
    Rules,
    Zone,
)
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import LineCrossed, StreamDown, VisitPhase

from .conftest import ENTRY_ID, MAC, FakeBridge, jpeg, make_entry

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

ZONE = {
    "id": "z1", "kind": "zone", "name": "Path",
    "points": [[0.1, 0.6], [0.45, 0.6], [0.45, 1.0], [0.1, 1.0]], "stay": 5,
}  # fmt: skip
MASK = {
    "id": "m1", "kind": "mask", "name": "Neighbour",
    "points": [[0.5, 0], [1, 0], [1, 0.5]], "stay": 0,
}  # fmt: skip
LINE = {
    "id": "l1", "kind": "line", "name": "Gate", "points": [[0.2, 0.7], [0.8, 0.7]], "stay": 0,
}  # fmt: skip
OPTIONS = {"pictures": True, "areas": [ZONE, MASK, LINE]}
PATH = "binary_sensor.front_door_path"
GATE_IN, GATE_OUT = "sensor.front_door_gate_in", "sensor.front_door_gate_out"


@pytest.mark.parametrize(
    ("text", "kind", "points"),
    [
        ("10,60 45,60 45,100", Kind.ZONE, ((0.1, 0.6), (0.45, 0.6), (0.45, 1.0))),
        ("10, 60; 45 ,60\n45%,100%", Kind.MASK, ((0.1, 0.6), (0.45, 0.6), (0.45, 1.0))),
        ("(0,0) (33.33,0) (0,50.5)", Kind.ZONE, ((0, 0), (0.3333, 0), (0, 0.505))),
        ("20,70 80,70", Kind.LINE, ((0.2, 0.7), (0.8, 0.7))),
    ],
)
def test_points_are_read_however_they_are_spaced(text: str, kind: Kind, points: Any) -> None:
    assert read(text, kind) == points
    assert read(written(points), kind) == points


@pytest.mark.parametrize(
    ("text", "kind", "problem", "detail"),
    [
        ("", Kind.ZONE, AreaProblem.TOO_FEW_POINTS, "0"),
        ("10,60 45,60", Kind.ZONE, AreaProblem.TOO_FEW_POINTS, "2"),
        ("10,60", Kind.LINE, AreaProblem.NOT_TWO_POINTS, "1"),
        ("10,60 45,60 45,100", Kind.LINE, AreaProblem.NOT_TWO_POINTS, "3"),
        ("10,60 45;60 45,100", Kind.ZONE, AreaProblem.BAD_POINT, "45"),
        ("10,60 4x,60 45,100", Kind.ZONE, AreaProblem.BAD_POINT, "4x,60"),
        ("10,60,70 45,60 45,100", Kind.ZONE, AreaProblem.BAD_POINT, "10,60,70"),
        ("left half", Kind.ZONE, AreaProblem.BAD_POINT, "left"),
        ("10,60 101,60 45,100", Kind.ZONE, AreaProblem.OUTSIDE, "101,60"),
        ("10,60 -1,60 45,100", Kind.MASK, AreaProblem.OUTSIDE, "-1,60"),
        ("10,10 50,50 90,90", Kind.ZONE, AreaProblem.NO_AREA, ""),
        ("10,10 10,10 10,10", Kind.ZONE, AreaProblem.NO_AREA, ""),
        # A bent hair: its corners span much, and it encloses next to nothing.
        ("10,10 90,10 90,90 89.99,90 89.99,10.01 10,10.01", Kind.ZONE, AreaProblem.NO_AREA, ""),
        ("10,10 90,90 90,10 10,90", Kind.ZONE, AreaProblem.CROSSING, ""),
        ("50,50 50,50", Kind.LINE, AreaProblem.NO_LENGTH, ""),
    ],
)
def test_impossible_shapes_are_reported_with_the_wrong_part(
    text: str, kind: Kind, problem: AreaProblem, detail: str
) -> None:
    with pytest.raises(AreaError) as caught:
        read(text, kind)
    assert (caught.value.problem, caught.value.detail) == (problem, detail)


@pytest.mark.parametrize("filler", [" ", ",", "(", "1,1 ", ", "])
def test_a_text_without_end_is_not_parsed(filler: str) -> None:
    with pytest.raises(AreaError) as caught:
        read(filler * 1_000_000, Kind.ZONE)
    assert caught.value.problem is AreaProblem.TOO_MANY_POINTS


def test_there_may_not_be_too_many_points() -> None:
    corners = [(0.9 * number / MOST_POINTS, 0.1) for number in range(MOST_POINTS)]
    with pytest.raises(AreaError) as caught:
        check_polygon([*corners, (0.5, 0.9)])
    assert caught.value.problem is AreaProblem.TOO_MANY_POINTS
    check_polygon([*[(x, 0.1 + x * x / 2) for x, _ in corners[1:]], (0.0, 0.9)])


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("  ", AreaProblem.NO_NAME),
        ("x" * 41, AreaProblem.LONG_NAME),
        (" pATH ", AreaProblem.NAME_TAKEN),
    ],
)
def test_a_name_is_there_not_too_long_and_not_taken(name: str, problem: AreaProblem) -> None:
    with pytest.raises(AreaError) as caught:
        check_name(name, areas_of(OPTIONS))
    assert caught.value.problem is problem


def test_a_name_loses_its_stray_spaces() -> None:
    assert check_name("  The   gate ", ()) == "The gate"


@pytest.mark.parametrize("name", POLYGONS)
def test_every_ready_made_polygon_can_be_drawn(name: str) -> None:
    assert read(written(POLYGONS[name]), Kind.ZONE) == POLYGONS[name]


@pytest.mark.parametrize("name", LINES)
def test_every_ready_made_line_can_be_drawn(name: str) -> None:
    assert read(written(LINES[name]), Kind.LINE) == LINES[name]


def test_options_hold_areas_as_they_were() -> None:
    assert [area.as_dict() for area in areas_of(OPTIONS)] == OPTIONS["areas"]
    assert areas_of({}) == ()


def test_the_watch_gets_all_options() -> None:
    chosen = settings_of(
        {
            **OPTIONS,
            "sensitivity": {
                "day": "high", "night": "own", "smallest": 0.1, "largest": 0.9,
                "enter_night": 0.3, "confirm_night": 0.35,
            },
        }
    )  # fmt: skip
    (path,) = chosen.zones
    assert path == Zone(
        zone_id="z1", points=((0.1, 0.6), (0.45, 0.6), (0.45, 1.0), (0.1, 1.0)), stay=5
    )
    assert chosen.masks == (Mask(points=((0.5, 0), (1, 0), (1, 0.5))),)
    assert chosen.lines == (Line(line_id="l1", start=(0.2, 0.7), end=(0.8, 0.7)),)
    high = SENSITIVITIES["high"]
    assert chosen.day == Rules(enter=high.enter, confirm=high.confirm, smallest=0.1, largest=0.9)
    assert chosen.night == Rules(enter=0.3, confirm=0.35, smallest=0.1, largest=0.9)
    assert settings_of({}).day == settings_of({}).night == BALANCED


def pixels(picture: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(picture)).convert("RGB")).astype(int)


def test_a_drawing_shows_the_picture_and_what_is_drawn_on_it() -> None:
    areas = areas_of(OPTIONS)
    bare, drawn = pixels(draw(jpeg("navy"), ())), pixels(draw(jpeg("navy"), areas))
    assert bare.shape == drawn.shape == (540, WIDTH, 3)
    assert bare[45, 45] == pytest.approx([0, 0, 128], abs=8)
    # The zone's border and the line.
    assert drawn[430, 431] == pytest.approx(COLOURS[Kind.ZONE], abs=60)
    assert drawn[378, 700] == pytest.approx(COLOURS[Kind.LINE], abs=60)
    assert np.abs(drawn - bare)[20:250, 720:940].mean() > 10
    # The arrow points to the line's right: down.
    assert np.abs(drawn - bare)[385:425, 475:486].mean() > 40
    assert np.abs(drawn - bare)[330:370, 475:486].mean() < 5


@pytest.mark.parametrize("still", [None, b"no picture"])
def test_without_a_picture_the_grid_is_on_grey(still: bytes | None) -> None:
    picture = pixels(draw(still, areas_of(OPTIONS)))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture[27, 67] == pytest.approx([96, 96, 96], abs=6)
    assert picture[27, 96].min() > 110


def test_any_name_can_be_drawn() -> None:
    for name in ("Weg", "Süden", "庭", "🌻", "x" * 40):
        one = Area(area_id="a", kind=Kind.LINE, name=name, points=((0.98, 0.01), (1.0, 0.5)))
        assert draw(None, [one], "a").startswith(b"\xff\xd8")


async def set_up(hass: HomeAssistant, bridges: list[FakeBridge], **options: Any) -> FakeBridge:
    entry = make_entry(options={**OPTIONS, **options})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    return bridges[0]


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


def cross(bridge: FakeBridge, line_id: str = "l1", *, inward: bool = True) -> None:
    bridge.listener(LineCrossed(camera_id=ENTRY_ID, line_id=line_id, inward=inward, at=1.0))


async def test_the_worker_gets_the_drawn_areas(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    bridge = await set_up(hass, bridges)
    assert bridge.cameras[ENTRY_ID].settings == settings_of(OPTIONS)


async def test_a_zone_is_unknown_until_a_frame_was_analyzed_then_shows_its_people(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    bridge = await set_up(hass, bridges)
    bridge.up()
    assert state(hass, PATH) == STATE_UNKNOWN
    bridge.status(people=None, zones=None)
    assert state(hass, PATH) == STATE_UNKNOWN
    bridge.visit(VisitPhase.ARRIVED)
    bridge.status(people=2, zones={"z1": 0})
    assert state(hass, PATH) == STATE_OFF
    bridge.status(people=2, zones={"z1": 2})
    found = hass.states.get(PATH)
    assert found is not None
    assert (found.state, found.attributes["people"]) == (STATE_ON, 2)
    assert found.attributes["device_class"] == "occupancy"
    assert found.name == "Front door Path"
    bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.ENDED))
    assert state(hass, PATH) == STATE_UNAVAILABLE


async def test_a_line_counts_each_way_also_while_its_stream_is_away(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    bridge = await set_up(hass, bridges)
    assert (state(hass, GATE_IN), state(hass, GATE_OUT)) == ("0", "0")
    bridge.up()
    for inward in (True, True, False):
        cross(bridge, inward=inward)
    cross(bridge, "another")
    assert (state(hass, GATE_IN), state(hass, GATE_OUT)) == ("2", "1")
    bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.ENDED))
    cross(bridge)
    assert state(hass, GATE_IN) == "3"
    found = hass.states.get(GATE_IN)
    assert found is not None
    assert found.attributes["state_class"] == "total_increasing"


async def test_totals_go_on_after_a_restart_and_are_written_at_once(
    hass: HomeAssistant, bridges: list[FakeBridge], hass_storage: dict[str, Any]
) -> None:
    file = f"porchlight/{ENTRY_ID}/crossings"
    kept = {"l1": {"in": 41, "out": 7}, "deleted": {"in": 5, "out": 5}}
    hass_storage[file] = {"version": 1, "minor_version": 1, "key": file, "data": kept}
    bridge = await set_up(hass, bridges)
    assert (state(hass, GATE_IN), state(hass, GATE_OUT)) == ("41", "7")
    cross(bridge)
    assert state(hass, GATE_IN) == "42"
    async_fire_time_changed(hass, utcnow() + timedelta(seconds=DELAY + 1))
    await hass.async_block_till_done()
    assert hass_storage[file]["data"] == {"l1": {"in": 42, "out": 7}}


async def test_crossings_count_also_while_the_counter_is_disabled(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    bridge = await set_up(hass, bridges)
    registry = er.async_get(hass)
    registry.async_update_entity(GATE_IN, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.async_block_till_done()
    cross(bridge)
    registry.async_update_entity(GATE_IN, disabled_by=None)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert state(hass, GATE_IN) == "1"


async def test_totals_go_on_after_a_reload(hass: HomeAssistant, bridges: list[FakeBridge]) -> None:
    bridge = await set_up(hass, bridges)
    cross(bridge)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert state(hass, GATE_IN) == "1"
    cross(bridge)
    assert (state(hass, GATE_IN), state(hass, GATE_OUT)) == ("2", "0")


async def test_the_entities_of_what_is_deleted_go_and_the_others_stay(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    await set_up(hass, bridges)
    registry = er.async_get(hass)
    before = {one.entity_id for one in er.async_entries_for_config_entry(registry, ENTRY_ID)}
    entry = hass.config_entries.async_get_entry(ENTRY_ID)
    assert entry is not None
    hass.config_entries.async_update_entry(entry, options={**OPTIONS, "areas": [ZONE]})
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    after = {one.entity_id for one in er.async_entries_for_config_entry(registry, ENTRY_ID)}
    assert before - after == {GATE_IN, GATE_OUT}
    assert after < before


async def test_a_renamed_zone_keeps_its_entity(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    await set_up(hass, bridges, areas=[{**ZONE, "name": "Way"}])
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("binary_sensor", DOMAIN, f"{MAC}_zone_z1") is not None
    entry = hass.config_entries.async_get_entry(ENTRY_ID)
    assert entry is not None
    hass.config_entries.async_update_entry(entry, options=OPTIONS)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    found = hass.states.get("binary_sensor.front_door_way")
    assert found is not None
    assert found.name == "Front door Path"


async def test_events_name_the_zones_of_a_visit_in_their_order(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    other = {**ZONE, "id": "z2", "name": "Lawn"}
    bridge = await set_up(hass, bridges, areas=[ZONE, other])
    bridge.up()
    changes = async_capture_events(hass, "state_changed")
    bridge.visit(VisitPhase.ARRIVED)
    bridge.visit(VisitPhase.LEFT, zones=("z2", "gone", "z1"))
    await hass.async_block_till_done()
    reported = [
        change.data["new_state"].attributes["zones"]
        for change in changes
        if change.data["entity_id"] == "event.front_door_person"
    ]
    assert reported == [[], ["Lawn", "Path"]]
