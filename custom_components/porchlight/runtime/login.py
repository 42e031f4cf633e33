"""Decides whether a camera's login is wrong, with as few refused logins as possible."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback

from ..const import CONF_REFUSED
from ..onvif.errors import AuthenticationError
from ..worker.backoff import Backoff
from . import ask
from .inspection import async_inspect, credentials_of
from .later import Later

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

# Seconds until a camera that refused its stream, but not the login, is tried again.
FIRST_WAIT, LAST_WAIT = 30.0, 600.0


class LoginCheck:
    """Asks over ONVIF whether a login is wrong that one camera's stream refused.

    A refused stream alone may only mean that the camera has too many viewers. If ONVIF refuses
    the login, too, nothing uses it again: cameras lock accounts.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        try_again: Callable[[], None],
        give_up: Callable[[], None],
    ) -> None:
        """`try_again` opens the stream once more; `give_up` ends all other uses of the login."""
        self._hass = hass
        self._entry = entry
        self._try_again = try_again
        self._give_up = give_up
        self._waits = Backoff(FIRST_WAIT, LAST_WAIT, random.random)
        self._doubtful = False
        self._later = Later(hass, "login")
        self._known = (credentials_of(entry), self.refused)
        # Counts the permissions to open a stream that was refused.
        self.attempt = 0

    @property
    def refused(self) -> bool:
        """Whether the camera refuses the login, until the user enters another one."""
        return bool(self._entry.data.get(CONF_REFUSED))

    @property
    def blocked(self) -> bool:
        """Whether the stream must not be opened now."""
        return self._doubtful or self.refused

    @callback
    def async_configure(self) -> None:
        """Use the entry's login, which the user may just have entered."""
        before, self._known = self._known, (credentials_of(self._entry), self.refused)
        if self._known != before:
            self.async_stop()
            self.attempt += 1

    @callback
    def async_accepted(self) -> None:
        """Record that the camera accepted the login."""
        self.async_stop()
        self._waits.reset()

    @callback
    def async_refused(self) -> None:
        """Record that the stream was refused, and ask the camera over ONVIF."""
        if not self.blocked:
            self._doubtful = True
            self._later.async_begin(self._async_ask)

    @callback
    def async_wrong(self) -> None:
        """Record that the camera refuses the login over ONVIF, too: nothing uses it any more."""
        self._doubtful = False
        self._hass.config_entries.async_update_entry(
            self._entry, data={**self._entry.data, CONF_REFUSED: True}
        )
        self._known = (credentials_of(self._entry), True)
        self._give_up()
        self.async_request()

    @callback
    def async_request(self) -> None:
        """Ask the user for another login."""
        self._entry.async_start_reauth(self._hass)

    @callback
    def async_stop(self) -> None:
        """Forget what is under way: the login is right, or another, or not needed."""
        self._doubtful = False
        self._later.async_stop()

    async def _async_ask(self) -> None:
        try:
            await async_inspect(self._entry)
        except ask.ErrandError as error:
            if error.key == AuthenticationError.key:
                self.async_wrong()
            else:
                # It is not known whether the login is wrong.
                self._later.async_after(self._waits.wait(), self._async_ask)
        else:
            self._later.async_after(self._waits.wait(), self._async_permit)

    async def _async_permit(self) -> None:
        """Have the stream opened once more: the login is right."""
        self._doubtful = False
        self.attempt += 1
        self._try_again()
