"""Raises a repair issue for a stream that is down for long, and clears it when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later

from .issues import create_stream_issue, delete_stream_issue

if TYPE_CHECKING:
    from datetime import datetime

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    from ..worker.errors import StreamProblem

# Seconds for which a stream is down before a repair issue is raised.
LONG = 600.0


class Outage:
    """Tracks how long one camera's stream is down."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        self._hass = hass
        self._entry = entry
        self._problem: StreamProblem | None = None
        self._long = False
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def async_down(self, problem: StreamProblem) -> None:
        """Record that the stream is down, and why."""
        changed, self._problem = problem is not self._problem, problem
        if self._long and changed:
            create_stream_issue(self._hass, self._entry, problem)
        elif not self._long and self._cancel is None:
            self._cancel = async_call_later(self._hass, LONG, self._async_lasts)

    @callback
    def async_over(self) -> None:
        """Record that the stream runs, or is no longer needed."""
        if self._cancel:
            self._cancel()
            self._cancel = None
        self._problem, self._long = None, False
        delete_stream_issue(self._hass, self._entry)

    @callback
    def _async_lasts(self, _now: datetime) -> None:
        self._cancel, self._long = None, True
        if self._problem:
            create_stream_issue(self._hass, self._entry, self._problem)
