"""Who is in which zone, and who crosses which line: decided by where people's feet are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .polygons import crossed_at, distance, inside, turn
from .settings import Point
from .types import EDGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .settings import Line, Settings, Zone
    from .tracks import Track
    from .types import Box

# Looks in a row with the feet inside before a person counts, and outside before they do not:
# boxes jitter.
LOOKS_TO_ENTER = 2
LOOKS_TO_LEAVE = 3
# How far beyond a line feet must be to have crossed it: as a share of the picture, and of the
# person's height.
BEYOND = 0.005
BEYOND_OF_HEIGHT = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A person crossed a line; `inward` is to the right of its direction."""

    line_id: str
    inward: bool
    at: float


@dataclass(slots=True)
class _Stay:
    """One person's stay in one zone; `outside`: looks in a row on which they were not in it."""

    since: float
    inside: int = 0
    outside: int = 0


@dataclass(slots=True)
class _Path:
    """One person's path near one line: the side they were clearly on, and crossings since."""

    right: bool
    last: Point
    balance: int = 0


@dataclass(slots=True)
class _Walker:
    """The zones and lines of one track; crossings wait until it is a person."""

    seen_at: float
    stays: dict[str, _Stay] = field(default_factory=dict)
    paths: dict[str, _Path] = field(default_factory=dict)
    point: Point = (0.0, 0.0)
    waiting: list[Crossing] = field(default_factory=list)


class Areas:
    """One camera's zones and lines."""

    def __init__(self, settings: Settings) -> None:
        self._zones = settings.zones
        self._lines = settings.lines
        self._walkers: dict[int, _Walker] = {}
        self.people = dict.fromkeys((zone.zone_id for zone in self._zones), 0)

    def look(self, tracks: Sequence[Track], at: float) -> tuple[Crossing, ...]:
        """Process all tracks after a look at `at` seconds; returns the crossings."""
        if not (self._zones or self._lines):
            return ()
        crossings: list[Crossing] = []
        present = dict.fromkeys(self.people, 0)
        walkers: dict[int, _Walker] = {}
        for track in tracks:
            walker = self._walkers.get(track.number)
            new = walker is None
            walker = walkers[track.number] = walker or _Walker(track.last_seen)
            if new or track.last_seen > walker.seen_at:
                self._step(walker, track, at)
            elif track.looked_at == at and track.misses:
                _lose(walker.stays)
            if track.confirmed:
                crossings += walker.waiting
                walker.waiting = []
                for zone in self._zones:
                    present[zone.zone_id] += _counts(walker.stays.get(zone.zone_id), zone, at)
        self._walkers, self.people = walkers, present
        return tuple(crossings)

    def update(self, settings: Settings) -> None:
        """Apply new zones and lines; people in a zone that remains stay in it."""
        lines = {line for line in settings.lines if line in self._lines}
        kept = {line.line_id for line in lines}
        self._zones, self._lines = settings.zones, settings.lines
        for walker in self._walkers.values():
            walker.stays = {
                zone.zone_id: stay
                for zone in self._zones
                if (stay := walker.stays.get(zone.zone_id)) and inside(walker.point, zone.points)
            }
            # Moving a line is not a crossing: each person's side is determined again.
            walker.paths = {name: path for name, path in walker.paths.items() if name in kept}
            walker.waiting = [one for one in walker.waiting if one.line_id in kept]
        self.people = {zone.zone_id: self.people.get(zone.zone_id, 0) for zone in self._zones}

    def clear(self) -> None:
        """Forget all tracks."""
        self._walkers = {}
        self.people = dict.fromkeys(self.people, 0)

    def _step(self, walker: _Walker, track: Track, at: float) -> None:
        """Record where a person is seen now."""
        point = feet(track.box)
        walker.seen_at, walker.point = track.last_seen, point
        for zone in self._zones:
            _stay(walker.stays, zone, point, at)
        clear = max(BEYOND, BEYOND_OF_HEIGHT * track.box.height)
        for line in self._lines:
            if inward := _walk(walker.paths, line, point, clear):
                walker.waiting.append(
                    Crossing(line_id=line.line_id, inward=inward > 0, at=track.last_seen)
                )


def feet(box: Box) -> Point:
    """Where a person stands: within the picture, also when its border cuts them off."""
    x, y = box.feet
    return min(max(x, EDGE), 1 - EDGE), min(max(y, EDGE), 1 - EDGE)


def _stay(stays: dict[str, _Stay], zone: Zone, point: Point, at: float) -> None:
    stay = stays.get(zone.zone_id)
    if inside(point, zone.points):
        stay = stays.setdefault(zone.zone_id, _Stay(at))
        stay.inside, stay.outside = stay.inside + 1, 0
    elif stay:
        _step_out(stays, zone.zone_id)


def _lose(stays: dict[str, _Stay]) -> None:
    """Record a look without a person: one who was leaving a zone continues to leave."""
    for zone_id in [name for name, stay in stays.items() if stay.outside]:
        _step_out(stays, zone_id)


def _step_out(stays: dict[str, _Stay], zone_id: str) -> None:
    stay = stays[zone_id]
    stay.outside += 1
    if stay.inside < LOOKS_TO_ENTER or stay.outside >= LOOKS_TO_LEAVE:
        del stays[zone_id]


def _counts(stay: _Stay | None, zone: Zone, at: float) -> bool:
    return stay is not None and stay.inside >= LOOKS_TO_ENTER and at - stay.since >= zone.stay


def _walk(paths: dict[str, _Path], line: Line, point: Point, clear: float) -> int:
    """1 if a person has now crossed a line inwards, -1 outwards, 0 if not."""
    right = turn(line.start, line.end, point) > 0
    path = paths.get(line.line_id)
    if path is None:
        paths[line.line_id] = _Path(right, point)
        return 0
    was_right = turn(line.start, line.end, path.last) > 0
    if right != was_right and 0 <= crossed_at(line.start, line.end, path.last, point) <= 1:
        path.balance += 1 if right else -1
    path.last = point
    if distance(line.start, line.end, point) < clear:
        return 0
    crossed = path.balance if right != path.right else 0
    path.right, path.balance = right, 0
    return crossed
