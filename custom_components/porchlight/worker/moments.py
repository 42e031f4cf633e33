"""Converts monotonic times to the wall-clock times at which they happened."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from time import monotonic, time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds by which the wall clock must shift against the monotonic one to count as a step: it was
# set, or the machine slept, which stops the monotonic clock.
STEP = 0.05
# The most steps that are remembered. Queries are seldom older than the last one.
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
        """Compare the clocks; returns the current monotonic time."""
        now = self._clock()
        offset = self._wall() - now
        if not self._steps or abs(offset - self._steps[-1][1]) >= STEP:
            self._steps.append((now, offset))
        return now

    def wall(self, moment: float) -> float:
        """A monotonic moment as seconds since the epoch, UTC."""
        index = bisect_right(self._steps, moment, key=lambda step: step[0])
        return moment + self._steps[max(0, index - 1)][1]
