"""Finds out what to do when a stream stays away: it may have another address, or be broken."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback

from ..const import CONF_STREAM
from ..onvif.errors import AuthenticationError
from ..worker.backoff import Backoff
from ..worker.errors import StreamProblem
from . import ask
from .inspection import async_inspect
from .issues import create_substitute_issue, delete_substitute_issue
from .later import Later
from .streams import (
    CAMERA_PROBLEMS,
    others,
    place,
    source_of,
    with_streams,
    without_udp,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..onvif.values import CameraReport
    from .login import LoginCheck, Present

    type _Present = tuple[str, Present]

_LOGGER = logging.getLogger(__name__)

# Seconds for which a stream is away before its camera is asked, and the longest until it is
# asked again.
FIRST_WAIT, LAST_WAIT = 20.0, 1800.0
# Seconds for which a stream plays before the next outage counts as a new one.
GOOD = 60.0
# Seconds between two looks whether the stream plays again that another one stands in for.
LOOKS_EVERY = 3600.0
# A camera that is not reached may have another port for streams.
_HOPELESS = CAMERA_PROBLEMS - {StreamProblem.UNREACHABLE}


class StreamRecovery:
    """Asks one camera for its streams' addresses, and has another stream stand in."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        login: LoginCheck,
        watch: Callable[[], None],
    ) -> None:
        """`watch` opens the stream that is to be used now."""
        self._hass = hass
        self._entry = entry
        self._login = login
        self._watch = watch
        self._waits = Backoff(FIRST_WAIT, LAST_WAIT, random.random)
        self._up_since: float | None = None
        self._known: _Present | None = None
        self._substitute: str | None = None
        self._later = Later(hass, "streams")

    @property
    def uri(self) -> str:
        """The address of the stream to analyze now."""
        return self._substitute or str(self._entry.data[CONF_STREAM])

    @property
    def substitutes(self) -> bool:
        """Whether another stream stands in for the one that should be analyzed."""
        return self._substitute is not None

    @callback
    def async_configure(self) -> None:
        """Use the entry's streams, which the user may just have changed."""
        before, self._known = self._known, self._present()
        if self._known == before:
            return
        self.async_stop()
        if before is None or before[0] != self._known[0]:
            self._stand_in(None)

    @callback
    def async_up(self) -> None:
        """Record that the stream plays."""
        self._up_since = self._hass.loop.time()
        if self._substitute and not self._later.pending:
            self._later.async_after(LOOKS_EVERY, self._async_run)

    @callback
    def async_down(self, problem: StreamProblem) -> None:
        """Record that the stream does not play, and why."""
        up_since, self._up_since = self._up_since, None
        if up_since is not None and self._hass.loop.time() - up_since >= GOOD:
            self._waits.reset()
        if problem in _HOPELESS or self._hopeless:
            self.async_stop()
        elif problem is StreamProblem.UNSUPPORTED_TRANSPORT and self._forget_udp():
            self._watch()
        elif not self._later.pending:
            self._later.async_after(self._waits.wait(), self._async_run)

    @callback
    def async_stop(self) -> None:
        """Forget what is under way."""
        self._later.async_stop()

    @callback
    def async_end(self) -> None:
        """Clean up when the camera is no longer watched."""
        self.async_stop()
        self._stand_in(None)

    @property
    def _hopeless(self) -> bool:
        """Whether the camera refuses the present login."""
        return self._login.blocks(self._entry.entry_id) or self._login.useless

    def _present(self) -> _Present:
        """What an answer of the camera depends on; it may change while the camera is asked."""
        data = self._entry.data
        return place(data[CONF_STREAM]), self._login.present()

    def _forget_udp(self) -> bool:
        """Try TCP first again with a camera that was last reached over UDP."""
        data = without_udp(self._entry.data)
        if data is None:
            return False
        self._hass.config_entries.async_update_entry(self._entry, data=data)
        return True

    async def _async_run(self) -> None:
        if not self._hopeless:
            if self._up_since is None:
                await self._async_recover()
            elif self._substitute:
                await self._async_return()
        if self._up_since is None and not self._hopeless:
            self._later.async_after(self._waits.wait(), self._async_run)
        elif self._substitute:
            self._later.async_after(LOOKS_EVERY, self._async_run)

    async def _async_ask(self) -> CameraReport | None:
        """What the camera answers; None if it does not, or the user changed something meanwhile."""
        async with self._login.turn:
            if self._hopeless:
                # Another lens was refused meanwhile.
                return None
            present = self._present()
            try:
                report = await async_inspect(self._entry)
            except ask.ErrandError as error:
                if error.key == AuthenticationError.key:
                    self._login.async_useless(present[1])
                return None
        return report if self._present() == present else None

    async def _async_recover(self) -> None:
        """Ask the camera for its streams; use one that moved, or another if it did not."""
        entry, report = self._entry, await self._async_ask()
        if report is None:
            return
        before, data = entry.data, with_streams(entry.data, report)
        if data != before:
            self._hass.config_entries.async_update_entry(entry, data=data)
            self._known = self._present()
        if self._substitute:
            self._use(None)
        elif place(data[CONF_STREAM]) != place(before[CONF_STREAM]):
            _LOGGER.info("The stream of %s has another address now", entry.title)
            self._watch()
        else:
            known = self._present()
            for other in others(report.profiles, data[CONF_STREAM]):
                problem = await self._async_try(other.uri)
                if problem is None:
                    self._use(other.uri)
                if problem is None or problem in CAMERA_PROBLEMS or self._present() != known:
                    return

    async def _async_return(self) -> None:
        """Use the stream again that should be analyzed, if it plays."""
        if await self._async_try(self._entry.data[CONF_STREAM]) is None:
            self._use(None)

    async def _async_try(self, uri: str) -> str | None:
        """Open a stream; why it does not play, or None if it does."""
        present = self._present()
        try:
            await ask.first_frame(source_of(self._entry, uri))
        except ask.ErrandError as error:
            if error.key == StreamProblem.UNAUTHORIZED and self._present() == present:
                self._login.async_refused(self._entry.entry_id)
            return error.key
        return None

    def _use(self, substitute: str | None) -> None:
        self._stand_in(substitute)
        self._watch()

    def _stand_in(self, substitute: str | None) -> None:
        self._substitute = substitute
        change = create_substitute_issue if substitute else delete_substitute_issue
        change(self._hass, self._entry)
