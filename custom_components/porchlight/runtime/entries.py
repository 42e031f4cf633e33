"""The two kinds of config entries: cameras, and the detector that they share.

The detector's entry is created with the first camera and removed with the last. Each lens of a
device is a camera; the entry of the one that was added first is the parent of the others' entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeIs

from homeassistant.config_entries import SOURCE_SYSTEM

from ..const import (
    CONF_BUDGET,
    CONF_ENGINE,
    CONF_FILE,
    CONF_MODEL,
    CONF_PARENT,
    DETECTOR_ID,
    DOMAIN,
)
from .storage import Stored

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..detection.coordinator import DetectorEntry

# Where the detector's options were stored before it had an entry.
_OLD_CHOICE = f"{DOMAIN}.detector"
_CHOICE_KEYS = (CONF_MODEL, CONF_FILE, CONF_ENGINE, CONF_BUDGET)


def is_detector(entry: ConfigEntry[Any]) -> TypeIs[DetectorEntry]:
    """Whether an entry is the detector's."""
    return entry.unique_id == DETECTOR_ID


def camera_entries(hass: HomeAssistant, *, disabled: bool = True) -> list[ConfigEntry[Any]]:
    """The cameras that are set up; with or without those that are disabled."""
    entries = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=disabled
    )
    return [entry for entry in entries if not is_detector(entry)]


def device_entries(hass: HomeAssistant) -> list[ConfigEntry[Any]]:
    """One entry for each device, which has its address and its login."""
    return [entry for entry in camera_entries(hass) if parent_of(hass, entry) is entry]


def parent_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> ConfigEntry[Any]:
    """The entry of the device that a camera is a lens of; its own if it has no parent."""
    parent = entry.data.get(CONF_PARENT)
    return (hass.config_entries.async_get_entry(parent) if parent else None) or entry


def children_of(hass: HomeAssistant, entry: ConfigEntry[Any]) -> list[ConfigEntry[Any]]:
    """The entries of a device's further lenses."""
    return [one for one in camera_entries(hass) if one.data.get(CONF_PARENT) == entry.entry_id]


def detector_entry(hass: HomeAssistant) -> ConfigEntry[Any] | None:
    """The detector's entry, if there is one."""
    return hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, DETECTOR_ID)


def make_detector_entry(hass: HomeAssistant) -> None:
    """Make the detector's entry, if there is none."""
    if detector_entry(hass) is None:
        hass.async_create_task(
            hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_SYSTEM}),
            f"{DOMAIN} detector entry",
        )


def remove_detector_entry(hass: HomeAssistant) -> None:
    """Remove the detector's entry, if there is one."""
    if entry := detector_entry(hass):
        hass.async_create_task(
            hass.config_entries.async_remove(entry.entry_id), f"{DOMAIN} detector entry"
        )


async def async_old_choice(hass: HomeAssistant) -> dict[str, Any]:
    """The detector's options from before it had an entry; empty if there are none."""
    kept = await _old_store(hass).async_load()
    return {key: kept[key] for key in _CHOICE_KEYS if kept.get(key) is not None}


async def async_forget_old_choice(hass: HomeAssistant) -> None:
    """Delete the options from before the detector had an entry."""
    await _old_store(hass).async_remove()


def _old_store(hass: HomeAssistant) -> Stored[dict[str, Any]]:
    return Stored(hass, _OLD_CHOICE, dict[str, Any], dict)
