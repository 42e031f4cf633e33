"""Finds cameras: on demand for the config flow, and regularly in the background."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from homeassistant.components import network
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers import discovery_flow

from ..const import CONF_ENDPOINT, CONF_MAC, DOMAIN
from . import ask
from .entries import device_entries
from .moves import async_consider, moved

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..onvif.values import Found
    from .address import Address

_LOGGER = logging.getLogger(__name__)

# Cameras that are offered at a time: anything on the network can answer a search.
MAX_OFFERS = 16
# How the key of a further lens begins.
LENS_KEY = "lens:"


async def async_sources(hass: HomeAssistant) -> list[str]:
    """Home Assistant's IPv4 addresses on all enabled interfaces."""
    addresses = await network.async_get_enabled_source_ips(hass)
    return [str(address) for address in addresses if address.version == 4]  # noqa: PLR2004 - IPv4


async def async_scan(hass: HomeAssistant) -> list[Found]:
    """Search all enabled interfaces. Raises ErrandError."""
    return await ask.scan(await async_sources(hass))


def entry_of(hass: HomeAssistant, found: Found) -> ConfigEntry | None:
    """The entry of a camera that was found, if it is set up."""
    for entry in device_entries(hass):
        data = entry.data
        if found.mac and found.mac == data[CONF_MAC]:
            return entry
        if found.endpoint and found.endpoint == data[CONF_ENDPOINT]:
            return entry
        if (found.host, found.port) == (data[CONF_HOST], data[CONF_PORT]):
            return entry
    return None


def _learn(hass: HomeAssistant, entry: ConfigEntry, found: Found) -> None:
    """Note what a camera without a MAC calls itself in searches, to notice when it has moved."""
    data = entry.data
    if data[CONF_ENDPOINT] or data[CONF_MAC] or found.host != data[CONF_HOST]:
        return
    if found.endpoint:
        hass.config_entries.async_update_entry(entry, data={**data, CONF_ENDPOINT: found.endpoint})


def free_offers(hass: HomeAssistant, *, lenses: bool = False) -> int:
    """How many more cameras, or further lenses, may be offered: neither crowds out the other."""
    offered = hass.config_entries.flow.async_progress_by_handler(
        DOMAIN, match_context={"source": SOURCE_INTEGRATION_DISCOVERY}
    )
    keys = (flow["context"].get("discovery_key") for flow in offered)
    are_lenses = [key is not None and str(key.key).startswith(LENS_KEY) for key in keys]
    return max(0, MAX_OFFERS - are_lenses.count(lenses))


@callback
def async_offer(hass: HomeAssistant, key: str, data: dict[str, Any]) -> None:
    """Offer a camera, or a further lens; `key` identifies it."""
    discovery_flow.async_create_flow(
        hass,
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data=data,
        discovery_key=discovery_flow.DiscoveryKey(domain=DOMAIN, key=key, version=1),
    )


async def async_search(hass: HomeAssistant) -> None:
    """Offer cameras that are not set up, and notice those that may have moved."""
    try:
        cameras = await async_scan(hass)
    except ask.ErrandError as error:
        _LOGGER.debug("The search for cameras failed: %s", error)
        return
    free = free_offers(hass)
    addresses: defaultdict[ConfigEntry, list[Address]] = defaultdict(list)
    for found in cameras:
        if entry := entry_of(hass, found):
            _learn(hass, entry, found)
            addresses[entry].append(moved(entry, found))
            continue
        if free <= 0:
            continue
        free -= 1
        async_offer(hass, found.endpoint or found.xaddr, {"found": found})
    # After the offers: to find out where a camera is takes seconds.
    for entry, several in addresses.items():
        await async_consider(hass, entry, several)
