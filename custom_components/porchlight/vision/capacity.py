"""Whether a machine keeps up with its cameras, by the time that one inference takes on it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

# The share of cameras where something moves at the same time: wind and headlights affect one side
# of a house, people one or two doors.
BUSY = 0.25
# At a corner, two cameras see the same person.
LEAST_BUSY = 2
# Inferences a second that a busy camera wants: the benchmark's busy scenes need 160 a minute.
LOOKS = 3.0
# The share of the budget for inferences; decoding and motion need the rest.
LOOKING = 0.8
# More hardly speed up models of this size; half of the cores are left for everything else.
MOST_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A machine's task: to watch the cameras with no more than `budget` cores on average."""

    cameras: int
    cores: int
    budget: float

    @property
    def looks(self) -> float:
        """Inferences a second that all cameras together want at a busy time."""
        busy = max(LEAST_BUSY, ceil(self.cameras * BUSY))
        return LOOKS * min(self.cameras, busy)

    @property
    def threads(self) -> tuple[int, ...]:
        """The numbers of threads that an engine may run with, the fewest first."""
        most = max(1, min(MOST_THREADS, self.cores // 2))
        return tuple(sorted({min(threads, most) for threads in (1, 2, MOST_THREADS)}))

    def load(self, ms: float, threads: int) -> float:
        """The share of the available time that inferences take; above 1 they fall behind.

        One thread serves all cameras, so it has one second per second, whatever the budget.
        All of an engine's threads count as busy while it runs: an upper bound.
        """
        return self._load(ms, ms * threads)

    def keeps_up(self, ms: float, threads: int) -> bool:
        """Whether inferences of `ms` milliseconds keep up with all cameras."""
        return self.load(ms, threads) <= 1

    def least_load(self, alone: float, threads: int) -> float:
        """The lowest possible load with these threads if one takes `alone` milliseconds."""
        return self._load(alone / threads, alone)

    def _load(self, ms: float, processor_ms: float) -> float:
        return self.looks / 1000 * max(ms, processor_ms / (self.budget * LOOKING))
