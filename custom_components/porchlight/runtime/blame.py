"""Decides which cameras are paused because their streams crash the worker, and for how long."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .faults import Culprit

# This many crashes within this many seconds pause a culprit.
DEATHS, DEATHS_WITHIN = 3, 600.0
# Seconds until a camera is tried again: after the first time, the second, and so on.
PAUSES = (600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
# A camera that was tried again and caused no crash for this long has a clean record.
PROBATION = 3600.0


@dataclass(slots=True)
class _Record:
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))
    times_aside: int = 0
    back_at: float | None = None


class Blame:
    """Counts the worker's proven crashes by culprit. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._records: dict[Culprit, _Record] = {}

    def died(self, culprit: Culprit, at: float) -> float | None:
        """Count a crash; returns the seconds for which its culprit is paused, if it is."""
        record = self._records.setdefault(culprit, _Record())
        on_probation = record.back_at is not None and at - record.back_at < PROBATION
        if not on_probation:
            record.times_aside, record.back_at = 0, None
            record.deaths.append(at)
            if len(record.deaths) < DEATHS or at - record.deaths[0] >= DEATHS_WITHIN:
                return None
        pause = PAUSES[min(record.times_aside, len(PAUSES) - 1)]
        record.times_aside += 1
        record.deaths.clear()
        record.back_at = at + pause
        return pause

    def forgive(self, culprit: Culprit) -> None:
        """Forget a culprit's crashes: its stream, or the model, has changed."""
        self._records.pop(culprit, None)
