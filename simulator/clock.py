"""The clock of the camera's footage: the real one, and one that tests control."""

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic time in seconds, and a way to wait for it."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; never goes backwards."""

    async def sleep_until(self, when: float) -> None:
        """Return once `monotonic()` has reached `when`."""


class SystemClock:
    """The clock of the machine."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment."""
        return time.monotonic()

    async def sleep_until(self, when: float) -> None:
        """Return once `monotonic()` has reached `when`; always yields once."""
        await asyncio.sleep(max(0.0, when - time.monotonic()))


class ManualClock:
    """A clock that stands still until `advance` is called."""

    # Rounding errors in sums of seconds are smaller than this.
    _slack = 1e-6
    # How often the event loop is given a turn after a sleeper was woken, so that it
    # can do its work and go to sleep again before time moves on.
    _turns = 10

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        """Return the seconds this clock was moved to."""
        return self._now

    async def sleep_until(self, when: float) -> None:
        """Return once the clock was advanced to `when`; always yields once."""
        if when <= self._now + self._slack:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (when, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Advance by `seconds`, waking each sleeper at its own time."""
        target = self._now + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target + self._slack:
            when, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._now = max(self._now, when)
            woken.set_result(None)
            await self._settle()
        self._now = target
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(self._turns):
            await asyncio.sleep(0)
