"""A component for benchmarks that measures how long Home Assistant's event loop is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from homeassistant.core import HomeAssistant

DOMAIN = "loop_watch"
INTERVAL = 0.005
# Shorter delays are not noticeable.
WORTH_TELLING = 0.010
TELL_EVERY = 5.0


class LoopWatch:
    """Schedules a call every few milliseconds, and records how late it comes."""

    def __init__(self, hass: HomeAssistant, loop: AbstractEventLoop) -> None:
        self._hass = hass
        self._loop = loop
        self._late: list[tuple[float, float]] = []
        self._reported = loop.time()
        self._plan()

    def _plan(self) -> None:
        self._due = self._loop.time() + INTERVAL
        self._loop.call_at(self._due, self._called)

    def _called(self) -> None:
        now = self._loop.time()
        if now - self._due > WORTH_TELLING:
            self._late.append((now, now - self._due))
        if now - self._reported > TELL_EVERY:
            self._reported = now
            late = [[round(at, 3), round(held * 1000, 1)] for at, held in self._late]
            self._hass.states.async_set("loop_watch.late", str(len(late)), {"late": late})
        self._plan()


async def async_setup(hass: HomeAssistant, _config: object) -> bool:
    """Start watching."""
    LoopWatch(hass, hass.loop)
    return True
