"""Porchlight: person detection on your own cameras, inside Home Assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .detection.choice import Choice
from .entity import AREA_KEYS
from .runtime.entries import (
    camera_entries,
    is_detector,
    make_detector_entry,
    parent_of,
    remove_detector_entry,
)
from .runtime.lenses import (
    async_keep_alike,
    async_offer_lenses,
    async_pause_children,
    async_resume_children,
    async_update_from_parent,
    remove_children,
)
from .runtime.migration import async_migrate
from .runtime.owner import DATA_OWNER, async_owner

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.typing import ConfigType

    from .detection.coordinator import DetectorEntry
    from .runtime.coordinator import CameraEntry

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]
DETECTOR_PLATFORMS = [Platform.SENSOR]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Set up what outlives the loading of entries."""
    hass.data[DATA_OWNER] = await async_owner(hass)
    async_keep_alike(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CameraEntry | DetectorEntry) -> bool:
    """Set up a camera, or the detector."""
    if is_detector(entry):
        return await _async_setup_detector(hass, entry)
    return await _async_setup_camera(hass, entry)


async def _async_setup_camera(hass: HomeAssistant, entry: CameraEntry) -> bool:
    owner = hass.data[DATA_OWNER]
    make_detector_entry(hass)
    async_update_from_parent(hass, entry)
    camera = entry.runtime_data = await owner.async_adopt(entry)
    _forget_deleted_areas(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    camera.visits.async_release()
    owner.async_watch(camera)
    async_resume_children(hass, entry)
    async_offer_lenses(hass, [parent_of(hass, entry)])
    return True


async def _async_setup_detector(hass: HomeAssistant, entry: DetectorEntry) -> bool:
    detection = entry.runtime_data = hass.data[DATA_OWNER].detection
    detection.async_enable(Choice.of(entry.options))
    await hass.config_entries.async_forward_entry_setups(entry, DETECTOR_PLATFORMS)
    return True


def _forget_deleted_areas(hass: HomeAssistant, entry: CameraEntry) -> None:
    """Remove the entities of zones and lines that were deleted."""
    registry = er.async_get(hass)
    there = {area.area_id for area in entry.runtime_data.areas}
    prefixes = tuple(f"{entry.unique_id}_{key}_" for key in AREA_KEYS)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if (
            entity.unique_id.startswith(prefixes)
            and entity.unique_id.rpartition("_")[2] not in there
        ):
            registry.async_remove(entity.entity_id)


async def async_unload_entry(hass: HomeAssistant, entry: CameraEntry | DetectorEntry) -> bool:
    """Remove an entry's entities; its camera is still watched, because a reload may follow."""
    owner = hass.data[DATA_OWNER]
    if is_detector(entry):
        if entry.disabled_by:
            owner.detection.async_disable()
        return await hass.config_entries.async_unload_platforms(entry, DETECTOR_PLATFORMS)
    if entry.disabled_by:
        # Before its entities are removed, so that they get the end of the visit.
        owner.async_end(entry)
        async_pause_children(hass, entry)
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        owner.async_release(entry)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: CameraEntry | DetectorEntry) -> None:
    """Delete everything that is stored for an entry."""
    if is_detector(entry):
        if camera_entries(hass):
            make_detector_entry(hass)
        return
    remove_children(hass, entry)
    await hass.data[DATA_OWNER].async_remove(entry)
    if not camera_entries(hass):
        remove_detector_entry(hass)


async def async_migrate_entry(hass: HomeAssistant, entry: CameraEntry | DetectorEntry) -> bool:
    """Bring an entry of an earlier version up to date."""
    return await async_migrate(hass, entry)
