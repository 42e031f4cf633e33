"""Turns the number of people at each look, or our own events, into visits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from porchlight.vision.visits import Arrived, Left

from .protocol import SeenVisit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from porchlight.vision.visits import VisitEvent

    from .protocol import Meter


class Presence:
    """Counts the time with at least one person as a visit."""

    def __init__(self, meter: Meter) -> None:
        self.visits: list[SeenVisit] = []
        self._meter = meter
        self._arrived: float | None = None
        self._seen_at = 0.0
        self._most = 0

    def update(self, people: int, seen_at: float, at: float) -> None:
        """Process the number of people at `at`, the last of them seen at `seen_at`."""
        if not people:
            self.close(at)
            return
        if self._arrived is None:
            self._arrived, self._most, self._seen_at = at + self._meter.spent(), 0, seen_at
        self._most = max(self._most, people)
        self._seen_at = max(self._seen_at, seen_at)

    def close(self, _at: float) -> None:
        """End the open visit, as of the last sighting."""
        if self._arrived is not None:
            self.visits.append(
                SeenVisit(arrived_at=self._arrived, left_at=self._seen_at, most=self._most)
            )
        self._arrived = None


class Reported:
    """Collects visits from our own events."""

    def __init__(self, meter: Meter) -> None:
        self.visits: list[SeenVisit] = []
        self._meter = meter
        self._arrived = 0.0

    def take(self, events: Iterable[VisitEvent], at: float) -> None:
        """Process events that came at `at`."""
        for event in events:
            match event:
                case Arrived():
                    self._arrived = at + self._meter.spent()
                case Left(visit):
                    self.visits.append(
                        SeenVisit(
                            arrived_at=self._arrived, left_at=visit.last_seen, most=visit.most
                        )
                    )
