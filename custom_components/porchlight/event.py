"""Events: a person arrived, or all people left; and what the camera reports by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, override

from homeassistant.components.event import (
    EventDeviceClass,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.core import callback

from .const import EVENT_ARRIVED, EVENT_CROSSED, EVENT_LEFT, EVENT_RING
from .entity import PorchlightEntity
from .onvif.values import EventKind
from .runtime.areas import Kind, of_kind
from .runtime.coordinator import moment

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraCoordinator, CameraEntry
    from .runtime.ledger import VisitEvent

PARALLEL_UPDATES = 0

PERSON = EventEntityDescription(
    key="person_event",
    translation_key="person",
    event_types=[EVENT_ARRIVED, EVENT_LEFT],
)


@dataclass(frozen=True, kw_only=True)
class CameraEventDescription(EventEntityDescription):
    """Something that the camera reports by itself."""

    kind: EventKind
    event_type: str
    entity_registry_enabled_default: bool = False


CAMERA_EVENTS = (
    CameraEventDescription(
        key="camera_line",
        translation_key="camera_line",
        device_class=EventDeviceClass.MOTION,
        event_types=[EVENT_CROSSED],
        kind=EventKind.LINE,
        event_type=EVENT_CROSSED,
    ),
    CameraEventDescription(
        key="doorbell",
        translation_key="doorbell",
        device_class=EventDeviceClass.DOORBELL,
        event_types=[EVENT_RING],
        kind=EventKind.DOORBELL,
        event_type=EVENT_RING,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's events."""
    camera = entry.runtime_data
    async_add_entities(
        [
            PersonEventEntity(camera),
            *(
                CameraEventEntity(camera, description)
                for description in CAMERA_EVENTS
                if description.kind in camera.events.offered
            ),
        ]
    )


class PersonEventEntity(PorchlightEntity, EventEntity):
    """Arrivals and departures on one camera; available without a stream, too.

    A visit also ends when its stream is down, and an unavailable entity would lose the event.
    """

    _needs_stream = False

    def __init__(self, coordinator: CameraCoordinator) -> None:
        super().__init__(coordinator, PERSON)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for visits."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.visits.async_listen(self._async_happened))

    @callback
    def _async_happened(self, event: VisitEvent) -> None:
        visit = event.visit
        names = {one.area_id: one.name for one in of_kind(self.coordinator.areas, Kind.ZONE)}
        self._trigger_event(
            EVENT_ARRIVED if event.arrived else EVENT_LEFT,
            {
                "visit_id": visit.visit_id,
                "time": moment(visit.arrived_at if event.arrived else visit.last_seen).isoformat(),
                "score": visit.score,
                "count": visit.count if event.arrived else visit.most,
                "zones": [names[zone] for zone in visit.zones if zone in names],
            },
        )
        self.async_write_ha_state()


class CameraEventEntity(PorchlightEntity, EventEntity):
    """Something that the camera reports by itself; available without a subscription, too.

    Whoever waits for a change of its state must not take a lost subscription for a ring.
    """

    entity_description: CameraEventDescription
    _needs_stream = False

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the camera's events."""
        await super().async_added_to_hass()
        events = self.coordinator.events
        self.async_on_remove(events.async_listen_pulses(self._async_happened))
        self.async_on_remove(events.async_want())

    @callback
    def _async_happened(self, kind: EventKind) -> None:
        if kind is self.entity_description.kind:
            self._trigger_event(self.entity_description.event_type)
            self.async_write_ha_state()
