"""The worker's main loop: takes commands, keeps the cameras, reports."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
from time import monotonic
from typing import TYPE_CHECKING

from .analyst import Analyst
from .camera import Camera
from .channel import Decoder, encode
from .governor import Governor
from .messages import (
    Alive,
    DropModel,
    RemoveCamera,
    SetBudget,
    Still,
    TakeStill,
    UseModel,
    WatchCamera,
)
from .rtsp.live import LiveServer
from .rtsp.logins import Logins
from .timing import TIMING, Timing
from .writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import Message, Report

_LOGGER = logging.getLogger(__name__)

HEARTBEAT = 3.0
# Seconds after which a look counts as hung.
STUCK = 30.0
# Seconds that the disk has for the last pictures at shutdown.
LAST_WRITES = 1.0
_CHUNK = 65536


class Service:
    """Watches cameras until the other end closes its pipe."""

    def __init__(
        self,
        commands: int,
        reports: int,
        *,
        timing: Timing = TIMING,
        heartbeat: float = HEARTBEAT,
        stuck: float = STUCK,
    ) -> None:
        """Reads and writes these file descriptors; waits are in seconds."""
        self._timing = timing
        self._heartbeat = heartbeat
        self._stuck = stuck
        self._commands = commands
        self._reports = reports
        self._writing = threading.Lock()
        self._cameras: dict[str, Camera] = {}
        self._governor = Governor(self.report)
        self._analyst = Analyst(self.report)
        self._writer = Writer()
        self._logins = Logins()
        self._live = LiveServer(self.report, self._logins, opening=timing.opening)
        self._handlers: dict[type, Callable[..., None]] = {
            WatchCamera: self._watch,
            RemoveCamera: self._remove,
            UseModel: self._analyst.use_model,
            DropModel: self._drop_model,
            SetBudget: self._set_budget,
            TakeStill: self._take_still,
        }

    def run(self) -> None:
        """Serve until the other end closes."""
        self._analyst.start()
        self._writer.start()
        self._live.start()
        try:
            self._serve()
        finally:
            self._analyst.stop()
            self._live.stop()
            for camera in self._cameras.values():
                camera.stop()
            # Write the pictures that still wait, if that is quick.
            self._writer.stop()
            self._writer.join(LAST_WRITES)

    def _serve(self) -> None:
        decoder = Decoder()
        beat = monotonic()
        while True:
            # By the clock, not only when idle: commands may come all the time.
            if monotonic() >= beat:
                self._check()
                self._writer.check()
                self._governor.check()
                self._analyst.pace = self._governor.pace
                self.report(Alive(pid=os.getpid()))
                beat = monotonic() + self._heartbeat
            wait = max(0.0, beat - monotonic())
            if not select.select([self._commands], [], [], wait)[0]:
                continue
            data = os.read(self._commands, _CHUNK)
            if not data:
                return
            for message in decoder.feed(data):
                self._handle(message)

    def report(self, message: Report) -> None:
        """Send a report; called from any thread."""
        data = memoryview(encode(message))
        with self._writing:
            while data:
                try:
                    data = data[os.write(self._reports, data) :]
                except BrokenPipeError:
                    # The reader is gone: the main loop is about to notice it, too.
                    return

    def _handle(self, message: Message) -> None:
        try:
            self._handlers[type(message)](message)
        except Exception:
            # One failed request must not end the process that all others need.
            _LOGGER.exception("%s could not be done", type(message).__name__)

    def _check(self) -> None:
        if self._analyst.stuck_for() > self._stuck and self._analyst.ident is not None:
            _LOGGER.error("The engine has not returned for %.0f seconds", self._stuck)
            # In its thread, so that the fault handler identifies the culprit.
            signal.pthread_kill(self._analyst.ident, signal.SIGABRT)

    def _watch(self, config: WatchCamera) -> None:
        self._live.offer(config.camera_id, config.live, config.attempt)
        if camera := self._cameras.get(config.camera_id):
            camera.update(config)
            return
        camera = Camera(
            config,
            self._analyst,
            self.report,
            self._writer,
            timing=self._timing,
            logins=self._logins,
        )
        camera.start()
        self._cameras[config.camera_id] = camera

    def _remove(self, command: RemoveCamera) -> None:
        self._live.offer(command.camera_id, None, 0)
        if camera := self._cameras.pop(command.camera_id, None):
            camera.stop()
            if camera.config.picture_path is not None:
                self._writer.discard(camera.config.picture_path)

    def _drop_model(self, _command: DropModel) -> None:
        self._analyst.drop_model()

    def _set_budget(self, command: SetBudget) -> None:
        self._governor.allow(command.share)

    def _take_still(self, command: TakeStill) -> None:
        camera = self._cameras.get(command.camera_id)
        picture = None
        try:
            if camera:
                picture = camera.still(command.width, command.height)
        except Exception:
            # Any failure of the scaler must still be answered: the caller is waiting.
            _LOGGER.exception("A still could not be made")
        self.report(Still(request=command.request, jpeg=picture))
