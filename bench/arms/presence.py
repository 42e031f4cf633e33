"""Turns the number of people at each look, or our own events, into what an arm reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from porchlight.vision.visits import Arrived, Left

from .protocol import Sample, SeenCrossing, SeenVisit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from porchlight.vision.tracks import Track
    from porchlight.vision.types import Box
    from porchlight.vision.visits import VisitEvent
    from porchlight.vision.zones import Crossing

    from bench.truth import Corners

    from .protocol import Meter


class Record:
    """What an arm reports: visits, people after each look, crossings of lines if it has lines."""

    def __init__(self, meter: Meter) -> None:
        self.visits: list[SeenVisit] = []
        self.samples: list[Sample] = []
        self.crossings: list[SeenCrossing] | None = None
        self._meter = meter

    def look(self, people: int, tracks: Sequence[Track] | None, at: float) -> None:
        """Record the people after a look; `tracks` is None for an arm without tracks."""
        boxes = None
        if tracks is not None:
            boxes = tuple((track.number, _corners(track.box)) for track in tracks)
        known_at = round(at + self._meter.spent(), 3)
        self.samples.append(Sample(round(at, 3), known_at, people, boxes))


def _corners(box: Box) -> Corners:
    """A box, exact enough and short in a file."""
    return round(box.x1, 4), round(box.y1, 4), round(box.x2, 4), round(box.y2, 4)


class Presence(Record):
    """Counts the time with at least one person as a visit; reports no tracks and no crossings."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(meter)
        self._arrived: float | None = None
        self._seen_at = 0.0
        self._most = 0

    def update(self, people: int, seen_at: float, at: float) -> None:
        """Process the number of people at `at`, the last of them seen at `seen_at`."""
        self.look(people, None, at)
        if not people:
            self._end(at + self._meter.spent())
            return
        if self._arrived is None:
            self._arrived, self._most, self._seen_at = at + self._meter.spent(), 0, seen_at
        self._most = max(self._most, people)
        self._seen_at = max(self._seen_at, seen_at)

    def close(self, _at: float) -> None:
        """End the visit that is open when the recording ends, as of the last sighting."""
        self._end(None)

    def _end(self, ended_at: float | None) -> None:
        if self._arrived is not None:
            self.visits.append(
                SeenVisit(
                    arrived_at=self._arrived,
                    left_at=self._seen_at,
                    most=self._most,
                    ended_at=ended_at,
                )
            )
        self._arrived = None


class Reported(Record):
    """Collects our own events and crossings."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(meter)
        self._arrived = 0.0
        self._crossings: list[SeenCrossing] = []
        self.crossings = self._crossings

    def take(self, events: Iterable[VisitEvent], at: float) -> None:
        """Process events that came at `at`."""
        for event in events:
            match event:
                case Arrived():
                    self._arrived = at + self._meter.spent()
                case Left():
                    self._left(event, at + self._meter.spent())

    def close(self, events: Iterable[VisitEvent], _at: float) -> None:
        """Process the end of the visit that is open when the recording ends."""
        for event in events:
            if isinstance(event, Left):
                self._left(event, None)

    def cross(self, crossings: Iterable[Crossing]) -> None:
        """Record crossings of lines."""
        self._crossings += [
            SeenCrossing(round(one.at, 3), one.line_id, one.inward) for one in crossings
        ]

    def _left(self, event: Left, ended_at: float | None) -> None:
        visit = event.visit
        self.visits.append(
            SeenVisit(
                arrived_at=self._arrived,
                left_at=visit.last_seen,
                most=visit.most,
                ended_at=ended_at,
            )
        )
