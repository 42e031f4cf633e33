"""The camera itself: live view by Home Assistant's stream, and stills."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.components.camera import (
    Camera,
    CameraEntityDescription,
    CameraEntityFeature,
    async_get_still_stream,
)
from homeassistant.components.camera.prefs import DynamicStreamSettings
from homeassistant.components.stream import CONF_RTSP_TRANSPORT
from homeassistant.core import callback

from .const import CONF_MANUFACTURER, CONF_MODEL, DOMAIN
from .entity import PorchlightEntity
from .flows.drawing import no_pictures, within

if TYPE_CHECKING:
    from aiohttp import web
    from homeassistant.core import HomeAssistant
    from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

    from .runtime.coordinator import CameraCoordinator, CameraEntry

PARALLEL_UPDATES = 0

CAMERA = CameraEntityDescription(key="camera", translation_key="camera", name=None)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the camera."""
    async_add_entities([PorchlightCamera(entry.runtime_data)])


class PorchlightCamera(PorchlightEntity, Camera):
    """One camera."""

    _attr_supported_features = CameraEntityFeature.STREAM

    def __init__(self, coordinator: CameraCoordinator) -> None:
        PorchlightEntity.__init__(self, coordinator, CAMERA)
        Camera.__init__(self)
        data = coordinator.entry.data
        self._attr_brand = data[CONF_MANUFACTURER] or None
        self._attr_model = data[CONF_MODEL] or None
        # The worker serves in this way alone, however the camera sends.
        self.stream_options[CONF_RTSP_TRANSPORT] = "tcp"

    @property
    @override
    def is_streaming(self) -> bool:
        """Whether its stream is connected."""
        return self.coordinator.data.connected is True

    @property
    @override
    def motion_detection_enabled(self) -> bool:
        """Whether person detection is on."""
        return self.coordinator.detects

    @override
    async def stream_source(self) -> str | None:
        """Where the worker serves the camera's live stream; None if nothing may be shown.

        Players never talk to the camera itself, and do not get its login.
        """
        return await self.coordinator.async_live_url()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Keep live view with the worker; end it when the camera refuses the login."""
        url = self.coordinator.live_url
        if self.stream and url:
            # For its next try. To update it would end one that waits for that, and one that is
            # started later would go on after its end.
            self.stream.source = url
        if self.stream and not self.coordinator.live_allowed:
            # One that is preloaded would go on after it is stopped.
            self.stream.dynamic_stream_settings = DynamicStreamSettings()
            self.hass.async_create_task(self.stream.stop(), f"{DOMAIN} end live view")
            self.stream = None
        super()._handle_coordinator_update()

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """The camera's own picture if it is larger, else the last frame.

        A drawing if pictures are off.
        """
        if taken := await self.coordinator.async_snapshot(width, height):
            return await self.hass.async_add_executor_job(within, taken.jpeg, width, height)
        return await self._async_frame(width, height)

    @override
    async def handle_async_still_stream(
        self, request: web.Request, interval: float
    ) -> web.StreamResponse:
        """Serve a stream of frames; the camera's own pictures are too far apart for that."""
        return await async_get_still_stream(request, self._async_frame, self.content_type, interval)

    async def _async_frame(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        if not self.coordinator.takes_pictures:
            return await self.hass.async_add_executor_job(no_pictures)
        return await self.coordinator.async_still(width, height)

    @override
    async def async_enable_motion_detection(self) -> None:
        """Turn person detection on."""
        await self.coordinator.async_set_detection(enabled=True)

    @override
    async def async_disable_motion_detection(self) -> None:
        """Turn person detection off."""
        await self.coordinator.async_set_detection(enabled=False)
