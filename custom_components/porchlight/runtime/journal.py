"""Delivers one camera's arrivals and departures, and keeps them across restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..const import DOMAIN
from ..worker.messages import VisitInfo
from .ledger import Ledger, VisitEvent
from .storage import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ..worker.messages import VisitNews

# Seconds without a report after which an open visit ends. The worker reports more often and ends
# visits itself; this is for a worker that cannot.
SILENCE = 60.0
# Seconds until the time at which a person was last seen is written.
SEEN_DELAY = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVisits:
    """What is kept over a restart: the open visit, and events that were not delivered yet."""

    visit: VisitInfo | None = None
    waiting: tuple[VisitEvent, ...] = ()


class VisitJournal:
    """Delivers events; they wait while no entity listens: during a reload or a restart."""

    def __init__(self, hass: HomeAssistant, camera_id: str, lost: Callable[[], None]) -> None:
        """`lost` is called when a visit ended because nothing was reported of it any more."""
        self._hass = hass
        self._ledger = Ledger()
        self._waiting: list[VisitEvent] = []
        self._listeners: list[Callable[[VisitEvent], None]] = []
        self._holds = True
        self._lost = lost
        self._stop_silence: CALLBACK_TYPE | None = None
        self._stored = Stored(hass, f"{DOMAIN}/{camera_id}/visits", KeptVisits, KeptVisits)

    @property
    def visit(self) -> VisitInfo | None:
        """The open visit."""
        return self._ledger.visit

    async def async_load(self) -> None:
        """End a visit that was open when Home Assistant stopped, as of the last sighting."""
        kept = await self._stored.async_load()
        self._waiting = list(kept.waiting)
        self._ledger = Ledger(kept.visit)
        self.async_close()

    @callback
    def async_listen(self, listener: Callable[[VisitEvent], None]) -> CALLBACK_TYPE:
        """Call `listener` with each event."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_hold(self) -> None:
        """Let events wait from now on."""
        self._holds = True

    @callback
    def async_release(self) -> None:
        """Deliver waiting events and all later ones. Disabled entities get no waiting events."""
        self._holds = False
        waiting, self._waiting = self._waiting, []
        self._deliver(waiting)

    @callback
    def async_update(self, news: VisitNews) -> None:
        """Process the worker's report of a visit."""
        events = self._ledger.update(news)
        self._watch_for_silence()
        self._deliver(events)
        if not events:
            self._save(SEEN_DELAY)

    @callback
    def async_close(self) -> None:
        """End the open visit, if there is one, as of the last sighting."""
        events = self._ledger.close()
        self._watch_for_silence()
        self._deliver(events)

    @callback
    def async_stop(self) -> None:
        """Store an open visit when Home Assistant stops; it is ended at the next start."""
        if self._stop_silence:
            self._stop_silence()
            self._stop_silence = None
        if self.visit:
            self._save(0)

    async def async_remove(self) -> None:
        """Delete the stored file."""
        await self._stored.async_remove()

    def _deliver(self, events: Iterable[VisitEvent]) -> None:
        events = list(events)
        if not events:
            return
        if self._holds:
            self._waiting += events
        else:
            for event in events:
                for listener in list(self._listeners):
                    listener(event)
        self._save(0)

    def _save(self, delay: float) -> None:
        self._stored.async_save_soon(self._kept, delay)

    def _kept(self) -> KeptVisits:
        return KeptVisits(visit=self.visit, waiting=tuple(self._waiting))

    def _watch_for_silence(self) -> None:
        if self._stop_silence:
            self._stop_silence()
            self._stop_silence = None
        if self.visit:
            self._stop_silence = async_call_later(self._hass, SILENCE, self._async_silent)

    @callback
    def _async_silent(self, _now: datetime) -> None:
        self._stop_silence = None
        self.async_close()
        self._lost()
