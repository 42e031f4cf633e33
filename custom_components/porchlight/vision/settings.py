"""What a user chooses for one camera, in fractions of the picture."""

from __future__ import annotations

from dataclasses import dataclass

type Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon; a person counts as present after standing in it for `stay` seconds."""

    zone_id: str
    points: tuple[Point, ...]
    stay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A polygon that is neither analyzed nor stored."""

    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line whose crossings are reported: to the right of its direction is in, to the left out."""

    line_id: str
    start: Point
    end: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a track is a person: the scores that begin and confirm it, and its allowed heights.

    Heights are shares of the picture's height.
    """

    enter: float = 0.4
    confirm: float = 0.5
    smallest: float = 0.0
    largest: float = 1.0


BALANCED = Rules()
# The choices of users, from fewer false alarms to fewer missed people.
SENSITIVITIES = {
    "low": Rules(enter=0.6, confirm=0.7),
    "balanced": BALANCED,
    "high": Rules(enter=0.3, confirm=0.4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one camera is watched, by day and by night."""

    zones: tuple[Zone, ...] = ()
    masks: tuple[Mask, ...] = ()
    lines: tuple[Line, ...] = ()
    day: Rules = BALANCED
    night: Rules = BALANCED


DEFAULT = Settings()
