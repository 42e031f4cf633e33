"""Invariants of zones and lines for any detections at any time."""

from __future__ import annotations

from itertools import count, pairwise

import pytest
from porchlight.vision.polygons import turn
from porchlight.vision.settings import Line, Settings, Zone
from porchlight.vision.tracks import GONE_STILL
from porchlight.vision.types import Box, Detection
from porchlight.vision.watch import Watch
from porchlight.vision.zones import BEYOND, Areas, Crossing

from .people import painted
from .test_zones import Walk

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import assume, given, settings
from hypothesis import strategies as st

SHARES = st.floats(0, 1, width=32)
POINTS = st.tuples(SHARES, SHARES)
PLACES = st.sampled_from([Box(0.1 * i, 0.2, 0.1 * i + 0.15, 0.7) for i in range(9)])
BOXES = st.builds(Box, SHARES, SHARES, SHARES, SHARES)
DETECTIONS = st.lists(st.builds(Detection, BOXES | PLACES, SHARES), max_size=4)
GAPS = st.sampled_from([-5.0, 0.0, 0.05, 0.2, 0.2, 1.0, 7.0, 500.0])
LOOKS = st.lists(st.tuples(GAPS, DETECTIONS), max_size=30)
DRAWN = st.builds(
    lambda polygon, stay, start, end: Settings(
        zones=(Zone(zone_id="z", points=tuple(polygon), stay=stay),),
        lines=(Line(line_id="l", start=start, end=end),),
    ),
    st.lists(POINTS, min_size=3, max_size=6),
    st.sampled_from([0.0, 1.0, 30.0]),
    POINTS,
    POINTS,
)
# From border to border, so that every path from one side to the other crosses it.
THROUGH = st.builds(
    lambda one, other, upright: (
        Line(line_id="l", start=(one, 0), end=(other, 1))
        if upright
        else Line(line_id="l", start=(0, one), end=(1, other))
    ),
    SHARES,
    SHARES,
    st.booleans(),
)

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)


@settings(max_examples=150, deadline=None)
@given(DRAWN, LOOKS)
def test_presence_ends_when_the_people_are_gone(
    drawn: Settings, looks: list[tuple[float, list[Detection]]]
) -> None:
    numbers = count(1)
    watch = Watch(lambda: str(next(numbers)), settings=drawn)
    at = latest = 1000.0
    for gap, detections in [*looks, *[(0.0, [])] * 10]:
        at += gap
        latest = max(at, latest)
        watch.see(painted(*detections), at)
        look = watch.look(detections, at)
        assert 0 <= watch.zones["z"] <= len(watch.people)
        assert all(crossing.line_id == "l" for crossing in look.crossings)
    # Nothing moves in these pictures, so standing people are waited for.
    for number in range(10):
        watch.look([], latest + GONE_STILL + number + 1.0)
    assert watch.zones == {"z": 0}


@settings(max_examples=200, deadline=None)
@given(THROUGH, st.lists(POINTS, min_size=1, max_size=30))
def test_crossings_in_minus_crossings_out_match_the_side(
    line: Line, points: list[tuple[float, float]]
) -> None:
    walk = Walk(Settings(lines=(line,)), height=0.1)
    # Feet count only within the picture.
    within = [(min(max(x, 0.01), 0.99), min(max(y, 0.01), 0.99)) for x, y in points]
    assume(line.start != line.end)
    walk.to(*within)
    sides = [turn(line.start, line.end, point) > 0 for point in within]
    net = sum(1 if inward else -1 for inward in walk.ways)
    # A person who is not clearly on one side at the end still counts as on the previous one.
    if abs(turn(line.start, line.end, within[-1])) > 2 * BEYOND:
        assert net == int(sides[-1]) - int(sides[0])
    assert all(one != other for one, other in pairwise(walk.ways))


@settings(max_examples=100, deadline=None)
@given(DRAWN, st.lists(st.tuples(GAPS, POINTS), max_size=20))
def test_a_clock_that_is_set_harms_nothing(
    drawn: Settings, steps: list[tuple[float, tuple[float, float]]]
) -> None:
    walk = Walk(drawn)
    for gap, point in steps:
        walk.to(point, seconds=gap)
    found: tuple[Crossing, ...] = Areas(drawn).look([], walk.at)
    assert found == ()
