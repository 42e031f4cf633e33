"""Brings entries of earlier versions up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from ..const import CONF_ENDPOINT, CONF_MAC, DOMAIN
from .entries import is_detector

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

# Sensors that cameras had before the detector had an entry of its own.
MOVED_KEYS = ("detector", "pace", "processor")
_WITHOUT_DETECTOR, _WITH_ADDRESS = 2, 3


async def async_migrate(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Bring an entry up to date; False if it is of a later version."""
    if entry.version > 1:
        return False
    if entry.minor_version < _WITHOUT_DETECTOR:
        _remove_detector_entities(hass, entry)
    if entry.minor_version < _WITH_ADDRESS:
        if not is_detector(entry):
            await _async_replace_address(hass, entry)
        hass.config_entries.async_update_entry(entry, minor_version=_WITH_ADDRESS)
    return True


def _remove_detector_entities(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    registry = er.async_get(hass)
    moved = {f"{entry.unique_id}_{key}" for key in MOVED_KEYS}
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.unique_id in moved:
            registry.async_remove(entity.entity_id)


async def _async_replace_address(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Give a camera whose id holds its address another one, so that it can move."""
    before, after = str(entry.unique_id), entry.entry_id
    if before in (entry.data[CONF_MAC], entry.data[CONF_ENDPOINT]):
        return

    @callback
    def renamed(entity: er.RegistryEntry) -> dict[str, Any] | None:
        if not entity.unique_id.startswith(f"{before}_"):
            return None
        return {"new_unique_id": f"{after}{entity.unique_id.removeprefix(before)}"}

    await er.async_migrate_entries(hass, entry.entry_id, renamed)
    devices = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        if (DOMAIN, before) in device.identifiers:
            devices.async_update_device(device.id, new_identifiers={(DOMAIN, after)})
    hass.config_entries.async_update_entry(entry, unique_id=after)
