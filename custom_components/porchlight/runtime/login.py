"""Starts reauthentication of a camera once its password is certainly wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
)
from homeassistant.core import callback

from ..const import CONF_ENDPOINT, CONF_ONVIF_PATH, DOMAIN
from ..onvif.errors import AuthenticationError
from ..onvif.values import Credentials
from . import ask

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

# Refusals in a row before the login is checked over ONVIF: a single one may only mean that the
# camera has no free connection.
REFUSALS = 2


class LoginCheck:
    """Counts how often one camera's stream was refused."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        self._hass = hass
        self._entry = entry
        self._refusals = 0
        self._asking = False

    @callback
    def async_accepted(self) -> None:
        """Record that the camera accepted the login."""
        self._refusals = 0

    @callback
    def async_refused(self) -> None:
        """Record a refusal; start reauthentication only if ONVIF refuses the login, too."""
        self._refusals += 1
        if self._refusals >= REFUSALS and not self._asking:
            self._asking = True
            self._entry.async_create_background_task(
                self._hass, self._async_ask(), f"{DOMAIN} login"
            )

    async def _async_ask(self) -> None:
        data = self._entry.data
        try:
            await ask.inspect(
                data[CONF_HOST],
                data[CONF_PORT],
                credentials_of(self._entry),
                path=data[CONF_ONVIF_PATH],
                endpoint=data[CONF_ENDPOINT],
                secure=data[CONF_SSL],
            )
        except ask.ErrandError as error:
            if error.key == AuthenticationError.key:
                self._entry.async_start_reauth(self._hass)
        finally:
            self._asking = False
            self._refusals = 0


def credentials_of(entry: ConfigEntry[Any]) -> Credentials:
    """A camera's login."""
    return Credentials(username=entry.data[CONF_USERNAME], password=entry.data[CONF_PASSWORD])
