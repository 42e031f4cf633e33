"""Groups the people in view into visits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .tracks import Track

# Looks without a person that end a visit resumed after an interruption.
RESUMED_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Visit:
    """People in view from the first confirmed sighting until they have left; times in seconds."""

    visit_id: str
    arrived_at: float
    last_seen: float
    score: float
    count: int
    most: int
    # The zones that people were in, in the order of their first presence.
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrived:
    """A visit began."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Changed:
    """The number of people in a visit changed, or they entered one more zone."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Left:
    """A visit ended: all people have left."""

    visit: Visit


type VisitEvent = Arrived | Changed | Left


class Visits:
    """The visit state machine of one camera."""

    def __init__(self, new_id: Callable[[], str], open_visit: Visit | None = None) -> None:
        self._new_id = new_id
        self._resumed_looks = 0
        self.resumed = open_visit is not None
        self.visit = open_visit

    def update(
        self,
        people: Sequence[Track],
        at: float,
        zones: Sequence[str] = (),
        count: int | None = None,
    ) -> tuple[VisitEvent, ...]:
        """Process the people who have not left after one look at `at` seconds.

        `zones` are those that they are in; `count`: how many of them are there now, or all.
        """
        if people:
            self.resumed = False
            return self._present(people, at, zones, len(people) if count is None else count)
        if self.visit is None:
            return ()
        if self.resumed and self._resumed_looks < RESUMED_LOOKS:
            self._resumed_looks += 1
            return ()
        return self.close()

    def close(self) -> tuple[VisitEvent, ...]:
        """End the open visit, if there is one, as of the last sighting."""
        if self.visit is None:
            return ()
        ended, self.visit, self.resumed = replace(self.visit, count=0), None, False
        return (Left(ended),)

    def _present(
        self, people: Sequence[Track], at: float, zones: Sequence[str], count: int
    ) -> tuple[VisitEvent, ...]:
        score = max(track.peak for track in people)
        last_seen = max(track.last_seen for track in people)
        if self.visit is None:
            self.visit = Visit(self._new_id(), at, last_seen, score, count, count, tuple(zones))
            return (Arrived(self.visit),)
        before = self.visit
        self.visit = replace(
            before,
            last_seen=max(before.last_seen, last_seen),
            score=max(before.score, score),
            count=count,
            most=max(before.most, count),
            zones=tuple(dict.fromkeys((*before.zones, *zones))),
        )
        same = (count, self.visit.zones) == (before.count, before.zones)
        return () if same else (Changed(self.visit),)
