"""What the bridge's tests share."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.worker.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

FAKE = Path(__file__).parent / "fake_worker.py"


class Ear:
    """Hears the bridge's news and waits for some."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._came = asyncio.Event()

    def __call__(self, news: Any) -> None:
        self.all.append(news)
        self._came.set()

    def of[T](self, kind: type[T]) -> list[T]:
        """All news of a kind so far."""
        return [one for one in self.all if isinstance(one, kind)]

    async def wait[T](
        self,
        kind: type[T],
        *,
        where: Callable[[T], bool] = lambda _: True,
        after: int = 0,
        seconds: float = PATIENCE,
    ) -> T:
        """The first such news from position `after` on; fails if none comes."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for one in self.all[after:]:
                        if isinstance(one, kind) and where(one):
                            return one
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            pytest.fail(f"no {kind.__name__} came in {seconds:.0f} s, only {self.all}")

    async def count[T](self, kind: type[T], number: int) -> list[T]:
        """Wait until there are so many news of a kind."""
        await until(lambda: len(self.of(kind)) >= number, f"{number} {kind.__name__}")
        return self.of(kind)


async def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition that has no event."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"not within {seconds:.0f} s: {what}")


class Script:
    """What the fake workers do, start by start, and what they received."""

    def __init__(self, path: Path, *lines: str) -> None:
        path.write_text("\n".join(lines or ("lives",)))
        self._log = path.with_suffix(".log")
        self.command = (sys.executable, str(FAKE), str(path))

    def received(self, start: int | None = None) -> list[str]:
        """What came, in order: of one start, or of all."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        parted = [line.partition(" ") for line in lines]
        return [text.strip() for number, _, text in parted if start in {None, int(number)}]


def gone(pid: int) -> bool:
    """Whether a process has ended and its status was taken."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
