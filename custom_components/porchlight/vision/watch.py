"""One camera's watch: when to look, and what the looks add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .motion import Motion, MotionGate
from .tracks import Tracker
from .types import Box
from .visits import Arrived, VisitEvent, Visits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .geometry import Pixels
    from .types import Detection
    from .visits import Visit

# Looks per second while something moves, or while people are known but still.
BUSY_RATE = 5.0
STILL_RATE = 1.0
# Seconds between looks at a quiet picture: someone standing still from the start is found.
QUIET_INTERVAL = 10.0
# Seconds that motion lingers: for the schedule, and for what is reported.
MOTION_LINGERS = 2.0
MOTION_REPORTED = 5.0
# A frame a little early is the wanted one: cameras do not keep time exactly.
SLACK = 0.02
# A picture replaces the visit's best only when it is this much better.
BETTER = 1.15


@dataclass(frozen=True, slots=True)
class Look:
    """What one analysed frame changed."""

    people: int
    events: tuple[VisitEvent, ...]
    best: Box | None


class Watch:
    """Decides for one camera. Times are monotonic seconds; frames come in order."""

    def __init__(self, new_id: Callable[[], str], open_visit: Visit | None = None) -> None:
        self._gate = MotionGate()
        self._tracker = Tracker()
        self._visits = Visits(new_id, open_visit)
        self._moved_at: float | None = None
        self._looked_at: float | None = None
        self._gated_at: float | None = None
        self._best = 0.0

    @property
    def visit(self) -> Visit | None:
        """The visit going on."""
        return self._visits.visit

    def gate_due(self, at: float) -> bool:
        """Whether a frame at `at` is worth the motion gate's time."""
        return self._gated_at is None or at - self._gated_at >= 1 / BUSY_RATE - SLACK

    def see(self, grey: Pixels, at: float) -> Motion:
        """Pass a small grey picture through the motion gate."""
        self._gated_at = at
        motion = self._gate.update(grey, at)
        if motion.moving or motion.new_scene:
            self._moved_at = at
        return motion

    def moving(self, at: float) -> bool:
        """Whether motion is to be reported."""
        return self._since(self._moved_at, at) < MOTION_REPORTED

    def look_due(self, at: float) -> bool:
        """Whether a frame at `at` should be analysed."""
        if self._since(self._moved_at, at) < MOTION_LINGERS:
            interval = 1 / BUSY_RATE
        elif self._tracker.tracks or self._visits.visit:
            interval = 1 / STILL_RATE
        else:
            interval = QUIET_INTERVAL
        return self._since(self._looked_at, at) >= interval - SLACK

    def look(self, detections: Sequence[Detection], at: float) -> Look:
        """Take over the detections of an analysed frame."""
        self._looked_at = at
        self._tracker.update(detections, at)
        people = self._tracker.people
        events = self._visits.update(people, at)
        return Look(len(people), events, self._best_box(events, at))

    def pause(self) -> tuple[VisitEvent, ...]:
        """Stop following: end the visit and forget everybody."""
        self._tracker.clear()
        self._looked_at = None
        return self._visits.close()

    def _best_box(self, events: tuple[VisitEvent, ...], at: float) -> Box | None:
        """The person who makes this frame the visit's best so far, if one does."""
        if any(isinstance(event, Arrived) for event in events):
            self._best = 0.0
        seen = [track for track in self._tracker.people if track.last_seen == at]
        if not seen:
            return None
        best = max(seen, key=lambda track: quality(track.box, track.scores[-1]))
        worth = quality(best.box, best.scores[-1])
        if worth < self._best * BETTER:
            return None
        self._best = worth
        return best.box

    @staticmethod
    def _since(moment: float | None, at: float) -> float:
        return float("inf") if moment is None else at - moment


def quality(box: Box, score: float) -> float:
    """How good a picture of a person is: sure, large and whole."""
    whole = 0.5 if box.at_edge or box.y1 <= 0 else 1.0
    return float(score * box.area**0.5 * whole)
