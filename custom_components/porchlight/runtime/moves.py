"""Notices that a camera may have a new address, and asks the user.

Anything on the network can answer a search with a known camera's identity. So the camera's login
goes to another address only if the device there proves that it has the camera's certificate, or
if the camera is not found at the old address and the user agrees.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL
from homeassistant.util.ssl import get_default_no_verify_context

from ..const import CONF_CERTIFICATE, CONF_ONVIF_PATH, CONF_STREAM
from .issues import create_move_issue, stream_issue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..onvif.values import Found

_LOGGER = logging.getLogger(__name__)

# Seconds that a device at the old address may take to accept a connection.
CONNECTING = 5.0
RTSP_PORT = 554


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a camera's ONVIF service is."""

    host: str
    port: int
    path: str
    secure: bool

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read it from an entry's data."""
        return cls(
            host=data[CONF_HOST],
            port=data[CONF_PORT],
            path=data[CONF_ONVIF_PATH],
            secure=data[CONF_SSL],
        )

    @property
    def data(self) -> dict[str, Any]:
        """The same as an entry's data."""
        return {
            CONF_HOST: self.host,
            CONF_PORT: self.port,
            CONF_ONVIF_PATH: self.path,
            CONF_SSL: self.secure,
        }


def place_of(entry: ConfigEntry[Any], found: Found) -> Place:
    """Where a camera may be now; it keeps TLS, and the port that it has with it."""
    before = Place.of(entry.data)
    if before.secure and not found.secure:
        return Place(host=found.host, port=before.port, path=before.path, secure=True)
    return Place(host=found.host, port=found.port, path=found.path, secure=found.secure)


async def async_consider(hass: HomeAssistant, entry: ConfigEntry[Any], place: Place) -> None:
    """Follow a camera that proves who it is; raise a repair issue if it seems to have moved.

    Another device may have the old address by now, so a stream that is down for long is enough.
    """
    if place == Place.of(entry.data):
        return
    if place.secure and await _async_proves(entry, place):
        _LOGGER.info("%s moved to %s, where it has the same certificate", entry.title, place.host)
        hass.config_entries.async_update_entry(entry, data={**entry.data, **place.data})
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    if not stream_issue(hass, entry) and await _async_answers(entry):
        _LOGGER.debug("%s answers where it was; %s is another device", entry.title, place.host)
        return
    create_move_issue(hass, entry, place.data)


async def _async_proves(entry: ConfigEntry[Any], place: Place) -> bool:
    """Whether the device has the key to the camera's certificate, as the handshake shows."""
    known = entry.data.get(CONF_CERTIFICATE)
    if not known:
        return False
    context = get_default_no_verify_context()
    try:
        async with asyncio.timeout(CONNECTING):
            _reader, writer = await asyncio.open_connection(place.host, place.port, ssl=context)
    except (OSError, UnicodeError):
        return False
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return bool(hashlib.sha256(certificate).hexdigest() == known)


async def _async_answers(entry: ConfigEntry[Any]) -> bool:
    """Whether any device is at the camera's known address."""
    host = entry.data[CONF_HOST]
    ports = {entry.data[CONF_PORT], urlsplit(entry.data[CONF_STREAM]).port or RTSP_PORT}
    return any(await asyncio.gather(*(_async_listens(host, port) for port in ports)))


async def _async_listens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(CONNECTING):
            _reader, writer = await asyncio.open_connection(host, port)
    except (OSError, UnicodeError):
        return False
    writer.close()
    return True
