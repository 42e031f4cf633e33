"""Notices that a camera may have a new address, and asks the user.

Anything on the network can answer a search with a known camera's identity. So the camera's login
goes to another address only if the device there proves that it has the camera's certificate, or
if the camera is not found at the old address and the user agrees.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.util.ssl import get_default_no_verify_context

from ..const import CONF_CERTIFICATE, CONF_STREAM
from ..worker.urls import RTSP_PORTS
from .address import Address
from .issues import create_move_issue, stream_issue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ssl import SSLContext

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..onvif.values import Found

_LOGGER = logging.getLogger(__name__)

# Seconds that a device may take to accept a connection.
CONNECTING = 5.0
# Devices that are asked for a certificate at once: anything can say that it is the camera.
MOST_PROOFS = 16


def moved(entry: ConfigEntry[Any], found: Found) -> Address:
    """Where a camera may be now; it keeps TLS, and the port that it has with it."""
    before, there = Address.of(entry.data), Address.of_found(found)
    return replace(before, host=there.host) if before.secure and not there.secure else there


async def async_consider(
    hass: HomeAssistant, entry: ConfigEntry[Any], addresses: Iterable[Address]
) -> None:
    """Follow a camera that proves who it is; raise a repair issue if it seems to have moved.

    Another device may have the old address by now, so a stream that is down for long is enough.
    """
    others = [address for address in addresses if address != Address.of(entry.data)]
    secure = [address for address in others if address.secure][:MOST_PROOFS]
    proofs = await asyncio.gather(*(_async_proves(entry, address) for address in secure))
    if _is_gone(hass, entry):
        return
    for address, proves in zip(secure, proofs, strict=True):
        if proves:
            _LOGGER.info("%s moved to %s and has its certificate", entry.title, address.host)
            hass.config_entries.async_update_entry(entry, data={**entry.data, **address.data})
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return
    if not others:
        return
    if not stream_issue(hass, entry) and await _async_answers(entry):
        _LOGGER.debug("%s answers where it was; others are not it", entry.title)
        return
    if _is_gone(hass, entry):
        return
    create_move_issue(hass, entry, others[-1].data)


def _is_gone(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Whether a camera was removed while others were asked."""
    return hass.config_entries.async_get_entry(entry.entry_id) is None


async def _async_proves(entry: ConfigEntry[Any], address: Address) -> bool:
    """Whether the device has the key to the camera's certificate, as the handshake shows."""
    known = entry.data.get(CONF_CERTIFICATE)
    if not known:
        return False
    context = get_default_no_verify_context()
    if (writer := await _async_connect(address.host, address.port, context)) is None:
        return False
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return bool(hashlib.sha256(certificate).hexdigest() == known)


async def _async_answers(entry: ConfigEntry[Any]) -> bool:
    """Whether any device is at the camera's known address."""
    host = entry.data[CONF_HOST]
    ports = {entry.data[CONF_PORT], urlsplit(entry.data[CONF_STREAM]).port or RTSP_PORTS["rtsp"]}
    return any(await asyncio.gather(*(_async_listens(host, port) for port in ports)))


async def _async_listens(host: str, port: int) -> bool:
    writer = await _async_connect(host, port)
    if writer:
        writer.close()
    return writer is not None


async def _async_connect(
    host: str, port: int, tls: SSLContext | None = None
) -> asyncio.StreamWriter | None:
    """A connection; None if there is none within CONNECTING seconds."""
    try:
        async with asyncio.timeout(CONNECTING):
            return (await asyncio.open_connection(host, port, ssl=tls))[1]
    except (OSError, UnicodeError):
        return None
