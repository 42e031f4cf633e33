"""Whether a machine keeps up with its cameras, by the time that one inference takes on it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

# Of the cameras, those where something moves at once: wind and headlights come to one side of a
# house, people to one or two doors.
BUSY = 0.25
# At a corner, two cameras see the same person.
LEAST_BUSY = 2
# Inferences a second that a busy camera wants: the benchmark's busy scenes ask for 160 a minute.
LOOKS = 3.0
# The part of the budget that may go into looking; decoding and motion need the rest.
LOOKING = 0.8
# Models of this size hardly gain by more, and half of the cores are left to all others.
MOST_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is asked of a machine: so many cameras, on average with no more than `budget` cores."""

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
        """The share of what there is that looking takes; above 1 it is behind real time.

        One thread looks for all cameras, so a second holds a second of it, whatever the budget.
        An engine's threads are all taken for busy while it runs: an upper bound.
        """
        return self._load(ms, ms * threads)

    def keeps_up(self, ms: float, threads: int) -> bool:
        """Whether inferences of so many milliseconds keep all cameras in real time."""
        return self.load(ms, threads) <= 1

    def hope(self, alone: float, threads: int) -> float:
        """The least load that so many threads can have where one takes `alone` milliseconds."""
        return self._load(alone / threads, alone)

    def _load(self, ms: float, processor_ms: float) -> float:
        return self.looks / 1000 * max(ms, processor_ms / (self.budget * LOOKING))
