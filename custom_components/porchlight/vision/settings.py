"""What a user chooses for one camera, in fractions of the picture."""

from __future__ import annotations

from dataclasses import dataclass

type Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon where presence counts, once a person has stood in it for so many seconds."""

    zone_id: str
    points: tuple[Point, ...]
    stay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A polygon that is never looked at nor kept."""

    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line whose crossings count: towards its right, as it runs, is in, towards its left out."""

    line_id: str
    start: Point
    end: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When something is a person: scores that begin a track and confirm it, heights it may have.

    Heights are shares of the picture's.
    """

    enter: float = 0.4
    confirm: float = 0.5
    smallest: float = 0.0
    largest: float = 1.0


BALANCED = Rules()
# What people choose among: fewer false alarms against fewer people missed.
SENSITIVITIES = {
    "low": Rules(enter=0.6, confirm=0.7),
    "balanced": BALANCED,
    "high": Rules(enter=0.3, confirm=0.4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one camera is watched, by daylight and in the dark."""

    zones: tuple[Zone, ...] = ()
    masks: tuple[Mask, ...] = ()
    lines: tuple[Line, ...] = ()
    day: Rules = BALANCED
    night: Rules = BALANCED


DEFAULT = Settings()
