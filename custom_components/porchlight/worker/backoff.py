"""How long to wait before the next try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Doubling waits in seconds, with jitter so that cameras do not all retry at once."""

    first: float
    most: float
    random: Callable[[], float]
    _next: float = field(init=False)

    def __post_init__(self) -> None:
        self._next = self.first

    def wait(self) -> float:
        """The wait before the next try: between 70 and 130 percent of the doubling value."""
        now, self._next = self._next, min(self.most, self._next * 2)
        return now * (0.7 + 0.6 * self.random())

    def reset(self) -> None:
        """Begin with the first wait again, after a success."""
        self._next = self.first
