"""The select of a camera's presets."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.const import Platform
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .entity import PorchlightEntity

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraEntry

PARALLEL_UPDATES = 0

PTZ_PRESET = SelectEntityDescription(key="ptz_preset", translation_key="ptz_preset")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the select of a camera with presets, or remove it if there are none any more."""
    select = PresetSelect(entry.runtime_data, PTZ_PRESET)
    if select.options:
        async_add_entities([select])
        return
    registry = er.async_get(hass)
    if entity_id := registry.async_get_entity_id(Platform.SELECT, DOMAIN, str(select.unique_id)):
        registry.async_remove(entity_id)


class PresetSelect(PorchlightEntity, SelectEntity):
    """Turns one camera; unknown until then, because no camera says which preset it is at."""

    _needs_stream = False

    @property
    @override
    def options(self) -> list[str]:
        """The presets' names."""
        return list(self.coordinator.controls.presets)

    @property
    @override
    def current_option(self) -> str | None:
        """The preset that the camera was last turned to from here."""
        return self.coordinator.controls.preset

    @override
    async def async_select_option(self, option: str) -> None:
        """Turn the camera."""
        controls = self.coordinator.controls
        await controls.async_go_to(controls.presets[option])
