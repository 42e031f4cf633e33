"""Raises a repair issue for what is down for long, and clears it when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

# Seconds for which something is down before a repair issue is raised.
LONG = 600.0


class Outage[Reason]:
    """Tracks how long a thing is down that should always run, such as a camera's stream."""

    def __init__(
        self, hass: HomeAssistant, create: Callable[[Reason], None], delete: Callable[[], None]
    ) -> None:
        """`create` and `delete` change the repair issue."""
        self._hass = hass
        self._create = create
        self._delete = delete
        self._reason: Reason | None = None
        self._long = False
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def async_down(self, reason: Reason) -> None:
        """Record that it is down, and why."""
        changed, self._reason = reason != self._reason, reason
        if self._long and changed:
            self._create(reason)
        elif not self._long and self._cancel is None:
            self._cancel = async_call_later(self._hass, LONG, self._async_lasts)

    @callback
    def async_over(self) -> None:
        """Record that it runs, or is no longer needed."""
        if self._cancel:
            self._cancel()
            self._cancel = None
        self._reason, self._long = None, False
        self._delete()

    @callback
    def _async_lasts(self, _now: datetime) -> None:
        self._cancel, self._long = None, True
        if self._reason is not None:
            self._create(self._reason)
