"""Keeps the worker within its share of the machine."""

from __future__ import annotations

import os
from time import monotonic, process_time
from typing import TYPE_CHECKING

from ..vision.budget import Budget
from .messages import Load

if TYPE_CHECKING:
    from collections.abc import Callable

# The default share of the machine's cores.
SHARE = 0.5
# Seconds between reports without a change of pace, and the smallest change that counts.
INTERVAL = 30.0
LITTLE = 0.1


class Governor:
    """Measures the process's load and sets the pace of all cameras' looks."""

    def __init__(
        self,
        report: Callable[[Load], None],
        *,
        used: Callable[[], float] = process_time,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`used` returns the processor seconds so far, of all threads together."""
        self._report = report
        self._used, self._clock = used, clock
        self._budget = Budget(SHARE * cores())
        self._before = used(), clock()
        self._reported: tuple[float, float] | None = None

    @property
    def pace(self) -> float:
        """The share of the wanted looks that are made, 0.1 to 1."""
        return self._budget.pace

    def allow(self, share: float) -> None:
        """Set the share of the machine's cores that may be used, 0 to 1."""
        self._budget = Budget(share * cores())
        self._reported = None

    def check(self) -> None:
        """Measure the load, and report it now and then."""
        used, now = self._used(), self._clock()
        was_used, before = self._before
        self._before = used, now
        self._budget.update(used - was_used, now - before)
        if self._reported is not None:
            at, pace = self._reported
            if now - at < INTERVAL and abs(pace - self.pace) < LITTLE:
                return
        self._reported = now, self.pace
        self._report(
            Load(
                cores=round(self._budget.used, 3),
                budget=round(self._budget.cores, 3),
                pace=round(self.pace, 2),
            )
        )


def cores() -> int:
    """The cores that this process may run on."""
    return os.process_cpu_count() or 1
