"""The last person's picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .entity import PorchlightEntity
from .flows.drawing import no_person_yet

if TYPE_CHECKING:
    from datetime import datetime

    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraCoordinator, CameraEntry

PARALLEL_UPDATES = 0

LAST_PERSON = ImageEntityDescription(key="last_person", translation_key="last_person")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's picture, or remove it if pictures are off."""
    image = LastPersonImage(hass, entry.runtime_data)
    if entry.runtime_data.takes_pictures:
        async_add_entities([image])
        return
    registry = er.async_get(hass)
    if entity_id := registry.async_get_entity_id(Platform.IMAGE, DOMAIN, str(image.unique_id)):
        registry.async_remove(entity_id)


class LastPersonImage(PorchlightEntity, ImageEntity):
    """The best picture of the latest visit; available without a stream, too."""

    _attr_content_type = "image/jpeg"
    _needs_stream = False

    def __init__(self, hass: HomeAssistant, coordinator: CameraCoordinator) -> None:
        PorchlightEntity.__init__(self, coordinator, LAST_PERSON)
        ImageEntity.__init__(self, hass)

    @property
    @override
    def image_last_updated(self) -> datetime | None:
        """When the picture was taken."""
        picture = self.coordinator.picture
        return picture.at if picture else None

    @override
    async def async_image(self) -> bytes | None:
        """The picture as JPEG; a drawing if there is none yet."""
        if picture := self.coordinator.picture:
            return picture.jpeg
        return await self.hass.async_add_executor_job(no_person_yet)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show a new picture."""
        self._cached_image = None
        super()._handle_coordinator_update()
