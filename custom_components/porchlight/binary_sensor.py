"""Binary sensors: a person in view or in a zone, motion, and the stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory

from .entity import AreaEntity, PorchlightEntity
from .runtime.areas import Kind, of_kind
from .runtime.coordinator import CameraCoordinator, CameraState

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PorchlightBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor, where its state comes from, and what it needs."""

    is_on_fn: Callable[[CameraState], bool | None]
    needs_stream: bool = True
    needs_detector: bool = False


DESCRIPTIONS = (
    PorchlightBinarySensorDescription(
        key="person",
        translation_key="person",
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        is_on_fn=lambda state: None if state.people is None else state.people > 0,
        needs_detector=True,
    ),
    PorchlightBinarySensorDescription(
        key="motion",
        translation_key="motion",
        device_class=BinarySensorDeviceClass.MOTION,
        is_on_fn=lambda state: state.moving,
    ),
    PorchlightBinarySensorDescription(
        key="stream",
        translation_key="stream",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=lambda state: state.connected,
        needs_stream=False,
    ),
)


ZONE = BinarySensorEntityDescription(
    key="zone",
    translation_key="zone",
    device_class=BinarySensorDeviceClass.OCCUPANCY,
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's binary sensors."""
    camera = entry.runtime_data
    async_add_entities(
        [
            *(PorchlightBinarySensor(camera, description) for description in DESCRIPTIONS),
            *(ZoneSensor(camera, ZONE, zone) for zone in of_kind(camera.areas, Kind.ZONE)),
        ]
    )


class PorchlightBinarySensor(PorchlightEntity, BinarySensorEntity):
    """A binary sensor of one camera."""

    entity_description: PorchlightBinarySensorDescription

    def __init__(
        self, coordinator: CameraCoordinator, description: PorchlightBinarySensorDescription
    ) -> None:
        super().__init__(coordinator, description)
        self._needs_stream = description.needs_stream
        self._needs_detector = description.needs_detector

    @property
    @override
    def is_on(self) -> bool | None:
        """The state; unknown until a frame was analyzed."""
        return self.entity_description.is_on_fn(self.coordinator.data)


class ZoneSensor(AreaEntity, BinarySensorEntity):
    """Whether a person is in a zone."""

    _needs_detector = True

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether a person is there; unknown until a frame was analyzed."""
        people = self._people
        return None if people is None else people > 0

    @property
    @override
    def extra_state_attributes(self) -> dict[str, int | None]:
        """How many people there are."""
        return {"people": self._people}

    @property
    def _people(self) -> int | None:
        return (self.coordinator.data.zones or {}).get(self._area_id)
