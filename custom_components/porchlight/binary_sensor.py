"""Binary sensors: a person in view or in a zone, motion, the stream, and the camera's events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from .entity import AreaEntity, PorchlightEntity
from .onvif.values import EventKind
from .runtime.areas import Kind, of_kind
from .runtime.coordinator import CameraCoordinator, CameraState
from .runtime.text import plain

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraEntry

PARALLEL_UPDATES = 0
# Inputs of one camera; whatever it reports, there are no more entities.
MOST_INPUTS = 16


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
        is_on_fn=lambda state: state.occupied,
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


@dataclass(frozen=True, kw_only=True)
class CameraStateDescription(BinarySensorEntityDescription):
    """A state that the camera reports by itself."""

    kind: EventKind
    entity_registry_enabled_default: bool = False


CAMERA_EVENTS = (
    CameraStateDescription(
        key="camera_person",
        translation_key="camera_person",
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        kind=EventKind.PERSON,
    ),
    CameraStateDescription(
        key="camera_vehicle",
        translation_key="camera_vehicle",
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        kind=EventKind.VEHICLE,
    ),
    CameraStateDescription(
        key="camera_animal",
        translation_key="camera_animal",
        device_class=BinarySensorDeviceClass.OCCUPANCY,
        kind=EventKind.ANIMAL,
    ),
    CameraStateDescription(
        key="camera_motion",
        translation_key="camera_motion",
        device_class=BinarySensorDeviceClass.MOTION,
        kind=EventKind.MOTION,
    ),
    CameraStateDescription(
        key="camera_tamper",
        translation_key="camera_tamper",
        device_class=BinarySensorDeviceClass.TAMPER,
        kind=EventKind.TAMPER,
    ),
    CameraStateDescription(
        key="camera_inputs",
        translation_key="camera_inputs",
        kind=EventKind.INPUT,
    ),
)

CAMERA_INPUT = CameraStateDescription(
    key="camera_input",
    translation_key="camera_input",
    kind=EventKind.INPUT,
)

SUBSCRIPTION = BinarySensorEntityDescription(
    key="camera_events",
    translation_key="camera_events",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's binary sensors."""
    camera = entry.runtime_data
    async_add_entities(
        [
            *(PorchlightBinarySensor(camera, description) for description in DESCRIPTIONS),
            *(ZoneSensor(camera, ZONE, zone) for zone in of_kind(camera.areas, Kind.ZONE)),
            *(
                CameraStateSensor(camera, description)
                for description in CAMERA_EVENTS
                if description.kind in camera.events.offered
            ),
            *([SubscriptionSensor(camera, SUBSCRIPTION)] if camera.events.offered else []),
        ]
    )
    _add_inputs(hass, entry, async_add_entities)


def _add_inputs(
    hass: HomeAssistant, entry: CameraEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the inputs that are known, and others when the camera first reports them."""
    camera = entry.runtime_data
    prefix = f"{entry.unique_id}_{CAMERA_INPUT.key}_"
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    known: list[str] = []

    @callback
    def add(tokens: Iterable[str]) -> None:
        new = [token for token in tokens if token and token not in known]
        del new[MOST_INPUTS - len(known) :]
        known.extend(new)
        async_add_entities([InputSensor(camera, CAMERA_INPUT, token) for token in new])

    add(
        entity.unique_id.removeprefix(prefix)
        for entity in registered
        if entity.unique_id.startswith(prefix)
    )
    entry.async_on_unload(camera.events.async_listen(lambda: add(camera.events.inputs)))


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


class CameraStateSensor(PorchlightEntity, BinarySensorEntity):
    """A state that the camera reports by itself; unavailable without a subscription."""

    entity_description: CameraStateDescription

    @property
    @override
    def available(self) -> bool:
        """Whether the camera's events arrive."""
        return self.coordinator.events.subscribed

    @property
    @override
    def is_on(self) -> bool | None:
        """The state; unknown until the camera reports it."""
        return self.coordinator.events.is_on(self.entity_description.kind)

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the camera's events."""
        await super().async_added_to_hass()
        events = self.coordinator.events
        self.async_on_remove(events.async_listen(self.async_write_ha_state))
        self.async_on_remove(events.async_want())


class InputSensor(CameraStateSensor):
    """One of the camera's inputs."""

    def __init__(
        self, coordinator: CameraCoordinator, description: CameraStateDescription, token: str
    ) -> None:
        super().__init__(coordinator, description)
        self._token = token
        self._attr_unique_id = f"{self._attr_unique_id}_{token}"
        self._attr_translation_placeholders = {"name": plain(token)}

    @property
    @override
    def is_on(self) -> bool | None:
        """The input's state; unknown until the camera reports it."""
        return self.coordinator.events.inputs.get(self._token)


class SubscriptionSensor(CameraStateSensor):
    """Whether the camera's events arrive."""

    @property
    @override
    def available(self) -> bool:
        """Always: it says why the others are not."""
        return True

    @property
    @override
    def is_on(self) -> bool:
        """Whether the camera's events arrive."""
        return self.coordinator.events.subscribed
