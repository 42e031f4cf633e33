"""How often a camera's lines were crossed, kept across restarts and crashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers.storage import Store

from ..const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.core import HomeAssistant

_VERSION = 1
# Seconds after a crossing until it is written; a total that went back would count as a new one.
DELAY = 1.0
IN, OUT = "in", "out"


class Totals:
    """One camera's counters, by its lines' ids."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._store = Store[dict[str, dict[str, int]]](
            hass, _VERSION, f"{DOMAIN}/{entry_id}/crossings"
        )
        self._counts: dict[str, dict[str, int]] = {}

    async def async_load(self, lines: Iterable[str]) -> None:
        """Go on counting for these lines; the others are forgotten."""
        kept = await self._store.async_load() or {}
        self._counts = {line: kept.get(line, {IN: 0, OUT: 0}) for line in lines}

    def of(self, line_id: str, *, inward: bool) -> int:
        """Crossings of a line, one way, since it was drawn."""
        return self._counts[line_id][IN if inward else OUT]

    @callback
    def async_count(self, line_id: str, *, inward: bool) -> None:
        """Count a crossing."""
        if counts := self._counts.get(line_id):
            counts[IN if inward else OUT] += 1
            self._store.async_delay_save(lambda: self._counts, DELAY)

    async def async_save(self) -> None:
        """Write what is not written yet."""
        if self._counts:
            await self._store.async_save(self._counts)
