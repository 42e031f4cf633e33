"""Finds cameras: on demand for the config flow, and regularly in the background."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from homeassistant.components import network
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers import discovery_flow

from ..const import CONF_ENDPOINT, CONF_MAC, CONF_MODEL, DOMAIN
from . import ask
from .entries import camera_entries

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..onvif.values import Found

_LOGGER = logging.getLogger(__name__)


async def async_sources(hass: HomeAssistant) -> list[str]:
    """Home Assistant's IPv4 addresses on all enabled interfaces."""
    addresses = await network.async_get_enabled_source_ips(hass)
    return [str(address) for address in addresses if address.version == 4]  # noqa: PLR2004 - IPv4


async def async_scan(hass: HomeAssistant) -> list[Found]:
    """Search all enabled interfaces. Raises ErrandError."""
    return await ask.scan(await async_sources(hass))


def entry_of(hass: HomeAssistant, found: Found) -> ConfigEntry | None:
    """The entry of a camera that was found, if it is set up."""
    for entry in camera_entries(hass):
        data = entry.data
        if found.mac and found.mac == data[CONF_MAC]:
            return entry
        if found.endpoint and found.endpoint == data[CONF_ENDPOINT]:
            return entry
        if (found.host, found.port) == (data[CONF_HOST], data[CONF_PORT]):
            return entry
    return None


async def async_search(hass: HomeAssistant) -> None:
    """Offer each camera that is not set up, and update the addresses of those that are."""
    try:
        cameras = await async_scan(hass)
    except ask.ErrandError as error:
        _LOGGER.debug("The search for cameras failed: %s", error)
        return
    for found in cameras:
        if entry := entry_of(hass, found):
            _follow(hass, entry, found)
            continue
        discovery_flow.async_create_flow(
            hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={"found": found},
            discovery_key=discovery_flow.DiscoveryKey(
                domain=DOMAIN, key=found.endpoint or found.xaddr, version=1
            ),
        )


def _follow(hass: HomeAssistant, entry: ConfigEntry, found: Found) -> None:
    """Store a camera's new address, if it is certainly the same camera."""
    data = entry.data
    same = found.mac and found.mac == data[CONF_MAC] and found.model == data[CONF_MODEL]
    here = {CONF_HOST: found.host, CONF_PORT: found.port}
    if same and here != {key: data[key] for key in here}:
        _LOGGER.info("%s moved to %s", entry.title, found.host)
        hass.config_entries.async_update_entry(entry, data={**data, **here})
        hass.config_entries.async_schedule_reload(entry.entry_id)
