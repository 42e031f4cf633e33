"""Base classes of a camera's and the detector's entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import (
    CONF_FIRMWARE,
    CONF_MAC,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_SERIAL,
    DETECTOR_ID,
    DOMAIN,
)
from .detection.coordinator import DetectionCoordinator
from .runtime.address import Address
from .runtime.coordinator import CameraCoordinator

if TYPE_CHECKING:
    from homeassistant.helpers.entity import EntityDescription

    from .runtime.areas import Area
    from .runtime.coordinator import CameraEntry

# The keys of areas' entities.
AREA_KEYS = ("zone", "line_in", "line_out")


class PorchlightEntity(CoordinatorEntity[CameraCoordinator]):
    """An entity of one camera; available while the stream or detector that it needs works."""

    _attr_has_entity_name = True
    _needs_stream = True
    _needs_detector = False

    def __init__(self, coordinator: CameraCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.entry.unique_id}_{description.key}"
        self._attr_device_info = device_info(coordinator.entry)

    @property
    @override
    def available(self) -> bool:
        """Whether the stream and the detector work, if the entity needs them."""
        if self._needs_detector and self.coordinator.detection.data.failed:
            return False
        return not self._needs_stream or self.coordinator.data.connected is not False


class AreaEntity(PorchlightEntity):
    """An entity of one area; renaming the area keeps its unique id."""

    def __init__(
        self, coordinator: CameraCoordinator, description: EntityDescription, area: Area
    ) -> None:
        super().__init__(coordinator, description)
        self._area_id = area.area_id
        self._attr_unique_id = f"{self._attr_unique_id}_{area.area_id}"
        self._attr_translation_placeholders = {"name": area.name}


class DetectorEntity(CoordinatorEntity[DetectionCoordinator]):
    """An entity of the detector, which all cameras share."""

    _attr_has_entity_name = True
    _attr_device_info = DeviceInfo(
        identifiers={(DOMAIN, DETECTOR_ID)},
        entry_type=DeviceEntryType.SERVICE,
        translation_key="detector",
    )

    def __init__(self, coordinator: DetectionCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{DETECTOR_ID}_{description.key}"


def device_info(entry: CameraEntry) -> DeviceInfo:
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
        configuration_url=Address.of(data).page,
    )
