"""What all entities of a camera have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.const import CONF_HOST
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import (
    CONF_FIRMWARE,
    CONF_MAC,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_SERIAL,
    DOMAIN,
)
from .runtime.coordinator import CameraCoordinator

if TYPE_CHECKING:
    from homeassistant.helpers.entity import EntityDescription

    from .runtime.areas import Area
    from .runtime.data import PorchlightConfigEntry

# The keys of entities that areas have.
AREA_KEYS = ("zone", "line_in", "line_out")


class PorchlightEntity(CoordinatorEntity[CameraCoordinator]):
    """An entity of one camera; available while its stream is, if it needs that."""

    _attr_has_entity_name = True
    _needs_stream = True

    def __init__(self, coordinator: CameraCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        entry = coordinator.config_entry
        self._attr_unique_id = f"{entry.unique_id}_{description.key}"
        self._attr_device_info = device_info(entry)

    @property
    @override
    def available(self) -> bool:
        """Whether frames arrive, or need not."""
        return not self._needs_stream or self.coordinator.data.connected is not False


class AreaEntity(PorchlightEntity):
    """An entity of one area, known again when the area is renamed."""

    def __init__(
        self, coordinator: CameraCoordinator, description: EntityDescription, area: Area
    ) -> None:
        super().__init__(coordinator, description)
        self._area_id = area.area_id
        self._attr_unique_id = f"{self._attr_unique_id}_{area.area_id}"
        self._attr_translation_placeholders = {"name": area.name}


def device_info(entry: PorchlightConfigEntry) -> DeviceInfo:
    """A camera's device."""
    data = entry.data
    mac = data.get(CONF_MAC)
    return DeviceInfo(
        identifiers={(DOMAIN, str(entry.unique_id))},
        connections={(dr.CONNECTION_NETWORK_MAC, mac)} if mac else set(),
        name=entry.title,
        manufacturer=data[CONF_MANUFACTURER] or None,
        model=data[CONF_MODEL] or None,
        serial_number=data[CONF_SERIAL] or None,
        sw_version=data[CONF_FIRMWARE] or None,
        configuration_url=f"http://{data[CONF_HOST]}",
    )
