from __future__ import annotations

from itertools import count

import pytest
from porchlight.vision.life import Life
from porchlight.vision.settings import Line, Rules, Settings, Zone
from porchlight.vision.tracks import Track
from porchlight.vision.types import Box, Detection
from porchlight.vision.visits import Arrived, Changed, Left
from porchlight.vision.watch import Watch
from porchlight.vision.zones import LOOKS_TO_ENTER, LOOKS_TO_LEAVE, Areas, Crossing, feet

from .people import box, painted, person, stirring

LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
STRIP = ((0.0, 0.95), (1.0, 0.95), (1.0, 1.0), (0.0, 1.0))
# From left to right: below it is in.
LINE = Line(line_id="gate", start=(0.0, 0.5), end=(1.0, 0.5))
DOOR = Line(line_id="door", start=(0.4, 0.5), end=(0.6, 0.5))


class Walk:
    """One person's feet, look by look."""

    def __init__(self, settings: Settings, *, confirmed: bool = True, height: float = 0.25) -> None:
        self.areas = Areas(settings)
        self.at = 100.0
        self.crossings: list[Crossing] = []
        self.height = height
        start = box(0.5, height=height)
        self.track = Track(
            1, start, [0.8], self.at, self.at, self.at, Life(start, self.at), confirmed=confirmed
        )

    def to(self, *points: tuple[float, float], seconds: float = 0.4) -> dict[str, int]:
        """Be seen with the feet at these points, one after the other."""
        for x, y in points:
            self.at += seconds
            self.track.box = box(x, y - self.height / 2, height=self.height)
            self.track.last_seen = self.at
            self.look()
        return self.areas.people

    def unseen(self, looks: int) -> dict[str, int]:
        for _ in range(looks):
            self.at += 0.4
            self.track.miss(self.at)
            self.look()
        return self.areas.people

    def look(self) -> None:
        self.crossings += self.areas.look([self.track], self.at)

    @property
    def ways(self) -> list[bool]:
        return [crossing.inward for crossing in self.crossings]


def zoned(stay: float = 0.0) -> Settings:
    return Settings(zones=(Zone(zone_id="path", points=LEFT_HALF, stay=stay),))


INSIDE, OUTSIDE = (0.3, 0.6), (0.7, 0.6)


def test_feet_count_and_not_the_middle_of_the_box() -> None:
    lower = Settings(zones=(Zone(zone_id="low", points=((0, 0.6), (1, 0.6), (1, 1), (0, 1))),))
    walk = Walk(lower, height=0.5)
    assert walk.to((0.5, 0.7), (0.5, 0.7)) == {"low": 1}
    assert Walk(lower, height=0.5).to((0.5, 0.58), (0.5, 0.58)) == {"low": 0}


def test_entering_and_leaving_a_zone_takes_several_looks_in_a_row() -> None:
    walk = Walk(zoned())
    assert walk.to(*[INSIDE] * (LOOKS_TO_ENTER - 1)) == {"path": 0}
    assert walk.to(INSIDE) == {"path": 1}
    assert walk.to(*[OUTSIDE] * (LOOKS_TO_LEAVE - 1)) == {"path": 1}
    assert walk.to(OUTSIDE) == {"path": 0}


def test_a_jittering_box_at_the_border_does_not_flicker() -> None:
    walk = Walk(zoned())
    walk.to(INSIDE, INSIDE)
    seen = [walk.to(point)["path"] for point in [OUTSIDE, INSIDE, OUTSIDE, OUTSIDE, INSIDE] * 4]
    assert set(seen) == {1}


def test_one_look_in_a_zone_is_not_yet_presence() -> None:
    walk = Walk(zoned())
    seen = [walk.to(point)["path"] for point in [INSIDE, OUTSIDE] * 5]
    assert set(seen) == {0}


def test_stepping_out_restarts_the_minimum_stay() -> None:
    walk = Walk(zoned(stay=10.0))
    walk.to(*[INSIDE] * 10, seconds=1.0)
    assert walk.areas.people == {"path": 0}
    assert walk.to(INSIDE, seconds=1.0) == {"path": 1}
    walk.to(*[OUTSIDE] * LOOKS_TO_LEAVE)
    assert walk.to(INSIDE, INSIDE, seconds=1.0) == {"path": 0}


def test_an_unseen_person_stays_in_place_until_gone() -> None:
    walk = Walk(zoned())
    walk.to(INSIDE, INSIDE)
    assert walk.unseen(5) == {"path": 1}
    walk.areas.look([], walk.at + 1)
    assert walk.areas.people == {"path": 0}


def test_a_person_lost_on_the_way_out_of_a_zone_has_left_it() -> None:
    walk = Walk(zoned())
    walk.to(INSIDE, INSIDE, OUTSIDE)
    assert walk.unseen(LOOKS_TO_LEAVE - 2) == {"path": 1}
    assert walk.unseen(1) == {"path": 0}


def test_unconfirmed_tracks_are_in_no_zone_and_cross_no_line() -> None:
    settings = Settings(zones=zoned().zones, lines=(LINE,))
    walk = Walk(settings, confirmed=False)
    walk.to((0.3, 0.3), (0.3, 0.7))
    assert (walk.areas.people, walk.crossings) == ({"path": 0}, [])
    walk.track.confirmed = True
    walk.to((0.3, 0.72))
    assert (walk.areas.people, walk.ways) == ({"path": 1}, [True])


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (Box(0.4, 0.5, 0.6, 1.02), (0.5, 0.99)),
        (Box(-0.3, 0.5, 0.1, 0.8), (0.01, 0.8)),
        (Box(0.95, -0.4, 1.2, -0.1), (0.99, 0.01)),
    ],
)
def test_feet_stay_in_the_picture(cut: Box, expected: tuple[float, float]) -> None:
    assert feet(cut) == pytest.approx(expected)


def test_a_person_cut_off_by_the_lower_border_stands_there() -> None:
    walk = Walk(Settings(zones=(Zone(zone_id="step", points=STRIP),)))
    assert walk.to((0.5, 1.1), (0.5, 1.1)) == {"step": 1}


def test_a_crossing_to_the_right_of_the_line_is_in_and_back_is_out() -> None:
    walk = Walk(Settings(lines=(LINE,)))
    walk.to((0.5, 0.3), (0.5, 0.45), (0.5, 0.55), (0.5, 0.7))
    assert walk.ways == [True]
    assert walk.crossings[0].line_id == "gate"
    walk.to((0.5, 0.3))
    assert walk.ways == [True, False]


def test_the_direction_is_the_line_s_own() -> None:
    turned = Line(line_id="gate", start=LINE.end, end=LINE.start)
    walk = Walk(Settings(lines=(turned,)))
    walk.to((0.5, 0.3), (0.5, 0.7))
    assert walk.ways == [False]


def test_dithering_on_a_line_counts_once_for_each_real_crossing() -> None:
    walk = Walk(Settings(lines=(LINE,)))
    walk.to((0.5, 0.3))
    walk.to(*[(0.5, 0.497), (0.5, 0.503)] * 8)
    assert walk.ways == []
    walk.to((0.5, 0.7))
    assert walk.ways == [True]
    walk.to(*[(0.5, 0.503), (0.5, 0.497)] * 8, (0.5, 0.7))
    assert walk.ways == [True]


def test_a_lost_person_who_reappears_across_the_line_counts() -> None:
    walk = Walk(Settings(lines=(LINE,)))
    walk.to((0.5, 0.4))
    walk.unseen(8)
    assert walk.ways == []
    walk.to((0.52, 0.6))
    assert walk.ways == [True]


def test_walking_past_a_line_s_end_is_not_a_crossing() -> None:
    walk = Walk(Settings(lines=(DOOR,)))
    walk.to((0.2, 0.3), (0.2, 0.7))
    assert walk.ways == []
    walk.to((0.5, 0.7), (0.5, 0.3))
    assert walk.ways == [False]


def test_forgotten_people_are_in_no_zone_and_cross_no_line() -> None:
    walk = Walk(Settings(zones=zoned().zones, lines=(LINE,)))
    walk.to((0.3, 0.3), (0.3, 0.3))
    assert walk.areas.people == {"path": 1}
    walk.areas.clear()
    assert walk.areas.people == {"path": 0}
    walk.to((0.3, 0.7))
    assert walk.ways == []


class Scene:
    """A watch that looks at everything."""

    def __init__(self, settings: Settings) -> None:
        numbers = count(1)
        self.watch = Watch(lambda: str(next(numbers)), settings=settings)
        self.at = 100.0
        self.crossings: list[Crossing] = []

    def see(
        self, *people: Detection, looks: int = 1, leaving: Detection | None = None
    ) -> list[object]:
        events: list[object] = []
        for number in range(looks):
            self.at += 0.4
            self.watch.see(stirring(leaving.box, number) if leaving else painted(*people), self.at)
            look = self.watch.look(people, self.at)
            events += look.events
            self.crossings += look.crossings
        return events


def walking(start: float, end: float, y: float = 0.5, score: float = 0.8) -> list[Detection]:
    steps = round(abs(end - start) / 0.05)
    return [person(start + (end - start) * i / steps, y, score) for i in range(steps + 1)]


def test_a_visit_lists_the_zones_in_the_order_of_presence() -> None:
    right = Zone(zone_id="lawn", points=((0.5, 0), (1, 0), (1, 1), (0.5, 1)))
    scene = Scene(Settings(zones=(right, *zoned().zones)))
    events = [event for step in walking(0.1, 0.9) for event in scene.see(step)]
    arrived, changed = events
    assert isinstance(arrived, Arrived)
    assert arrived.visit.zones == ("path",)
    assert isinstance(changed, Changed)
    assert changed.visit.zones == ("path", "lawn")
    (uncounted, left) = scene.see(looks=20, leaving=person(0.9))
    assert isinstance(uncounted, Changed)
    assert uncounted.visit.count == 0
    assert isinstance(left, Left)
    assert left.visit.zones == ("path", "lawn")
    assert scene.watch.zones == {"lawn": 0, "path": 0}


def test_a_watch_that_pauses_leaves_no_zone_occupied() -> None:
    scene = Scene(zoned())
    for step in walking(0.1, 0.4):
        scene.see(step)
    assert scene.watch.zones == {"path": 1}
    scene.watch.pause()
    assert scene.watch.zones == {"path": 0}


STRICT = Rules(enter=0.7, confirm=0.85)


@pytest.mark.parametrize(("spread", "visits"), [(20.0, 1), (0.0, 0)])
def test_rules_follow_the_light(spread: float, visits: int) -> None:
    scene = Scene(Settings(night=STRICT))
    scene.watch.daylight.measure(spread, 100.0)
    events = [event for step in walking(0.1, 0.9) for event in scene.see(step)]
    assert sum(isinstance(event, Arrived) for event in events) == visits


@pytest.mark.parametrize(
    ("rules", "visits"),
    [
        (Rules(), 1),
        (Rules(confirm=0.56), 0),
        (Rules(smallest=0.4), 0),
        (Rules(largest=0.2), 0),
        (Rules(smallest=0.2, largest=0.4), 1),
        (Rules(enter=0.56), 0),
    ],
)
def test_scores_and_heights_decide_what_is_a_person(rules: Rules, visits: int) -> None:
    scene = Scene(Settings(day=rules))
    events = [event for step in walking(0.1, 0.9, score=0.55) for event in scene.see(step)]
    assert sum(isinstance(event, Arrived) for event in events) == visits
