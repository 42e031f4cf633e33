"""What all cameras share: the worker, the detector, and the search for further cameras."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.helpers.start import async_at_started

from ..const import DOMAIN
from ..detection.choice import DetectorSetup
from ..worker.messages import EngineFailed, EngineReady, Load
from .bridge import Bridge, CameraSetAside, EngineSetAside, WorkerDown
from .issues import (
    create_camera_issue,
    create_detector_issue,
    create_load_issue,
    delete_load_issue,
)
from .search import async_search

if TYPE_CHECKING:
    from datetime import datetime

    from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant

    from ..worker.messages import UseModel
    from .bridge import News
    from .coordinator import CameraCoordinator

_LOGGER = logging.getLogger(__name__)

FIRST_SEARCH = 5.0
SEARCH_INTERVAL = timedelta(minutes=15)
# A pace below this for so many seconds is worth telling.
SHORT, SHORT_FOR = 0.6, 600.0
# Seconds after the last change of cameras until the model is chosen anew.
SETTLE = 10.0


class Owner:
    """Runs while there is at least one camera."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._cameras: dict[str, CameraCoordinator] = {}
        self._stop_listening: list[CALLBACK_TYPE] = []
        self.bridge = Bridge(self._hear)
        self.detector = DetectorSetup(hass)
        self.load: Load | None = None
        self._short_since: float | None = None
        self._nothing_faster = False
        self._choosing = asyncio.Lock()
        self._stop_waiting: CALLBACK_TYPE | None = None

    @callback
    def async_attach(self, camera: CameraCoordinator) -> None:
        """Watch a camera; the first one starts the worker."""
        if not self._cameras:
            self._start()
        self._cameras[camera.camera_id] = camera
        self.bridge.add(camera.command())
        self._choose_again_soon()

    async def async_detach(self, camera: CameraCoordinator) -> None:
        """Stop watching a camera; with the last one goes the worker."""
        self._cameras.pop(camera.camera_id, None)
        self.bridge.remove(camera.camera_id)
        if self._cameras:
            self._choose_again_soon()
        else:
            await self._async_stop()

    async def async_prepare_detector(self) -> None:
        """Get the chosen model to run, or raise a repair issue."""
        async with self._choosing:
            self.bridge.set_budget(self.detector.choice.budget)
            self._use(await self.detector.async_prepare())

    def _use(self, model: UseModel | None) -> None:
        """Have the worker run a model, which then has time to show whether it keeps up."""
        self.bridge.use_model(model)
        self._short_since = None
        self._nothing_faster = False
        self._tell_cameras()

    @callback
    def _choose_again_soon(self, _hass: HomeAssistant | None = None) -> None:
        """Choose the model anew when no more cameras come or go, if they are others then."""
        if self._stop_waiting:
            self._stop_waiting()
        self._stop_waiting = async_call_later(self._hass, SETTLE, self._async_choose_again)

    async def _async_choose_again(self, _now: datetime) -> None:
        self._stop_waiting = None
        async with self._choosing:
            if self._cameras and self.detector.outdated:
                self._use(await self.detector.async_prepare())

    async def _async_step_down(self, load: Load) -> None:
        """Have a faster model run; tell somebody if there is none."""
        async with self._choosing:
            model = await self.detector.async_step_down()
            if model:
                self._use(model)
                return
        self._nothing_faster = True
        create_load_issue(self._hass, load)

    def _start(self) -> None:
        self.bridge.start()
        self._hass.async_create_background_task(
            self.async_prepare_detector(), f"{DOMAIN} detector", eager_start=False
        )
        self._stop_listening = [
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_stop),
            async_call_later(self._hass, FIRST_SEARCH, self._async_search),
            async_track_time_interval(self._hass, self._async_search, SEARCH_INTERVAL),
            async_at_started(self._hass, self._choose_again_soon),
        ]

    async def _async_stop(self, _event: Event | None = None) -> None:
        if self._stop_waiting:
            self._stop_waiting()
            self._stop_waiting = None
        while self._stop_listening:
            self._stop_listening.pop()()
        await self.bridge.stop()

    async def _async_search(self, _now: datetime) -> None:
        await async_search(self._hass)

    def _detector_is(self, outcome: EngineReady | EngineFailed) -> None:
        self.detector.outcome = outcome
        self._tell_cameras()

    def _tell_cameras(self) -> None:
        for camera in self._cameras.values():
            camera.async_update_listeners()

    def _load_is(self, load: Load) -> None:
        """Show what the watch costs; a box that is short for long needs a faster model, or help."""
        self.load = load
        now = self._hass.loop.time()
        if load.pace >= SHORT:
            self._short_since = None
            self._nothing_faster = False
            delete_load_issue(self._hass)
        elif self._short_since is None:
            self._short_since = now
        elif now - self._short_since >= SHORT_FOR:
            self._short_for_long(load)
        self._tell_cameras()

    def _short_for_long(self, load: Load) -> None:
        if self._nothing_faster:
            create_load_issue(self._hass, load)
        elif not self._choosing.locked():
            self._hass.async_create_background_task(
                self._async_step_down(load), f"{DOMAIN} faster model"
            )

    @callback
    def _hear(self, news: News) -> None:
        match news:
            case WorkerDown():
                self.load = None
                for camera in self._cameras.values():
                    camera.async_worker_down()
            case EngineReady():
                self._detector_is(news)
            case EngineFailed():
                self._detector_is(news)
                create_detector_issue(self._hass, news.problem, news.detail)
            case Load():
                self._load_is(news)
            case EngineSetAside():
                create_detector_issue(self._hass, "engine_crashed", news.detail)
            case CameraSetAside():
                if culprit := self._cameras.get(news.camera_id):
                    create_camera_issue(self._hass, culprit.config_entry, news.detail)
            case _:
                if subject := self._cameras.get(getattr(news, "camera_id", None) or ""):
                    subject.async_hear(news)
