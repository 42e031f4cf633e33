"""Polygons and lines in fractions of the picture. Left and right are as seen: y runs down."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .settings import Point

# Points nearer to an edge than this lie on it.
ON_EDGE = 1e-9


def turn(start: Point, end: Point, point: Point) -> float:
    """Positive if a point is to the right of a line's direction; 0 on the line."""
    across, down = end[0] - start[0], end[1] - start[1]
    return across * (point[1] - start[1]) - down * (point[0] - start[0])


def distance(start: Point, end: Point, point: Point) -> float:
    """How far a point is from the infinite line through two others."""
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    return abs(turn(start, end, point)) / length if length else 0.0


def area(points: Sequence[Point]) -> float:
    """A polygon's share of the picture."""
    twice = sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in _edges(points))
    return abs(twice) / 2


def inside(point: Point, points: Sequence[Point]) -> bool:
    """Whether a point lies in a polygon or on its border."""
    x, y = point
    within = False
    for (x1, y1), (x2, y2) in _edges(points):
        if _on((x1, y1), (x2, y2), point):
            return True
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            within = not within
    return within


def tangled(points: Sequence[Point]) -> bool:
    """Whether a polygon's edges meet anywhere but at the ends that neighbors share."""
    edges = _edges(points)
    last = len(edges) - 1
    for (first, one), (second, other) in combinations(enumerate(edges), 2):
        if second - first == 1 or (first, second) == (0, last):
            shared = other[0] if second - first == 1 else one[0]
            loose = [end for end in (*one, *other) if end != shared]
            if any(_on(*edge, end) for edge, end in zip((other, one), loose, strict=False)):
                return True
        elif meet(*one, *other):
            return True
    return False


def meet(one: Point, to: Point, other: Point, end: Point) -> bool:
    """Whether two line segments have a point in common."""
    turns = turn(one, to, other), turn(one, to, end), turn(other, end, one), turn(other, end, to)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    return _on(one, to, other) or _on(one, to, end) or _on(other, end, one) or _on(other, end, to)


def crossed_at(start: Point, end: Point, point: Point, to: Point) -> float:
    """Where along a line, 0 at its start and 1 at its end, a path from side to side crosses it."""
    before, after = turn(start, end, point), turn(start, end, to)
    share = before / (before - after)
    x, y = point[0] + share * (to[0] - point[0]), point[1] + share * (to[1] - point[1])
    across, down = end[0] - start[0], end[1] - start[1]
    squared = across * across + down * down
    return ((x - start[0]) * across + (y - start[1]) * down) / squared


def _edges(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(pairwise([*points, points[0]])) if points else []


def _on(start: Point, end: Point, point: Point) -> bool:
    """Whether a point lies on a line segment."""
    return (
        abs(turn(start, end, point)) <= ON_EDGE
        and min(start[0], end[0]) - ON_EDGE <= point[0] <= max(start[0], end[0]) + ON_EDGE
        and min(start[1], end[1]) - ON_EDGE <= point[1] <= max(start[1], end[1]) + ON_EDGE
    )
