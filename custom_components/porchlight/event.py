"""Events: a person arrived, or all people left."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback

from .const import EVENT_ARRIVED, EVENT_LEFT
from .entity import PorchlightEntity
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


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's event."""
    async_add_entities([PersonEventEntity(entry.runtime_data)])


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
