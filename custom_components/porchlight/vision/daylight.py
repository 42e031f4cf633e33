"""Day or night, by the picture's color: under infrared light it has none."""

from __future__ import annotations

from .types import NEVER

# Seconds between measurements, and how many in a row change the result.
INTERVAL = 5.0
NEEDED = 3
# Spreads of both chroma planes, in their 256 levels: the most by infrared light, the least by day.
GREY = 1.0
COLOURED = 3.0


class Daylight:
    """Whether it is night. The first measurement counts at once; times are in seconds."""

    def __init__(self) -> None:
        self._measured_at = NEVER
        self._against = 0
        self._known = False
        self.night = False

    def due(self, at: float) -> bool:
        """Whether a frame at `at` should be measured."""
        return not 0 <= at - self._measured_at < INTERVAL

    def measure(self, spread: float, at: float) -> None:
        """Process the spread of a frame's colors."""
        self._measured_at = at
        if not self._known:
            self._known, self.night = True, spread <= GREY
            return
        other = spread >= COLOURED if self.night else spread <= GREY
        self._against = self._against + 1 if other else 0
        if self._against >= NEEDED:
            self.night, self._against = not self.night, 0
