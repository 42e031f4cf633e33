"""Buttons: turn a camera to one of its presets, and restart it."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.helpers import entity_registry as er

from .entity import PorchlightEntity
from .runtime.entries import parent_of

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .onvif.values import Preset
    from .runtime.coordinator import CameraCoordinator, CameraEntry

PARALLEL_UPDATES = 0

RESTART = ButtonEntityDescription(
    key="restart",
    translation_key="restart",
    device_class=ButtonDeviceClass.RESTART,
    entity_category=EntityCategory.CONFIG,
    entity_registry_enabled_default=False,
)
# There may be many, and the select has them all.
PRESET = ButtonEntityDescription(
    key="preset", translation_key="preset", entity_registry_enabled_default=False
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's buttons, and remove those of presets that it no longer has."""
    camera = entry.runtime_data
    presets = [
        PresetButton(camera, name, preset) for name, preset in camera.controls.presets.items()
    ]
    registry = er.async_get(hass)
    there = {button.unique_id for button in presets}
    for known in er.async_entries_for_config_entry(registry, entry.entry_id):
        is_preset = known.domain == Platform.BUTTON and known.unique_id.startswith(
            f"{entry.unique_id}_{PRESET.key}_"
        )
        if is_preset and known.unique_id not in there:
            registry.async_remove(known.entity_id)
    if parent_of(hass, entry) is entry:
        async_add_entities([RestartButton(camera, RESTART)])
    async_add_entities(presets)


class RestartButton(PorchlightEntity, ButtonEntity):
    """Restarts a device; available without a stream, when it is needed most."""

    _needs_stream = False

    @override
    async def async_press(self) -> None:
        """Restart the camera."""
        await self.coordinator.controls.async_reboot()


class PresetButton(PorchlightEntity, ButtonEntity):
    """Turns one camera to a preset; available without a stream, too."""

    _needs_stream = False

    def __init__(self, coordinator: CameraCoordinator, name: str, preset: Preset) -> None:
        super().__init__(coordinator, PRESET)
        self._preset = preset
        self._attr_unique_id = f"{self._attr_unique_id}_{preset.token}"
        self._attr_translation_placeholders = {"name": name}

    @override
    async def async_press(self) -> None:
        """Turn the camera."""
        await self.coordinator.controls.async_go_to(self._preset)
