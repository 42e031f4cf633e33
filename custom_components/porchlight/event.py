"""Somebody came, or everybody left."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import callback

from .const import EVENT_ARRIVED, EVENT_LEFT
from .entity import PorchlightEntity

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraCoordinator, PersonEvent
    from .runtime.data import PorchlightConfigEntry

PARALLEL_UPDATES = 0

# Events kept for a stream that is away; older ones are no news any more.
MOST_WAITING = 16

PERSON = EventEntityDescription(
    key="person_event",
    translation_key="person",
    event_types=[EVENT_ARRIVED, EVENT_LEFT],
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: PorchlightConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's event."""
    async_add_entities([PersonEventEntity(entry.runtime_data)])


class PersonEventEntity(PorchlightEntity, EventEntity):
    """Arrivals and departures on one camera."""

    def __init__(self, coordinator: CameraCoordinator) -> None:
        super().__init__(coordinator, PERSON)
        self._waiting: deque[PersonEvent] = deque(maxlen=MOST_WAITING)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for visits."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen_to_visits(self._async_happened))

    @callback
    def _async_happened(self, event: PersonEvent) -> None:
        self._waiting.append(event)
        self._tell()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state, and tell what waited for the stream to come back."""
        super()._handle_coordinator_update()
        self._tell()

    def _tell(self) -> None:
        # An unavailable entity would swallow the event.
        while self.available and self._waiting:
            event = self._waiting.popleft()
            self._trigger_event(
                event.kind,
                {
                    "visit_id": event.visit_id,
                    "time": event.at.isoformat(),
                    "score": event.score,
                    "count": event.count,
                    "zones": list(event.zones),
                },
            )
            self.async_write_ha_state()
