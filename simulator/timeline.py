"""Maps time to the position in the footage, the same for all clients."""

import dataclasses
from collections.abc import Sequence

from simulator.clock import Clock
from simulator.footage import CLOCK_RATE, AccessUnit


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A scheduled frame: its index, when it is due by the clock, and its RTP time in ticks."""

    index: int
    loop: int
    due: float
    ticks: int


class Timeline:
    """Maps the clock to a position in footage of `duration` ticks that repeats."""

    def __init__(self, clock: Clock, duration: int) -> None:
        self._clock = clock
        self._duration = duration
        self._boot = clock.monotonic()
        self._origin = self._boot

    @property
    def position(self) -> float:
        """Second of the footage in view now."""
        return self._elapsed() % self._duration / CLOCK_RATE

    @property
    def loop(self) -> int:
        """How often the footage has ended since the start or the last seek."""
        return self._elapsed() // self._duration

    @property
    def now_ticks(self) -> int:
        """The present RTP time; increases evenly, unaffected by seeks."""
        return round((self._clock.monotonic() - self._boot) * CLOCK_RATE)

    def seek(self, ticks: int) -> None:
        """Show that position of the footage now."""
        self._origin = self._clock.monotonic() - ticks / CLOCK_RATE

    def first_cue(self, units: Sequence[AccessUnit]) -> Cue:
        """Return the first frame that is not over yet."""
        elapsed = self._elapsed()
        loop, within = divmod(elapsed, self._duration)
        for index, unit in enumerate(units):
            if unit.ticks >= within:
                return self._cue(units, index, loop)
        return self._cue(units, 0, loop + 1)

    def next_cue(self, units: Sequence[AccessUnit], cue: Cue) -> Cue:
        """Return the cue after `cue`."""
        index = cue.index + 1
        if index < len(units):
            return self._cue(units, index, cue.loop)
        return self._cue(units, 0, cue.loop + 1)

    def next_key(self, units: Sequence[AccessUnit]) -> Cue:
        """Return the first key frame that is not over yet."""
        cue = self.first_cue(units)
        while not units[cue.index].key:
            cue = self.next_cue(units, cue)
        return cue

    def current_index(self, units: Sequence[AccessUnit]) -> int:
        """Return the frame in view now."""
        within = self._elapsed() % self._duration
        return max(i for i, unit in enumerate(units) if unit.ticks <= within)

    def _elapsed(self) -> int:
        return round((self._clock.monotonic() - self._origin) * CLOCK_RATE)

    def _cue(self, units: Sequence[AccessUnit], index: int, loop: int) -> Cue:
        ticks = loop * self._duration + units[index].ticks
        return Cue(
            index=index,
            loop=loop,
            due=self._origin + ticks / CLOCK_RATE,
            ticks=round((self._origin - self._boot) * CLOCK_RATE) + ticks,
        )
