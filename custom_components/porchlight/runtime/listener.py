"""Keeps the process that listens to cameras' events, as long as somebody wants some."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later

from ..const import DOMAIN
from ..onvif.errors import OnvifError
from ..worker.event_messages import (
    CameraEvent,
    ListenTo,
    StopListening,
    Subscribed,
    Unsubscribed,
)
from .bridge import Bridge, WorkerDown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    from .bridge import News

    type EventNews = Subscribed | Unsubscribed | CameraEvent

_LOGGER = logging.getLogger(__name__)

# Seconds for which the process is kept without cameras: a reload may follow.
LINGER = 30.0


class Listener:
    """Used from the event loop only."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._targets: dict[str, ListenTo] = {}
        self._ears: dict[str, Callable[[EventNews], None]] = {}
        self._end_soon: CALLBACK_TYPE | None = None
        self._stopped = False
        self.bridge = Bridge(self._hear, self._opening, mode="listen")

    @callback
    def async_listen(self, target: ListenTo, hear: Callable[[EventNews], None]) -> None:
        """Subscribe to a camera's events, which go to `hear`, or use another address or login."""
        if self._stopped:
            return
        if self._end_soon:
            self._end_soon()
            self._end_soon = None
        self._ears[target.camera_id] = hear
        if self._targets.get(target.camera_id) == target:
            return
        self._targets[target.camera_id] = target
        self.bridge.start()
        self.bridge.send(target)

    @callback
    def async_leave(self, camera_id: str, *, goodbye: bool = True) -> None:
        """End a camera's subscription; without a goodbye if the camera refuses the login."""
        self._ears.pop(camera_id, None)
        if self._targets.pop(camera_id, None) is None:
            return
        self.bridge.send(StopListening(camera_id=camera_id, goodbye=goodbye))
        if self._targets or self._end_soon:
            return

        @callback
        def end(_now: datetime) -> None:
            self._end()

        self._end_soon = async_call_later(self._hass, LINGER, end)

    def _end(self) -> None:
        self._end_soon = None
        self._hass.async_create_task(self.bridge.stop(), f"{DOMAIN} listener stop")

    @callback
    def async_close(self) -> None:
        """End the process, because there are no cameras."""
        if self._end_soon:
            self._end_soon()
        if self._end_soon or self._targets:
            self._targets.clear()
            self._end()

    async def async_stop(self) -> None:
        """End all subscriptions, because Home Assistant stops."""
        self._stopped = True
        if self._end_soon:
            self._end_soon()
            self._end_soon = None
        self._targets.clear()
        await self.bridge.stop()

    def _opening(self) -> Iterator[ListenTo]:
        yield from self._targets.values()

    @callback
    def _hear(self, news: News) -> None:
        match news:
            case Subscribed() | Unsubscribed() | CameraEvent():
                if hear := self._ears.get(news.camera_id):
                    hear(news)
            case WorkerDown():
                for camera_id, hear in tuple(self._ears.items()):
                    hear(Unsubscribed(camera_id=camera_id, problem=OnvifError.key))
