"""Decides whether a device's login is wrong, with as few refused logins as possible."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback

from ..const import CONF_REFUSED
from ..onvif.errors import AuthenticationError
from ..worker.backoff import Backoff
from . import ask
from .address import Address
from .inspection import async_inspect, credentials_of
from .later import Later

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    from ..onvif.values import Access, Credentials

    type Present = tuple[Credentials, Address]

# Seconds until a camera that refused its stream, but not the login, is tried again.
FIRST_WAIT, LAST_WAIT = 30.0, 600.0


class LoginCheck:
    """Asks over ONVIF whether a login is wrong that a stream of the device refused.

    A refused stream alone may only mean that the camera has too many viewers. If ONVIF refuses
    the login, too, nothing uses it again: cameras lock accounts. All lenses of a device share it.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], give_up: Callable[[], None]
    ) -> None:
        """`give_up` ends all uses of the login but streams."""
        self._hass = hass
        self._entry = entry
        self._give_up = give_up
        self._try_again: dict[str, Callable[[], None]] = {}
        self._wrong: dict[str, Callable[[], None]] = {}
        self._waits = Backoff(FIRST_WAIT, LAST_WAIT, random.random)
        self._asking = False
        # The cameras whose stream was refused, and whether the login was really sent for it: after
        # one refusal the worker does not send it for the device's other streams.
        self._doubters: dict[str, bool] = {}
        # The lens that the login is sent for once more although another one's is in doubt.
        self._trying: str | None = None
        self._later = Later(hass, "login")
        self._known = (credentials_of(entry), self.refused)
        # What ONVIF refused: the stream's own refusal decides whether the login is wrong.
        self._useless: Present | None = None
        # Counts the permissions to open a stream that was refused.
        self.attempt = 0
        # Whether the device accepts the login for a picture: some have others for their pages.
        self.pages: tuple[Access, bool] | None = None
        # Held while the device is asked for a lens's picture.
        self.pictures = asyncio.Lock()
        # Held while the device is asked, so that a wrong login is sent once.
        self.turn = asyncio.Lock()

    @property
    def refused(self) -> bool:
        """Whether the camera refuses the login, until the user enters another one."""
        return bool(self._entry.data.get(CONF_REFUSED))

    @property
    def useless(self) -> bool:
        """Whether ONVIF refused the present login."""
        return self._useless == self.present()

    def present(self) -> Present:
        """What the answer to a login depends on; it may change while the device is asked."""
        return credentials_of(self._entry), Address.of(self._entry.data)

    def doubts(self, camera_id: str) -> bool:
        """Whether the login was refused, or this camera's stream with it."""
        return self.refused or camera_id in self._doubters

    def blocks(self, camera_id: str) -> bool:
        """Whether this camera's stream must not be opened now."""
        return self._asking or self.doubts(camera_id)

    @callback
    def async_join(
        self, camera_id: str, try_again: Callable[[], None], wrong: Callable[[], None]
    ) -> CALLBACK_TYPE:
        """Take part; `try_again` opens the camera's stream once more. Returns what ends that.

        `wrong` is called when it is known that the login is wrong.
        """
        self._try_again[camera_id], self._wrong[camera_id] = try_again, wrong

        @callback
        def leave() -> None:
            self._try_again.pop(camera_id, None)
            self._wrong.pop(camera_id, None)
            self._settled(camera_id)

        return leave

    @callback
    def async_configure(self) -> None:
        """Use the entry's login, which the user may just have entered."""
        before, self._known = self._known, (credentials_of(self._entry), self.refused)
        if self._known != before:
            self.async_stop()
            self.attempt += 1

    @callback
    def async_accepted(self, camera_id: str) -> None:
        """Record that the device accepted the login for a camera's stream."""
        if self._trying == camera_id:
            self._trying = None
            self._permit([one for one, shown in self._doubters.items() if not shown])
        self._settled(camera_id)
        self._waits.reset()

    @callback
    def async_refused(self, camera_id: str, *, shown: bool = True) -> None:
        """Record that a stream was refused, and ask the device over ONVIF.

        `shown`: whether the login was sent; not if it was refused to another stream before.
        """
        if self.doubts(camera_id):
            return
        if self.useless:
            # ONVIF refused it before, and need not be asked again.
            self.async_wrong()
            return
        if self._doubters and self._trying is None and not (shown or self._asking):
            # The login was found to be right; another lens's refusal must not hold this one up.
            self._trying = camera_id
            self.attempt += 1
            self._try_again[camera_id]()
            return
        tried = self._trying == camera_id
        waiting = bool(self._doubters) and not tried
        self._doubters[camera_id] = shown
        if not waiting:
            self._trying = None
            self._later.async_stop()
            self._asking = True
            self._later.async_begin(self._async_ask)

    @callback
    def async_useless(self, present: Present) -> None:
        """Record that ONVIF refused a login while no stream did."""
        self._useless = present

    @callback
    def async_wrong(self) -> None:
        """Record that the device refuses the login over ONVIF, too: nothing uses it any more."""
        self._asking = False
        self._doubters.clear()
        self._hass.config_entries.async_update_entry(
            self._entry, data={**self._entry.data, CONF_REFUSED: True}
        )
        self._known = (credentials_of(self._entry), True)
        self._give_up()
        for wrong in tuple(self._wrong.values()):
            wrong()
        self.async_request()

    @callback
    def async_request(self) -> None:
        """Ask the user for another login."""
        self._entry.async_start_reauth(self._hass)

    @callback
    def async_stop(self) -> None:
        """Forget what is under way: the login is right, or another, or not needed."""
        self._asking, self._trying = False, None
        self._doubters.clear()
        self._later.async_stop()

    def _settled(self, camera_id: str) -> None:
        doubted = self._doubters.pop(camera_id, None) is not None
        if not self._doubters:
            waited = self._asking
            self.async_stop()
            if waited:
                self._open_all()
                return
        if doubted and camera_id in self._try_again:
            # Its stream plays, but live view was ended.
            self._try_again[camera_id]()

    def _open_all(self) -> None:
        """Have all streams opened that may be: also those that only waited for the answer."""
        for try_again in tuple(self._try_again.values()):
            try_again()

    async def _async_ask(self) -> None:
        try:
            async with self.turn:
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
        """Have streams opened once more: the login is right.

        First those that were not asked for: the refused one may be a lens that this account may not
        see, and its next refusal would hold them up again.
        """
        self._asking, self._trying = False, None
        several = len(set(self._doubters.values())) > 1
        self._permit([one for one, shown in self._doubters.items() if not (several and shown)])
        if self._doubters:
            self._later.async_after(self._waits.wait(), self._async_permit)

    def _permit(self, cameras: list[str]) -> None:
        """Have these streams opened once more, and all that only waited."""
        self.attempt += bool(cameras)
        for camera_id in cameras:
            del self._doubters[camera_id]
        self._open_all()
