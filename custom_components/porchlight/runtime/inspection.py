"""Asks a camera that is set up what it is and which streams it has."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME

from ..const import CONF_CERTIFICATE, CONF_ENDPOINT, CONF_EVENTS, CONF_PRESETS
from ..onvif.values import Access, Credentials
from . import ask
from .address import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigEntry

    from ..onvif.values import CameraReport


async def async_inspect(entry: ConfigEntry[Any], address: Address | None = None) -> CameraReport:
    """Query a camera with its login, at its own address or at another. Raises ErrandError."""
    return await async_query(
        address or Address.of(entry.data),
        credentials_of(entry),
        endpoint=entry.data[CONF_ENDPOINT],
        certificate=entry.data.get(CONF_CERTIFICATE),
    )


async def async_query(
    address: Address, credentials: Credentials, *, endpoint: str | None, certificate: str | None
) -> CameraReport:
    """Query a camera that need not be set up. Raises ErrandError."""
    return await ask.inspect(
        address.host,
        address.port,
        credentials,
        path=address.path,
        endpoint=endpoint,
        secure=address.secure,
        certificate=certificate,
    )


def credentials_of(entry: ConfigEntry[Any]) -> Credentials:
    """A camera's login."""
    return Credentials(username=entry.data[CONF_USERNAME], password=entry.data[CONF_PASSWORD])


def access_of(entry: ConfigEntry[Any]) -> Access:
    """How a camera's ONVIF service is reached."""
    address = Address.of(entry.data)
    return Access(
        host=address.host,
        port=address.port,
        credentials=credentials_of(entry),
        path=address.path,
        secure=address.secure,
        certificate=entry.data.get(CONF_CERTIFICATE),
    )


def abilities(report: CameraReport, known: Mapping[str, Any]) -> dict[str, Any]:
    """What a camera can report and do, as an entry's data; `known` is the data from before."""
    return {
        CONF_EVENTS: None if report.events is None else list(map(str, report.events)),
        CONF_PRESETS: known.get(CONF_PRESETS),
        **presets_data(report),
    }


def presets_data(report: CameraReport) -> dict[str, Any]:
    """A camera's presets as an entry's data; nothing if it does not say which it has."""
    if report.presets is None:
        return {}
    return {CONF_PRESETS: [asdict(preset) for preset in report.presets]}
