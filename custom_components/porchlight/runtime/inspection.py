"""Asks a camera that is set up what it is and which streams it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME

from ..const import CONF_CERTIFICATE, CONF_ENDPOINT
from ..onvif.values import Credentials
from . import ask
from .address import Address

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

    from ..onvif.values import CameraReport


async def async_inspect(entry: ConfigEntry[Any], address: Address | None = None) -> CameraReport:
    """Query a camera with its login, at its own address or at another. Raises ErrandError."""
    address = address or Address.of(entry.data)
    return await ask.inspect(
        address.host,
        address.port,
        credentials_of(entry),
        path=address.path,
        endpoint=entry.data[CONF_ENDPOINT],
        secure=address.secure,
        certificate=entry.data.get(CONF_CERTIFICATE),
    )


def credentials_of(entry: ConfigEntry[Any]) -> Credentials:
    """A camera's login."""
    return Credentials(username=entry.data[CONF_USERNAME], password=entry.data[CONF_PASSWORD])
