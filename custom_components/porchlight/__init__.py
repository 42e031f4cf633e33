"""Porchlight: person detection on your own cameras, inside Home Assistant."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er

from .areas import Kind, of_kind
from .const import DOMAIN
from .coordinator import CameraCoordinator, picture_file
from .data import DATA_HUB
from .entity import AREA_KEYS
from .hub import Hub
from .repairs import delete_camera_issues

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.typing import ConfigType

    from .data import PorchlightConfigEntry

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
    hub = hass.data[DATA_HUB] = Hub(hass)
    await hub.detector.async_load()
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> bool:
    """Watch a camera."""
    delete_camera_issues(hass, entry)
    hub = hass.data[DATA_HUB]
    coordinator = entry.runtime_data = CameraCoordinator(hass, entry, hub)
    await coordinator.async_load()
    lines = of_kind(coordinator.areas, Kind.LINE)
    await coordinator.totals.async_load(line.area_id for line in lines)
    _forget_deleted_areas(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    hub.async_attach(coordinator)
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
        await hass.data[DATA_HUB].async_detach(entry.runtime_data)
        await entry.runtime_data.totals.async_save()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> None:
    """Forget a camera's picture and issues."""
    delete_camera_issues(hass, entry)
    folder = picture_file(hass, entry.entry_id).parent
    await hass.async_add_executor_job(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors
