"""One camera's visits as the rest of Home Assistant sees them: strictly one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..worker.messages import VisitInfo, VisitPhase

if TYPE_CHECKING:
    from ..worker.messages import VisitNews


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEvent:
    """A person arrived, or all people have left."""

    arrived: bool
    visit: VisitInfo


class Ledger:
    """Turns the worker's reports into arrivals and departures, which always alternate.

    Worker processes come and go, and each may resume, repeat or lose what the one before it
    reported. Whatever they report, an arrival is followed by exactly one departure.
    """

    def __init__(self, visit: VisitInfo | None = None) -> None:
        """`visit`: one that is still open from before."""
        self.visit = visit

    def update(self, news: VisitNews) -> tuple[VisitEvent, ...]:
        """Process a worker's report of a visit."""
        visit, known = news.visit, self.visit
        same = known is not None and known.visit_id == visit.visit_id
        if news.phase is VisitPhase.LEFT:
            if not same:
                return ()
            self.visit = visit
            return self.close()
        if same:
            self.visit = visit
            return ()
        # Also for a visit that continues although it was closed here: people are there.
        closed = self.close()
        self.visit = visit
        return (*closed, VisitEvent(arrived=True, visit=visit))

    def close(self) -> tuple[VisitEvent, ...]:
        """End the open visit, if there is one, as of the last sighting."""
        if self.visit is None:
            return ()
        ended, self.visit = replace(self.visit, count=0), None
        return (VisitEvent(arrived=False, visit=ended),)
