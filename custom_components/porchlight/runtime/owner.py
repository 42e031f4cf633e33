"""Owns what outlives the loading of an entry: the worker, the cameras and their visits."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later, async_track_time_interval
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..detection.choice import Choice
from ..detection.coordinator import DetectionCoordinator
from ..worker.errors import EngineProblem
from ..worker.messages import EngineFailed, EngineReady, Load, RemoveCamera
from . import ask
from .blame import Blame
from .bridge import Bridge, WorkerDown, WorkerUp
from .coordinator import CameraCoordinator
from .device import Device
from .entries import (
    async_old_choice,
    camera_entries,
    detector_entry,
    device_entries,
    parent_of,
)
from .faults import Culprit
from .issues import (
    create_camera_issue,
    create_worker_issue,
    delete_camera_issue,
    delete_worker_issue,
)
from .lenses import async_offer_lenses
from .listener import Listener
from .outage import Outage
from .pictures import prepare_folder
from .search import async_search

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant

    from ..worker.messages import Command, UseModel
    from .bridge import News
    from .coordinator import CameraEntry

_LOGGER = logging.getLogger(__name__)

FIRST_SEARCH = 5.0
SEARCH_INTERVAL = timedelta(minutes=15)
# Seconds within which a reload loads an unloaded entry again.
RELOAD_TAKES = 30.0
# Seconds without a crash after which the issue of a camera that was tried again is deleted.
WELL_AFTER = 600.0
# Seconds after which a worker that was started is taken to run.
RUNS_AFTER = 60.0


DATA_OWNER: HassKey[Owner] = HassKey(DOMAIN)


async def async_owner(hass: HomeAssistant) -> Owner:
    """An owner with the user's options for detection."""
    entry = detector_entry(hass)
    options = entry.options if entry else await async_old_choice(hass)
    # Before the worker starts, which may write only to folders that exist then.
    await hass.async_add_executor_job(prepare_folder, Path(hass.config.path(DOMAIN)))
    owner = Owner(hass)
    owner.detection.async_enable(Choice.of(options))
    if entry and entry.disabled_by:
        owner.detection.async_disable()
    return owner


class Owner:
    """Runs while there is at least one camera. Used from the event loop only."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._cameras: dict[str, CameraCoordinator] = {}
        # By the entries' ids of their first lenses.
        self._devices: dict[str, Device] = {}
        self._watched: set[str] = set()
        # Cameras whose entry is not loaded at the moment, and those that are paused.
        self._leaving: dict[str, CALLBACK_TYPE] = {}
        self._aside: dict[str, CALLBACK_TYPE] = {}
        self._stopping = False
        self._blame = Blame()
        self._stop_listening: list[CALLBACK_TYPE] = []
        self._worker_outage = Outage[str](
            hass, partial(create_worker_issue, hass), partial(delete_worker_issue, hass)
        )
        self._worker_runs_soon: CALLBACK_TYPE | None = None
        pictures = hass.config.path(DOMAIN)
        self.bridge = Bridge(self._hear, self._opening, folders=(pictures,))
        self._listener = Listener(hass)
        self.detection = DetectionCoordinator(
            hass, self.bridge.send, _try_model, lambda: len(camera_entries(hass, disabled=False))
        )
        self.detection.async_add_listener(self._update_cameras)

    async def async_adopt(self, entry: CameraEntry) -> CameraCoordinator:
        """The camera of an entry that is being loaded, with its present data and options."""
        if cancel := self._leaving.pop(entry.entry_id, None):
            cancel()
        camera = self._cameras.get(entry.entry_id)
        if camera is None:
            camera = self._coordinator(entry)
            await camera.async_load()
            self._cameras[entry.entry_id] = camera
        await camera.async_configure()
        return camera

    @callback
    def async_watch(self, camera: CameraCoordinator) -> None:
        """Watch a camera, or update how it is watched; ends a pause."""
        self._blame.forgive(Culprit(camera.camera_id))
        self._end_pause(camera)
        delete_camera_issue(self._hass, camera.entry)
        camera.async_check_login()
        if camera.camera_id in self._watched:
            camera.async_watch()
            return
        first = not self._watched
        self._watched.add(camera.camera_id)
        if first:
            self._start()
            return
        camera.async_watch()
        self.detection.async_cameras_changed()

    @callback
    def async_release(self, entry: CameraEntry) -> None:
        """Release an unloaded entry's camera; it is still watched, because a reload may follow."""
        camera = self._cameras.get(entry.entry_id)
        if camera is None or not self._stop_listening:
            # The camera has ended already, or Home Assistant is stopping.
            self.async_end(entry)
            return
        camera.visits.async_hold()

        @callback
        def gone(_now: datetime) -> None:
            self._leaving.pop(entry.entry_id, None)
            self._drop(entry.entry_id)

        self._leaving[entry.entry_id] = async_call_later(self._hass, RELOAD_TAKES, gone)

    @callback
    def async_end(self, entry: CameraEntry) -> None:
        """Stop watching a camera."""
        if cancel := self._leaving.pop(entry.entry_id, None):
            cancel()
        self._drop(entry.entry_id)

    async def async_remove(self, entry: CameraEntry) -> None:
        """Forget a camera for good."""
        camera = self._cameras.get(entry.entry_id)
        self.async_end(entry)
        if camera is None:
            camera = self._coordinator(entry)
            camera.async_end()
            self._leave(camera.device)
        await camera.async_remove()

    def _coordinator(self, entry: CameraEntry) -> CameraCoordinator:
        parent = parent_of(self._hass, entry)
        device = self._devices.get(parent.entry_id)
        if device is None:
            device = self._devices[parent.entry_id] = Device(self._hass, parent, self._listener)
        return CameraCoordinator(self._hass, entry, self.bridge, self.detection, device)

    def _drop(self, camera_id: str) -> None:
        camera = self._cameras.pop(camera_id, None)
        if camera is None:
            return
        camera.async_end()
        self._leave(camera.device)
        if cancel := self._aside.pop(camera_id, None):
            cancel()
        self._blame.forgive(Culprit(camera_id))
        self._watched.discard(camera_id)
        self.bridge.send(RemoveCamera(camera_id=camera_id))
        if self._watched:
            self.detection.async_cameras_changed()
        else:
            self._stop_work()
            self._listener.async_close()
            self._hass.async_create_task(self.bridge.stop(), f"{DOMAIN} stop")

    def _leave(self, device: Device) -> None:
        """End a device that no camera is watched of."""
        if not any(camera.device is device for camera in self._cameras.values()):
            device.async_end()
            self._devices.pop(device.entry.entry_id, None)

    def _opening(self) -> Iterator[Command]:
        """The first commands for each new worker."""
        yield from self.detection.commands()
        for camera_id in self._watched:
            if command := self._cameras[camera_id].async_opening():
                yield command

    def _start(self) -> None:
        self.bridge.start()
        self.detection.async_start()
        self._stop_listening = [
            self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_home_stops),
            async_call_later(self._hass, FIRST_SEARCH, self._async_search),
            async_track_time_interval(self._hass, self._async_search, SEARCH_INTERVAL),
        ]

    def _stop_work(self) -> None:
        while self._stop_listening:
            self._stop_listening.pop()()
        self._forget_start()
        self._worker_outage.async_over()
        self.detection.async_stop()

    async def _async_home_stops(self, _event: Event) -> None:
        # What the worker still reports would only start something.
        self._stopping = True
        for cancel in (*self._leaving.values(), *self._aside.values()):
            cancel()
        for camera in self._cameras.values():
            camera.async_stop()
        for device in self._devices.values():
            device.login.async_stop()
        self._stop_work()
        await asyncio.gather(self.bridge.stop(), self._listener.async_stop())

    async def _async_search(self, _now: datetime) -> None:
        async_offer_lenses(self._hass, device_entries(self._hass))
        await async_search(self._hass)

    @callback
    def _update_cameras(self) -> None:
        for camera in self._cameras.values():
            camera.async_update_listeners()

    @callback
    def _hear(self, news: News) -> None:
        if self._stopping:
            return
        match news:
            case WorkerDown():
                self._worker_ended(news)
            case EngineReady() | EngineFailed() | Load():
                self.detection.async_hear(news)
            case WorkerUp():
                self._worker_started()
            case _:
                camera_id = getattr(news, "camera_id", None)
                if camera_id in self._watched:
                    self._cameras[camera_id].async_hear(news)

    def _worker_started(self) -> None:
        @callback
        def runs(_now: datetime) -> None:
            self._worker_runs_soon = None
            self._worker_outage.async_over()

        self._forget_start()
        self._worker_runs_soon = async_call_later(self._hass, RUNS_AFTER, runs)

    def _forget_start(self) -> None:
        if self._worker_runs_soon:
            self._worker_runs_soon()
            self._worker_runs_soon = None

    def _worker_ended(self, down: WorkerDown) -> None:
        """React to the worker's end, and pause a camera that caused it too often."""
        self._forget_start()
        self._worker_outage.async_down(down.detail)
        for camera in self._cameras.values():
            camera.async_worker_down()
        self.detection.async_worker_down()
        if down.culprit is None:
            return
        pause = self._blame.died(down.culprit, self._hass.loop.time())
        if pause is None:
            return
        if down.culprit.camera_id is None:
            # Another engine is tried next.
            self._blame.forgive(down.culprit)
            self.detection.async_engine_failed(EngineProblem.CRASHED, down.detail)
        elif culprit := self._cameras.get(down.culprit.camera_id):
            self._set_aside(culprit, pause, down.detail)

    def _set_aside(self, camera: CameraCoordinator, pause: float, detail: str) -> None:
        _LOGGER.warning(
            "%s ended the worker again and again (%s); it is tried again in %.0f minutes",
            camera.entry.title,
            detail,
            pause / 60,
        )
        create_camera_issue(self._hass, camera.entry, detail)

        @callback
        def try_again(_now: datetime) -> None:
            self._end_pause(camera)
            camera.async_watch()
            self._aside[camera.camera_id] = async_call_later(self._hass, WELL_AFTER, well)

        @callback
        def well(_now: datetime) -> None:
            self._aside.pop(camera.camera_id, None)
            delete_camera_issue(self._hass, camera.entry)

        self._end_pause(camera)
        camera.async_set_aside(aside=True)
        self._aside[camera.camera_id] = async_call_later(self._hass, pause, try_again)

    def _end_pause(self, camera: CameraCoordinator) -> None:
        if cancel := self._aside.pop(camera.camera_id, None):
            cancel()
        camera.async_set_aside(aside=False)


async def _try_model(wish: UseModel) -> EngineReady | EngineFailed:
    return await ask.try_model(wish)
