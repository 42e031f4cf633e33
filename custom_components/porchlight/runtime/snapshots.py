"""One camera's own still picture, where it is larger than the stream's."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback

from ..const import DOMAIN
from ..onvif.errors import AuthenticationError
from ..worker.backoff import Backoff
from ..worker.control_messages import TakeSnapshot
from . import ask
from .areas import areas_of, masks
from .inspection import access_of
from .streams import profiles_of, view_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..worker.control_messages import SnapshotTaken
    from .login import LoginCheck

_LOGGER = logging.getLogger(__name__)

# Seconds for which a picture is shown to all who ask: each takes a process.
FRESH = 8.0
# Seconds that a picture may take; somebody is waiting.
SECONDS = 4.0
# Seconds until a camera that gave none is asked again.
FIRST_WAIT, LAST_WAIT = 60.0, 3600.0


class Snapshots:
    """Fetches at most one picture at a time, and one in a while. Used from the event loop only."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        login: LoginCheck,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._login = login
        self._clock = hass.loop.time
        self._waits = Backoff(FIRST_WAIT, LAST_WAIT, random.random)
        self._wish: TakeSnapshot | None = None
        self._task: asyncio.Task[None] | None = None
        self._picture: SnapshotTaken | None = None
        self._not_before = 0.0

    async def async_picture(
        self, stream: tuple[int, int], wanted: tuple[int | None, int | None] = (None, None)
    ) -> SnapshotTaken | None:
        """The camera's own picture, at its full size; None if the stream's is to be used.

        `stream` is the size of the stream's pictures, `wanted` the largest that is of use.
        """
        if any(most and most <= size for most, size in zip(wanted, stream, strict=True)):
            return None
        wish = self._wished(stream)
        if wish != self._wish:
            # Another login, address or mask: what was, and what is under way, is of no use.
            self.async_stop()
            self._wish = wish
        if wish is None:
            return None
        now = self._clock()
        if self._task is None and now >= self._not_before:
            self._task = self._hass.async_create_background_task(
                self._async_fetch(wish), f"{DOMAIN} snapshot", eager_start=False
            )
        if self._task:
            await asyncio.wait({self._task})
        # Much may have changed meanwhile.
        return self._picture if self._wished(stream) == wish == self._wish else None

    @callback
    def async_stop(self) -> None:
        """Forget the picture, and what is under way."""
        if self._task:
            self._task.cancel()
        self._wish = self._task = self._picture = None
        self._not_before = 0.0
        self._waits.reset()

    def _wished(self, stream: tuple[int, int]) -> TakeSnapshot | None:
        """The largest picture of what is analyzed; None if none is larger than the stream's."""
        access = access_of(self._entry)
        refused = self._login.pages == (access, False) or self._login.useless
        if refused or self._login.blocks(self._entry.entry_id):
            return None
        width, height = stream
        view, profiles = view_of(self._entry.data), profiles_of(self._entry.data)
        # Some recorders have one picture for all channels, which shows one of them.
        vague = {one.snapshot_uri for one in profiles if view and one.shows != view[0].shows}
        larger = [
            profile
            for profile in view
            if profile.snapshot_uri
            and profile.snapshot_uri not in vague
            and profile.width * profile.height > width * height
        ]
        if not larger:
            return None
        best = max(larger, key=lambda profile: profile.width * profile.height)
        return TakeSnapshot(
            access=access,
            uri=best.snapshot_uri or "",
            width=width,
            height=height,
            masks=masks(areas_of(self._entry.options)),
            seconds=SECONDS,
        )

    async def _async_fetch(self, wish: TakeSnapshot) -> None:
        picture, wait = None, FRESH
        try:
            picture = await self._async_take(wish)
        except ask.ErrandError as error:
            _LOGGER.debug("No snapshot from %s: %s", self._entry.title, error)
            wait = self._waits.wait()
        else:
            self._waits.reset()
        if self._task is asyncio.current_task():
            self._task, self._picture = None, picture
            self._not_before = self._clock() + wait

    async def _async_take(self, wish: TakeSnapshot) -> SnapshotTaken | None:
        """The picture: one lens at a time, so that a login that is wrong by now is sent once."""
        login = self._login
        try:
            async with asyncio.timeout(SECONDS):
                await login.pictures.acquire()
        except TimeoutError:
            return None
        try:
            return await self._async_ask(wish)
        finally:
            login.pictures.release()

    async def _async_ask(self, wish: TakeSnapshot) -> SnapshotTaken | None:
        login, access = self._login, wish.access
        if login.pages == (access, False):
            # It was refused to another lens meanwhile.
            return None
        proved = login.pages == (access, True)
        if not proved and login.turn.locked():
            # Somebody waits for the picture, and would have to wait for others, too.
            return None
        async with nullcontext() if proved else login.turn:
            try:
                picture = await ask.snapshot(wish)
            except ask.ErrandError as error:
                if error.key == AuthenticationError.key:
                    # One failed login: it is not tried again before it changes.
                    login.pages = (access, False)
                raise
            login.pages = (access, True)
            return picture
