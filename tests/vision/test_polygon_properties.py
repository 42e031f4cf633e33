"""Invariants of polygons and lines, however they are drawn."""

from __future__ import annotations

import pytest
from porchlight.vision.polygons import area, crossed_at, distance, inside, meet, tangled, turn

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import assume, given, settings
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

type Point = tuple[float, float]

# So coarse that sums and products are exact, and coincidences common.
STEPS = st.integers(0, 16).map(lambda step: step / 16)
POINTS = st.tuples(STEPS, STEPS)
POLYGONS = st.lists(POINTS, min_size=3, max_size=7)
TRIANGLES = st.tuples(POINTS, POINTS, POINTS).filter(lambda one: turn(*one) != 0)
SHIFTS = st.tuples(st.integers(-16, 16), st.integers(-16, 16)).map(
    lambda shift: (shift[0] / 16, shift[1] / 16)
)


def moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]


def transposed(point: Point) -> Point:
    return point[1], point[0]


def drawn_otherwise(polygon: list[Point], start: int) -> list[list[Point]]:
    """The same polygon, begun elsewhere and drawn the other way round."""
    start %= len(polygon)
    turned = polygon[start:] + polygon[:start]
    return [turned, turned[::-1]]


@settings(max_examples=200, deadline=None)
@given(POINTS, POINTS, POINTS, SHIFTS)
def test_a_side_depends_on_the_way_a_line_runs_and_not_on_where_it_is(
    start: Point, end: Point, point: Point, by: Point
) -> None:
    side = turn(start, end, point)
    assert turn(end, start, point) == -side
    assert turn(end, point, start) == side
    assert turn(moved(start, by), moved(end, by), moved(point, by)) == side
    assert turn(transposed(start), transposed(end), transposed(point)) == -side


@settings(max_examples=200, deadline=None)
@given(POINTS, POINTS, POINTS)
def test_a_point_is_away_from_a_line_unless_it_lies_on_it(
    start: Point, end: Point, point: Point
) -> None:
    away = distance(start, end, point)
    assert away == distance(end, start, point)
    assert (away > 0) == (turn(start, end, point) != 0)
    if start != end:
        assert away <= ((point[0] - start[0]) ** 2 + (point[1] - start[1]) ** 2) ** 0.5 + 1e-12


@settings(max_examples=200, deadline=None)
@given(POLYGONS, SHIFTS, st.integers(0, 6))
def test_an_area_is_the_same_wherever_it_lies_and_however_it_is_drawn(
    polygon: list[Point], by: Point, start: int
) -> None:
    own = area(polygon)
    assert own == area([moved(point, by) for point in polygon])
    assert all(own == area(other) for other in drawn_otherwise(polygon, start))
    if not tangled(polygon):
        (x1, x2), (y1, y2) = ((min(ends), max(ends)) for ends in zip(*polygon, strict=True))
        assert 0 <= own <= (x2 - x1) * (y2 - y1)


@settings(max_examples=300, deadline=None)
@given(POLYGONS, POINTS, SHIFTS, st.integers(0, 6))
def test_to_be_inside_is_the_same_wherever_it_is_and_however_drawn(
    polygon: list[Point], point: Point, by: Point, start: int
) -> None:
    within = inside(point, polygon)
    assert within == inside(moved(point, by), [moved(corner, by) for corner in polygon])
    assert within == inside(transposed(point), [transposed(corner) for corner in polygon])
    assert all(within == inside(point, other) for other in drawn_otherwise(polygon, start))


@settings(max_examples=200, deadline=None)
@given(POLYGONS, POINTS)
def test_what_is_inside_is_within_the_corners_and_the_border_belongs_to_it(
    polygon: list[Point], point: Point
) -> None:
    (x1, x2), (y1, y2) = ((min(ends), max(ends)) for ends in zip(*polygon, strict=True))
    if not (x1 <= point[0] <= x2 and y1 <= point[1] <= y2):
        assert not inside(point, polygon)
    assert all(inside(corner, polygon) for corner in polygon)
    (one, other, *_) = polygon
    assert inside(((one[0] + other[0]) / 2, (one[1] + other[1]) / 2), polygon)


@settings(max_examples=200, deadline=None)
@given(TRIANGLES, POINTS)
def test_a_triangle_holds_what_is_on_the_same_side_of_all_its_edges(
    triangle: tuple[Point, Point, Point], point: Point
) -> None:
    a, b, c = triangle
    sides = [turn(*edge, point) for edge in ((a, b), (b, c), (c, a))]
    assert inside(point, triangle) == (min(sides) >= 0 or max(sides) <= 0)
    assert not tangled(triangle)


@settings(max_examples=200, deadline=None)
@given(POLYGONS, SHIFTS, st.integers(0, 6))
def test_a_tangled_polygon_is_tangled_wherever_it_is_and_however_drawn(
    polygon: list[Point], by: Point, start: int
) -> None:
    own = tangled(polygon)
    assert own == tangled([moved(point, by) for point in polygon])
    assert own == tangled([transposed(point) for point in polygon])
    assert all(own == tangled(other) for other in drawn_otherwise(polygon, start))


@settings(max_examples=200, deadline=None)
@given(TRIANGLES, st.integers(1, 16), st.integers(1, 16))
def test_swapping_two_corners_tangles_a_convex_polygon(
    triangle: tuple[Point, Point, Point], across: int, out: int
) -> None:
    a, b, c = triangle
    # Beyond the edge from b to c as seen from a, and not beyond the other two.
    along = across / 17
    edge = (b[0] + along * (c[0] - b[0]), b[1] + along * (c[1] - b[1]))
    further = 1 + out / 64
    d = (a[0] + further * (edge[0] - a[0]), a[1] + further * (edge[1] - a[1]))
    assert not tangled([a, b, d, c])
    assert tangled([a, d, b, c])


@settings(max_examples=200, deadline=None)
@given(POINTS, POINTS, POINTS, POINTS)
def test_to_meet_is_mutual(one: Point, to: Point, other: Point, end: Point) -> None:
    met = meet(one, to, other, end)
    assert (
        met == meet(other, end, one, to) == meet(to, one, other, end) == meet(one, to, end, other)
    )
    assert meet(one, to, to, end)


@settings(max_examples=300, deadline=None)
@given(POINTS, POINTS, POINTS, POINTS)
def test_a_path_crosses_a_line_where_both_are(
    start: Point, end: Point, point: Point, to: Point
) -> None:
    before, after = turn(start, end, point), turn(start, end, to)
    assume(before * after < 0)
    share = crossed_at(start, end, point, to)
    there = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
    assert distance(point, to, there) == pytest.approx(0, abs=1e-9)
    assert crossed_at(end, start, point, to) == pytest.approx(1 - share)
    assert crossed_at(start, end, to, point) == pytest.approx(share)
    # The line is crossed between its ends if it and the path meet, and only then.
    assert (-1e-9 <= share <= 1 + 1e-9) == meet(start, end, point, to)
