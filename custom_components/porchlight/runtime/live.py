"""Live view of one camera: the worker serves it, so that no player talks to the camera."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

from ..const import CONF_LIVE_STREAM
from ..worker.messages import Live
from .streams import source_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

    from .login import LoginCheck


# Seconds that a player waits for a worker that starts. Home Assistant gives up after ten with an
# error, which ends its preloading of all other cameras, too.
PATIENCE = 5.0


class LiveView:
    """Says where the worker serves a camera's live stream."""

    def __init__(self, entry: ConfigEntry, login: LoginCheck) -> None:
        self._entry = entry
        self._login = login
        # Who knows it may watch; it stays for as long as this runs.
        self._path = secrets.token_urlsafe(24)
        self._port: int | None = None
        self._served = asyncio.Event()

    @property
    def allowed(self) -> bool:
        """Whether the login may be used; not if the camera refuses it, or may do so."""
        return not self._login.doubts(self._entry.entry_id)

    @property
    def wanted(self) -> Live | None:
        """What the worker is to serve; None if nothing may be shown."""
        if not self.allowed:
            return None
        source = source_of(self._entry, self._entry.data[CONF_LIVE_STREAM])
        return Live(source=source, path=self._path)

    @property
    def url(self) -> str | None:
        """Where players on this machine find it; None while it is not served, or must not be."""
        if self._port is None or not self.allowed:
            return None
        return f"rtsp://127.0.0.1:{self._port}/{self._path}"

    async def async_url(self) -> str | None:
        """The same; waits a moment for a worker that starts."""
        if self.allowed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._served.wait()
        return self.url

    def async_serve(self, port: int) -> None:
        """Record where the worker serves it from now on."""
        self._port = port
        self._served.set()

    def async_lose(self) -> None:
        """Record that the worker has ended, or no longer serves it."""
        self._port = None
        self._served.clear()
