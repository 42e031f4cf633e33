"""Porchlight: person detection on your own cameras, inside Home Assistant."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .entity import AREA_KEYS
from .runtime.areas import Kind, of_kind
from .runtime.coordinator import CameraCoordinator, picture_file
from .runtime.data import DATA_OWNER
from .runtime.issues import delete_camera_issues
from .runtime.owner import Owner

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.typing import ConfigType

    from .runtime.data import PorchlightConfigEntry

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.SENSOR,
    Platform.SWITCH,
]


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Set up what the config flow and all cameras share."""
    owner = hass.data[DATA_OWNER] = Owner(hass)
    await owner.detector.async_load()
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> bool:
    """Watch a camera."""
    delete_camera_issues(hass, entry)
    owner = hass.data[DATA_OWNER]
    coordinator = entry.runtime_data = CameraCoordinator(hass, entry, owner)
    await coordinator.async_load()
    lines = of_kind(coordinator.areas, Kind.LINE)
    await coordinator.totals.async_load(line.area_id for line in lines)
    _forget_deleted_areas(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    owner.async_attach(coordinator)
    return True


def _forget_deleted_areas(hass: HomeAssistant, entry: PorchlightConfigEntry) -> None:
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


async def async_unload_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> bool:
    """Stop watching a camera."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await hass.data[DATA_OWNER].async_detach(entry.runtime_data)
        await entry.runtime_data.totals.async_save()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> None:
    """Forget a camera's picture and issues."""
    delete_camera_issues(hass, entry)
    folder = picture_file(hass, entry.entry_id).parent
    await hass.async_add_executor_job(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors
