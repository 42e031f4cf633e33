"""Work for one camera that is done later, and not twice at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later

from ..const import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime
    from typing import Any

    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    type Work = Callable[[], Coroutine[Any, Any, None]]


class Later:
    """Waits, and then works; outlives the reloads of the camera's entry."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """`name` is for the task's name."""
        self._hass = hass
        self._name = f"{DOMAIN} {name}"
        self._cancel: CALLBACK_TYPE | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pending(self) -> bool:
        """Whether it waits or works."""
        return self._cancel is not None or self._task is not None

    @callback
    def async_after(self, seconds: float, work: Work) -> None:
        """Work after so many seconds."""

        @callback
        def due(_now: datetime) -> None:
            self._cancel = None
            self.async_begin(work)

        self._cancel = async_call_later(self._hass, seconds, due)

    @callback
    def async_begin(self, work: Work) -> None:
        """Work now; the work may end with `async_after`."""
        # Not the entry's own task: a reload must not end it. Started later, so that it is known
        # here before it can end.
        self._task = self._hass.async_create_background_task(
            self._async_work(work), self._name, eager_start=False
        )

    @callback
    def async_stop(self) -> None:
        """Neither wait nor work any more."""
        if self._cancel:
            self._cancel()
            self._cancel = None
        if self._task:
            self._task.cancel()
            self._task = None

    async def _async_work(self, work: Work) -> None:
        try:
            await work()
        finally:
            # It may have been stopped, and another one begun.
            if self._task is asyncio.current_task():
                self._task = None
