"""Keeps one camera's subscription, whatever the camera does to it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from ..onvif.calls import EVENTS
from ..onvif.connection import connect
from ..onvif.errors import AuthenticationError, CameraFaultError, CannotConnectError, OnvifError
from ..onvif.meanings import meanings_of
from ..onvif.notifications import Operation
from ..onvif.subscription import PullPoint, Waits
from .backoff import Backoff
from .camera_states import CameraStates, SilentError
from .event_messages import CameraEvent, Subscribed, Unsubscribed

if TYPE_CHECKING:
    from ..onvif.connection import Connection
    from ..onvif.notifications import Notification
    from ..onvif.values import EventKind
    from .camera_states import Key
    from .event_messages import ListenTo

_LOGGER = logging.getLogger(__name__)

FIRST_WAIT, LAST_WAIT = 2.0, 300.0
# Seconds of a subscription after which the next one is soon tried again.
SOUND = 60.0
# Seconds between pulls that are answered at once: with nothing, with something, and more for each
# message, so that a camera that floods us is read slowly.
HASTY, MORE, EACH = 2.0, 0.5, 0.05

type Report = CameraEvent | Subscribed | Unsubscribed


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The clock and the waits of a subscriber; tests have their own."""

    waits: Waits = field(default_factory=Waits)
    clock: Callable[[], float] = monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Subscriber:
    """Listens to one camera until it is cancelled, and says goodbye then."""

    def __init__(self, target: ListenTo, report: Callable[[Report], None], timing: Timing) -> None:
        self.target = target
        # Whether a subscription is ended at the camera; it is not if that refuses the login.
        self.goodbye = True
        self._report = report
        self._timing = timing
        self._states = CameraStates(timing.clock())
        # Where each state is from.
        self._lenses: dict[Key, str] = {}

    async def run(self) -> None:
        """Listen, and begin again after each failure; returns if the camera refuses the login."""
        backoff = Backoff(FIRST_WAIT, LAST_WAIT, random.random)
        clock = self._timing.clock
        while True:
            began = clock()
            try:
                await self._listen()
            except OnvifError as error:
                problem, detail = error.key, str(error)
            except Exception as error:
                # Whatever a camera answers, the others' subscriptions must live.
                _LOGGER.exception("The events of a camera could not be read")
                problem, detail = OnvifError.key, type(error).__name__
            _LOGGER.info("No events from %s: %s", self.target.camera_id, detail)
            self._report(
                Unsubscribed(
                    camera_id=self.target.camera_id, problem=problem, attempt=self.target.attempt
                )
            )
            if problem == AuthenticationError.key:
                return
            if clock() - began >= SOUND:
                backoff.reset()
            await self._timing.sleep(backoff.wait())

    async def _listen(self) -> None:
        """Subscribe and read until it fails. Raises OnvifError."""
        target = self.target
        async with connect(
            target.host,
            target.port,
            target.credentials,
            path=target.path,
            secure=target.secure,
            certificate=target.certificate,
            seconds=self._timing.waits.call,
        ) as connection:
            await connection.signed(lambda: _enter(connection))
            point = PullPoint(connection, self._timing.waits, self._timing.clock)
            try:
                await self._follow(point)
            except AuthenticationError:
                # Another password, or another time on the camera's clock.
                if await connection.clock_was_set():
                    raise CannotConnectError("The camera's clock was set") from None
                point.forget()
                raise
            finally:
                if self.goodbye:
                    await point.close()

    async def _follow(self, point: PullPoint) -> None:
        clock = self._timing.clock
        await point.open()
        self._states = states = CameraStates(clock())
        self._lenses.clear()
        self._report(Subscribed(camera_id=self.target.camera_id))
        while True:
            began, patience = clock(), states.patience(clock())
            messages = await point.pull(self._timing.waits.poll if patience is None else patience)
            took = clock() - began
            for message in messages:
                await self._take(message)
            await self._look_after(point)
            pause = MORE + EACH * len(messages) if messages else HASTY - took
            if pause > 0:
                await self._timing.sleep(pause)

    async def _look_after(self, point: PullPoint) -> None:
        """Renew or replace the subscription, and check whether it is alive."""
        clock, states = self._timing.clock, self._states
        try:
            lost = states.check(clock())
        except SilentError:
            raise CannotConnectError("The camera no longer repeats its states") from None
        for change in lost:
            self._send(*change)
        if point.spent:
            await point.close()
            await point.open()
            states.ask(clock(), all_of_them=True)
        elif point.due:
            await point.renew()
        if states.is_due(clock()):
            await point.synchronise()
            states.ask(clock())

    async def _take(self, message: Notification) -> None:
        now = self._timing.clock()
        self._states.hear(now, initial=message.operation is Operation.INITIALIZED)
        for meaning in await meanings_of(message):
            if change := self._states.take(meaning, now):
                self._lenses[meaning.kind, meaning.source] = meaning.lens
                self._send(*change)

    def _send(self, kind: EventKind, source: str, on: bool | None) -> None:  # noqa: FBT001 - a state
        lens = self._lenses.get((kind, source), "")
        self._report(
            CameraEvent(camera_id=self.target.camera_id, kind=kind, source=source, on=on, lens=lens)
        )


async def _enter(connection: Connection) -> None:
    """Prove the login with one call, and find the event service."""
    await connection.device_information()
    await connection.find_services()
    if not connection.calls.offers(EVENTS):
        raise CameraFaultError("The camera has no event service")
