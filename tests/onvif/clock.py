"""An event loop's clock that a test puts forward, so that no test waits for a time limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

# Seconds by which a camera's clock may seem to be wrong if the machine is busy while it is read.
BUSY = 60
# Seconds of an inspection, which a test puts the clock forward by instead of waiting. One call gets
# fewer than the HTTP library would give it.
LONG = 600.0


class Clock:
    """The event loop's clock, which a test can put forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._ahead, self._real = 0.0, loop.time
        monkeypatch.setattr(loop, "time", lambda: self._real() + self._ahead)

    def advance(self, seconds: float) -> None:
        """Let this time pass."""
        self._ahead += seconds

    def before[**P, R](self, seconds: float, answer: Callable[P, R]) -> Callable[P, Any]:
        """The same answer, when this time has passed."""

        def late(*arguments: P.args, **named: P.kwargs) -> R:
            self.advance(seconds)
            return answer(*arguments, **named)

        return late
