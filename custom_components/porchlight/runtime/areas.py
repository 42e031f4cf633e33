"""Zones, masks and lines: what a user draws and a camera's options store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ..const import CONF_AREAS
from ..vision.polygons import area, tangled
from ..vision.settings import Line, Mask, Point, Zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_AREAS = 20
MOST_POINTS = 40
LONGEST_NAME = 40
# Characters of a list of points: more than MOST_POINTS need.
LONGEST_TEXT = 2000
LONGEST_STAY = 3600
# A polygon's least share of the picture, and a line's least length.
LEAST_AREA = 0.0005
LEAST_LENGTH = 0.02
_HALF, _THIRD, _THIRDS = 0.5, 0.3333, 0.6667
_POINT = re.compile(r"([-+]?\d+(?:\.\d+)?)%?,([-+]?\d+(?:\.\d+)?)%?")


class Kind(StrEnum):
    """What an area is for."""

    ZONE = "zone"
    MASK = "mask"
    LINE = "line"


class AreaProblem(StrEnum):
    """The problems that a drawn area can have; the keys of their texts."""

    NO_NAME = "no_name"
    LONG_NAME = "long_name"
    NAME_TAKEN = "name_taken"
    BAD_POINT = "bad_point"
    TOO_FEW_POINTS = "too_few_points"
    NOT_TWO_POINTS = "not_two_points"
    TOO_MANY_POINTS = "too_many_points"
    OUTSIDE = "outside"
    NO_AREA = "no_area"
    NO_LENGTH = "no_length"
    CROSSING = "crossing"
    TOO_MANY_AREAS = "too_many_areas"


class AreaError(Exception):
    """A drawn area is invalid; handled by the options flow. `detail` names the wrong part."""

    def __init__(self, problem: AreaProblem, detail: str = "") -> None:
        super().__init__(f"{problem}: {detail}" if detail else problem)
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A zone, a mask or a line; points in fractions of the picture, stay in seconds."""

    area_id: str
    kind: Kind
    name: str
    points: tuple[Point, ...]
    stay: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The area as options store it."""
        return {
            "id": self.area_id,
            "kind": self.kind.value,
            "name": self.name,
            "points": [list(point) for point in self.points],
            "stay": self.stay,
        }


def _box(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    return (left, top), (right, top), (right, bottom), (left, bottom)


POLYGONS: Mapping[str, tuple[Point, ...]] = {
    "whole": _box(0, 0, 1, 1),
    "left_half": _box(0, 0, _HALF, 1),
    "right_half": _box(_HALF, 0, 1, 1),
    "upper_half": _box(0, 0, 1, _HALF),
    "lower_half": _box(0, _HALF, 1, 1),
    "left_third": _box(0, 0, _THIRD, 1),
    "middle_third": _box(_THIRD, 0, _THIRDS, 1),
    "right_third": _box(_THIRDS, 0, 1, 1),
    "upper_third": _box(0, 0, 1, _THIRD),
    "lower_third": _box(0, _THIRDS, 1, 1),
}
# In is downwards or to the left.
LINES: Mapping[str, tuple[Point, ...]] = {
    "across_upper": ((0, _THIRD), (1, _THIRD)),
    "across_middle": ((0, _HALF), (1, _HALF)),
    "across_lower": ((0, _THIRDS), (1, _THIRDS)),
    "down_left": ((_THIRD, 0), (_THIRD, 1)),
    "down_middle": ((_HALF, 0), (_HALF, 1)),
    "down_right": ((_THIRDS, 0), (_THIRDS, 1)),
}


def presets(kind: Kind) -> Mapping[str, tuple[Point, ...]]:
    """Ready-made points of a kind of area, by name."""
    return LINES if kind is Kind.LINE else POLYGONS


def areas_of(options: Mapping[str, Any]) -> tuple[Area, ...]:
    """A camera's areas, in the order in which they were drawn."""
    return tuple(
        Area(
            area_id=kept["id"],
            kind=Kind(kept["kind"]),
            name=kept["name"],
            points=tuple((float(x), float(y)) for x, y in kept["points"]),
            stay=float(kept["stay"]),
        )
        for kept in options.get(CONF_AREAS, ())
    )


def of_kind(areas: Iterable[Area], kind: Kind) -> tuple[Area, ...]:
    """Those of one kind."""
    return tuple(one for one in areas if one.kind is kind)


def zones(areas: Iterable[Area]) -> tuple[Zone, ...]:
    """The zones among areas, as settings of the watch."""
    return tuple(
        Zone(zone_id=one.area_id, points=one.points, stay=one.stay)
        for one in of_kind(areas, Kind.ZONE)
    )


def masks(areas: Iterable[Area]) -> tuple[Mask, ...]:
    """The masks among areas, as settings of the watch."""
    return tuple(Mask(points=one.points) for one in of_kind(areas, Kind.MASK))


def lines(areas: Iterable[Area]) -> tuple[Line, ...]:
    """The lines among areas, as settings of the watch."""
    return tuple(
        Line(line_id=one.area_id, start=one.points[0], end=one.points[1])
        for one in of_kind(areas, Kind.LINE)
    )


def written(points: Iterable[Point]) -> str:
    """Points as a user writes them, in percent."""
    return " ".join(f"{_percent(x)},{_percent(y)}" for x, y in points)


def read(text: str, kind: Kind) -> tuple[Point, ...]:
    """The points of a text like "10,60 45,60 45,100". Raises AreaError."""
    if len(text) > LONGEST_TEXT:
        raise AreaError(AreaProblem.TOO_MANY_POINTS, str(MOST_POINTS))
    points = tuple(_point(part) for part in _parts(text))
    if kind is Kind.LINE:
        check_line(points)
    else:
        check_polygon(points)
    return points


def check_line(points: Sequence[Point]) -> None:
    """Raises AreaError if these points are not a valid line."""
    if len(points) != 2:  # noqa: PLR2004 - a line has two ends
        raise AreaError(AreaProblem.NOT_TWO_POINTS, str(len(points)))
    (x1, y1), (x2, y2) = points
    if (x2 - x1) ** 2 + (y2 - y1) ** 2 < LEAST_LENGTH**2:
        raise AreaError(AreaProblem.NO_LENGTH)


def check_polygon(points: Sequence[Point]) -> None:
    """Raises AreaError if these points are not a valid polygon."""
    if len(points) < 3:  # noqa: PLR2004 - the least that has an area
        raise AreaError(AreaProblem.TOO_FEW_POINTS, str(len(points)))
    if len(points) > MOST_POINTS:
        raise AreaError(AreaProblem.TOO_MANY_POINTS, str(MOST_POINTS))
    # First, because points in one line also count as edges that cross.
    if all(abs(area((points[0], one, other))) < LEAST_AREA for one in points for other in points):
        raise AreaError(AreaProblem.NO_AREA)
    if tangled(points):
        raise AreaError(AreaProblem.CROSSING)
    if area(points) < LEAST_AREA:
        raise AreaError(AreaProblem.NO_AREA)


def check_name(name: str, others: Iterable[Area]) -> str:
    """The name without stray spaces. Raises AreaError."""
    name = " ".join(name.split())
    if not name:
        raise AreaError(AreaProblem.NO_NAME)
    if len(name) > LONGEST_NAME:
        raise AreaError(AreaProblem.LONG_NAME, str(LONGEST_NAME))
    if any(one.name.casefold() == name.casefold() for one in others):
        raise AreaError(AreaProblem.NAME_TAKEN, name)
    return name


def _parts(text: str) -> list[str]:
    """One part for each point, without spaces and brackets."""
    words = re.sub(r"[;()\[\]]", " ", text).replace(",", " , ").split()
    return " ".join(words).replace(" , ", ",").split()


def _point(part: str) -> Point:
    if (found := _POINT.fullmatch(part)) is None:
        raise AreaError(AreaProblem.BAD_POINT, part[:LONGEST_NAME])
    x, y = float(found[1]) / 100, float(found[2]) / 100
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise AreaError(AreaProblem.OUTSIDE, part[:LONGEST_NAME])
    return round(x, 4), round(y, 4)


def _percent(share: float) -> str:
    return f"{round(share * 100, 2):g}"
