"""How often a camera's lines were crossed, kept across restarts and crashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.core import callback

from ..const import DOMAIN
from .storage import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.core import HomeAssistant

# Seconds until a crossing is written. Short: a lower total after a crash would count as a reset.
DELAY = 1.0
IN, OUT = "in", "out"


class Totals:
    """One camera's counters, by its lines' ids."""

    def __init__(self, hass: HomeAssistant, camera_id: str) -> None:
        self._stored = Stored(
            hass, f"{DOMAIN}/{camera_id}/crossings", dict[str, dict[str, int]], dict
        )
        self._counts: dict[str, dict[str, int]] = {}

    async def async_load(self) -> None:
        """Continue from the stored totals."""
        kept = await self._stored.async_load()
        self._counts = {
            line: {IN: counts.get(IN, 0), OUT: counts.get(OUT, 0)} for line, counts in kept.items()
        }

    @callback
    def async_configure(self, lines: Iterable[str]) -> None:
        """Count for these lines; the others are forgotten."""
        self._counts = {line: self._counts.get(line, {IN: 0, OUT: 0}) for line in lines}

    def of(self, line_id: str, *, inward: bool) -> int:
        """Crossings of a line, one way, since it was drawn."""
        return self._counts[line_id][IN if inward else OUT]

    @callback
    def async_count(self, line_id: str, *, inward: bool) -> None:
        """Count a crossing."""
        if counts := self._counts.get(line_id):
            counts[IN if inward else OUT] += 1
            self._stored.async_save_soon(lambda: self._counts, DELAY)

    async def async_remove(self) -> None:
        """Delete the stored file."""
        await self._stored.async_remove()
