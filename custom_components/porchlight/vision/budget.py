"""Fits the looks of all cameras into the machine's budget."""

from __future__ import annotations

# The lowest pace, and its largest changes at once: down by a half, up by a tenth.
LEAST_PACE = 0.1
MOST_DOWN, MOST_UP = 0.5, 1.1
# Below this share of the budget there is room for more.
ROOM = 0.9


class Budget:
    """Turns the measured load into the pace of looks for all cameras, from 0.1 to 1."""

    def __init__(self, cores: float) -> None:
        self.cores = cores
        self.pace = 1.0
        self.used = 0.0

    def update(self, seconds: float, elapsed: float) -> None:
        """Adapt the pace to the processor seconds used in the elapsed seconds."""
        if elapsed <= 0:
            return
        self.used = seconds / elapsed
        load = self.used / self.cores
        if load > 1:
            factor = max(MOST_DOWN, 1 / load)
        elif load < ROOM:
            factor = MOST_UP if load <= 0 else min(MOST_UP, ROOM / load)
        else:
            return
        self.pace = min(1.0, max(LEAST_PACE, self.pace * factor))
