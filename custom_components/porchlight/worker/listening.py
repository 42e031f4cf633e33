"""The process that listens to cameras' events: takes commands, keeps the subscriptions, reports."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from ..onvif.calls import DEVICE, EVENTS, load_descriptions
from .channel import Decoder, encode
from .errors import ChannelError
from .event_messages import ListenTo, StopListening
from .messages import Alive
from .subscriber import Subscriber, Timing

if TYPE_CHECKING:
    from .messages import Message, Report

_LOGGER = logging.getLogger(__name__)

HEARTBEAT = 3.0
# Seconds for all goodbyes together at the end; Home Assistant waits a little longer.
GOODBYES = 2.5
_CHUNK = 65536


class Listening:
    """Listens to cameras until the other end closes its pipe."""

    def __init__(self, commands: int, reports: int, *, timing: Timing | None = None) -> None:
        """Reads and writes these file descriptors."""
        self._commands = commands
        self._reports = reports
        self._timing = timing or Timing()
        self._subscribers: dict[str, Subscriber] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Those that still say goodbye; a camera may allow only one subscription.
        self._leaving: dict[str, asyncio.Task[None]] = {}

    def run(self) -> None:
        """Serve until the other end closes."""
        asyncio.run(self.serve())

    async def serve(self) -> None:
        """Serve until the other end closes; ends all subscriptions then."""
        loop = asyncio.get_running_loop()
        decoder = Decoder()
        over = asyncio.Event()

        def read() -> None:
            data = os.read(self._commands, _CHUNK)
            try:
                for message in decoder.feed(data):
                    self._handle(message)
            except ChannelError:
                _LOGGER.exception("An invalid command")
                data = b""
            if not data:
                loop.remove_reader(self._commands)
                over.set()

        beat = asyncio.create_task(self._beat())
        # Before a camera's time limits begin.
        await load_descriptions((DEVICE, EVENTS))
        loop.add_reader(self._commands, read)
        await over.wait()
        beat.cancel()
        for camera_id in tuple(self._tasks):
            self._stop(camera_id)
        if leaving := tuple(self._leaving.values()):
            await asyncio.wait(leaving, timeout=GOODBYES)

    def report(self, message: Report) -> None:
        """Send a report."""
        data = memoryview(encode(message))
        # If the reader is gone, the commands are about to end.
        with suppress(BrokenPipeError):
            while data:
                data = data[os.write(self._reports, data) :]

    async def _beat(self) -> None:
        while True:
            self.report(Alive(pid=os.getpid()))
            await asyncio.sleep(HEARTBEAT)

    def _handle(self, message: Message) -> None:
        match message:
            case ListenTo():
                self._listen(message)
            case StopListening():
                self._stop(message.camera_id, goodbye=message.goodbye)

    def _listen(self, target: ListenTo) -> None:
        camera_id = target.camera_id
        task = self._tasks.get(camera_id)
        if task and not task.done() and self._subscribers[camera_id].target == target:
            return
        self._stop(camera_id)
        subscriber = Subscriber(target, self.report, self._timing)
        self._subscribers[camera_id] = subscriber
        self._tasks[camera_id] = asyncio.create_task(
            _after(self._leaving.get(camera_id), subscriber), name=f"listen {camera_id}"
        )

    def _stop(self, camera_id: str, *, goodbye: bool = True) -> None:
        task = self._tasks.pop(camera_id, None)
        if task is None:
            return
        self._subscribers.pop(camera_id).goodbye = goodbye
        task.cancel()
        self._leaving[camera_id] = task
        task.add_done_callback(lambda done: self._left(camera_id, done))

    def _left(self, camera_id: str, done: asyncio.Task[None]) -> None:
        if self._leaving.get(camera_id) is done:
            del self._leaving[camera_id]


async def _after(before: asyncio.Task[None] | None, subscriber: Subscriber) -> None:
    """Listen when the camera's last subscription has ended."""
    if before:
        await asyncio.wait({before})
    await subscriber.run()
