"""Moments on the wall clock, as it was when they happened."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from time import monotonic, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A change of the wall clock against the monotonic one that is a step: it was set, or the
# machine slept, for which the monotonic clock stands still.
STEP = 0.05
# The steps that are remembered. Queries are seldom older than the last one.
KEPT = 64


class Moments:
    """Turns monotonic moments into seconds since the epoch; used with its owner's lock held.

    A later step of the clock does not move a moment that was noted before it.
    """

    def __init__(
        self, clock: Callable[[], float] = monotonic, wall: Callable[[], float] = time
    ) -> None:
        self._clock, self._wall = clock, wall
        self._steps: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self.note()

    def note(self) -> float:
        """Compare the clocks now; the monotonic moment at which that was."""
        now = self._clock()
        offset = self._wall() - now
        if not self._steps or abs(offset - self._steps[-1][1]) >= STEP:
            self._steps.append((now, offset))
        return now

    def wall(self, moment: float) -> float:
        """A monotonic moment as seconds since the epoch, UTC."""
        index = bisect_right(self._steps, moment, key=lambda step: step[0])
        return moment + self._steps[max(0, index - 1)][1]
