"""The switch for person detection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory

from .entity import PorchlightEntity

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraEntry

PARALLEL_UPDATES = 0

DETECTION = SwitchEntityDescription(
    key="person_detection",
    translation_key="person_detection",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's switch."""
    async_add_entities([DetectionSwitch(entry.runtime_data, DETECTION)])


class DetectionSwitch(PorchlightEntity, SwitchEntity):
    """Turns person detection on or off for one camera; works without a stream, too."""

    _needs_stream = False

    @property
    @override
    def is_on(self) -> bool:
        """Whether person detection is on."""
        return self.coordinator.detects

    @override
    async def async_turn_on(self, **_kwargs: Any) -> None:
        """Turn person detection on."""
        await self.coordinator.async_set_detection(enabled=True)

    @override
    async def async_turn_off(self, **_kwargs: Any) -> None:
        """Turn person detection off."""
        await self.coordinator.async_set_detection(enabled=False)
