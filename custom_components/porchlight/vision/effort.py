"""Bounds what one camera's looks may cost, however much happens there."""

from __future__ import annotations

from .types import NEVER

# Inferences a second in the long run, and how many may be saved up for a moment.
RATE = 5.0
SAVED = 10.0


class Effort:
    """How many regions may be analyzed now; times are in seconds."""

    def __init__(self) -> None:
        self._saved = SAVED
        self._at = NEVER

    def room(self, at: float) -> int:
        """How many regions may be analyzed at `at`."""
        return int(self._earned(at))

    def spend(self, regions: int, at: float) -> None:
        """Record that so many regions are analyzed."""
        self._saved = max(0.0, self._earned(at) - regions)
        self._at = at

    def _earned(self, at: float) -> float:
        # A clock that was set back must not stop the looks.
        elapsed = at - self._at
        return min(SAVED, self._saved + RATE * elapsed) if elapsed >= 0 else SAVED
