"""Base classes of a camera's and the detector's entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

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
from .runtime.entries import parent_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity import EntityDescription

    from .runtime.areas import Area

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
        self._attr_device_info = device_info(coordinator.hass, coordinator.entry)

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


def device_info(hass: HomeAssistant, entry: ConfigEntry[Any]) -> DeviceInfo:
    """A camera's device; that of a further lens is behind that of the first."""
    data = entry.data
    mac, parent = data.get(CONF_MAC), parent_of(hass, entry)
    is_first = parent is entry
    return DeviceInfo(
        identifiers=_identifiers(entry),
        connections={(dr.CONNECTION_NETWORK_MAC, mac)} if mac and is_first else set(),
        name=entry.title,
        manufacturer=data[CONF_MANUFACTURER] or None,
        model=data[CONF_MODEL] or None,
        serial_number=data[CONF_SERIAL] or None,
        sw_version=data[CONF_FIRMWARE] or None,
        configuration_url=Address.of(data).page,
        via_device_id=None if is_first else _device_id(hass, parent),  # type: ignore[typeddict-item] # None is allowed
    )


def _device_id(hass: HomeAssistant, entry: ConfigEntry[Any]) -> str:
    """The id of a camera's device; its entry may not be loaded yet."""
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers=_identifiers(entry), name=entry.title
    )
    return device.id


def _identifiers(entry: ConfigEntry[Any]) -> set[tuple[str, str]]:
    return {(DOMAIN, str(entry.unique_id))}
