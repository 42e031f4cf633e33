"""The one seam between asyncio and the worker: keeps its process running and its cameras known."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import re
import signal
import sys
from collections import deque
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ..worker.backoff import Backoff
from ..worker.channel import Decoder, encode
from ..worker.errors import ChannelError
from ..worker.messages import (
    Alive,
    FurnitureKnown,
    RemoveCamera,
    SetBudget,
    Still,
    TakeStill,
    ThreadStarted,
    VisitNews,
    VisitPhase,
    WatchCamera,
)

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Sequence

    from ..worker.messages import Command, Report, UseModel, VisitInfo

_LOGGER = logging.getLogger(__name__)

WORKER = (sys.executable, str(Path(__file__).parents[1] / "worker"))

FIRST_RESTART, LAST_RESTART = 0.5, 60.0
# Seconds of life after which a worker counts as sound again.
SOUND = 60.0
# Seconds without a sign of life after which a worker hangs, and that it has to dump its stacks.
SILENCE = 20.0
LAST_WORDS = 2.0
# So many deaths within so many seconds that are one camera's doing set it aside.
DEATHS, DEATHS_WITHIN = 3, 600.0
# Seconds between cameras brought back one by one, to learn which of them kills the worker.
ONE_BY_ONE = 15.0
STILL_SECONDS = 5.0
STOP_SECONDS = 3.0
# After a pause of our own, what the worker has sent meanwhile arrives within this.
GRACE = 1.0
_CHUNK = 262144
_FATAL_THREAD = re.compile(r"^Current thread 0x([0-9a-f]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerUp:
    """A worker process runs."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDown:
    """The worker process ended by itself; another follows."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSetAside:
    """This camera's stream ended the worker again and again; it is no longer watched."""

    camera_id: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSetAside:
    """The engine ended the worker again and again; nothing is detected any more."""

    detail: str


type News = Report | WorkerUp | WorkerDown | CameraSetAside | EngineSetAside


class Bridge:
    """Owns the worker process. Used from the event loop only."""

    def __init__(
        self,
        listener: Callable[[News], None],
        *,
        command: Sequence[str] = WORKER,
        silence: float = SILENCE,
        one_by_one: float = ONE_BY_ONE,
        still_seconds: float = STILL_SECONDS,
        first_restart: float = FIRST_RESTART,
    ) -> None:
        """Reports go to `listener`, in order; `command` starts a worker; waits in seconds."""
        self._listener = listener
        self._command = (*command, "watch")
        self._silence = silence
        self._one_by_one = one_by_one
        self._still_seconds = still_seconds
        self._first_restart = first_restart
        self._cameras: dict[str, WatchCamera] = {}
        self._model: UseModel | None = None
        self._budget: SetBudget | None = None
        self._process: Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._returning: asyncio.Task[None] | None = None
        self._requests = count(1)
        self._stills: dict[int, asyncio.Future[bytes | None]] = {}
        self._threads: dict[int, str | None] = {}
        self._last_thread: int | None = None
        self._deaths: dict[str | None, deque[float]] = {}
        self._unexplained: deque[float] = deque(maxlen=DEATHS)
        self._suspect: str | None = None

    @property
    def pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the worker and keep it running."""
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise(), name="porchlight worker")

    async def stop(self) -> None:
        """End the worker."""
        for task in (self._returning, self._supervisor):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._supervisor = self._returning = None
        process, self._process = self._process, None
        if process:
            await _end(process)
        self._fail_stills()

    def add(self, camera: WatchCamera) -> None:
        """Watch a camera, or watch it differently; also one that was set aside."""
        known = self._cameras.get(camera.camera_id)
        if known and camera.open_visit is None:
            camera = replace(camera, open_visit=known.open_visit)
        self._cameras[camera.camera_id] = camera
        self._deaths.pop(camera.camera_id, None)
        self._send(camera)

    def remove(self, camera_id: str) -> None:
        """Stop watching a camera."""
        if self._cameras.pop(camera_id, None):
            self._send(RemoveCamera(camera_id=camera_id))

    def set_detection(self, camera_id: str, *, enabled: bool) -> None:
        """Look for people on a camera, or stop."""
        if camera := self._cameras.get(camera_id):
            self._cameras[camera_id] = replace(camera, detect=enabled)
            self._send(self._cameras[camera_id])

    def use_model(self, model: UseModel | None) -> None:
        """Run this model, also in workers to come."""
        self._model = model
        self._deaths.pop(None, None)
        if model:
            self._send(model)

    def set_budget(self, share: float) -> None:
        """Let the worker use this share of the machine's cores, also workers to come."""
        self._budget = SetBudget(share=share)
        self._send(self._budget)

    async def still(
        self, camera_id: str, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """A camera's last frame as JPEG; None if there is none or the worker does not answer."""
        if self._process is None or camera_id not in self._cameras:
            return None
        request = next(self._requests)
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._stills[request] = future
        self._send(TakeStill(camera_id=camera_id, request=request, width=width, height=height))
        try:
            async with asyncio.timeout(self._still_seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            self._stills.pop(request, None)

    def _send(self, command: Command) -> None:
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(encode(command))

    async def _supervise(self) -> None:
        backoff = Backoff(self._first_restart, LAST_RESTART, random.random)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                detail = await self._live()
            except OSError as error:
                detail = str(error)
            if loop.time() - began >= SOUND:
                backoff.reset()
            self._bury(detail)
            await asyncio.sleep(backoff.wait())

    async def _live(self) -> str:
        """Run one worker until it ends; why it ended."""
        self._threads.clear()
        self._last_thread = None
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_CHUNK,
        )
        self._process = process
        _LOGGER.debug("Worker %s started", process.pid)
        errors = asyncio.create_task(self._read_errors(process))
        try:
            self._tell(WorkerUp(pid=process.pid))
            self._bring_back()
            fault = await self._read_reports(process)
            if fault:
                await _dump(process)
            status = await process.wait()
            await errors
        finally:
            errors.cancel()
        return fault or ending(status)

    async def _read_reports(self, process: Process) -> str | None:
        """Take reports until the worker ends by itself, or what makes it one to be ended."""
        if process.stdout is None:
            return None
        loop = asyncio.get_running_loop()
        decoder = Decoder()
        deadline, late = loop.time() + self._silence, False
        while True:
            if loop.time() >= deadline:
                if late:
                    return "it hung"
                # It may be this event loop that stood still while the worker went on.
                deadline, late = loop.time() + GRACE, True
            try:
                async with asyncio.timeout_at(deadline):
                    data = await process.stdout.read(_CHUNK)
            except TimeoutError:
                continue
            if not data:
                return None
            try:
                for message in decoder.feed(data):
                    # Only this: other threads may go on reporting when the main loop hangs.
                    if isinstance(message, Alive):
                        deadline, late = loop.time() + self._silence, False
                    self._take(message)
            except ChannelError as error:
                _LOGGER.warning("The worker sent what is no report: %s", error)
                return "it sent what is no report"

    async def _read_errors(self, process: Process) -> None:
        """Log what the worker complains of, and remember the thread that its crash was in."""
        while process.stderr:
            try:
                line = await process.stderr.readline()
            except ValueError:
                # Longer than any line of ours; the reader has dropped it.
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            if match := _FATAL_THREAD.match(text):
                self._last_thread = int(match[1], 16)
            _LOGGER.debug("Worker: %s", text)

    def _take(self, message: object) -> None:
        match message:
            case Still():
                future = self._stills.get(message.request)
                if future and not future.done():
                    future.set_result(message.jpeg)
                return
            case ThreadStarted():
                self._threads[message.thread] = message.camera_id
            case VisitNews() | FurnitureKnown():
                self._remember(message)
        self._tell(message)  # type: ignore[arg-type] # the channel decodes reports only

    def _tell(self, news: News) -> None:
        try:
            self._listener(news)
        except Exception:
            # The worker has to be kept whatever becomes of its news.
            _LOGGER.exception("%s was not taken", type(news).__name__)

    def _remember(self, news: VisitNews | FurnitureKnown) -> None:
        """Keep what the next worker must know: the open visit, to go on with it or end it."""
        camera = self._cameras.get(news.camera_id)
        if camera is None:
            return
        if isinstance(news, FurnitureKnown):
            camera = replace(camera, furniture=news.boxes)
        else:
            visit: VisitInfo | None = None if news.phase is VisitPhase.LEFT else news.visit
            camera = replace(camera, open_visit=visit)
        self._cameras[news.camera_id] = camera

    def _bring_back(self) -> None:
        if self._budget:
            self._send(self._budget)
        if self._model:
            self._send(self._model)
        now = asyncio.get_running_loop().time()
        puzzling = [death for death in self._unexplained if now - death < DEATHS_WITHIN]
        if len(puzzling) < DEATHS:
            self._suspect = None
            for camera in self._cameras.values():
                self._send(camera)
            return
        self._returning = asyncio.create_task(self._bring_back_one_by_one())

    async def _bring_back_one_by_one(self) -> None:
        for camera_id in list(self._cameras):
            if camera := self._cameras.get(camera_id):
                self._suspect = camera_id
                self._send(camera)
                await asyncio.sleep(self._one_by_one)
        self._suspect = None
        self._unexplained.clear()

    def _bury(self, detail: str) -> None:
        """Draw the conclusions from a worker's death."""
        self._process = None
        self._fail_stills()
        if self._returning:
            self._returning.cancel()
            self._returning = None
        _LOGGER.warning("The worker ended (%s) and is started again", detail)
        self._tell(WorkerDown(detail=detail))
        explained, culprit = self._culprit()
        now = asyncio.get_running_loop().time()
        if not explained:
            self._unexplained.append(now)
            return
        deaths = self._deaths.setdefault(culprit, deque(maxlen=DEATHS))
        deaths.append(now)
        one_by_one = culprit is not None and culprit == self._suspect
        if not one_by_one and (len(deaths) < DEATHS or now - deaths[0] >= DEATHS_WITHIN):
            return
        if culprit is None:
            self._model = None
            self._tell(EngineSetAside(detail=detail))
        else:
            self._cameras.pop(culprit, None)
            self._tell(CameraSetAside(camera_id=culprit, detail=detail))

    def _culprit(self) -> tuple[bool, str | None]:
        """Whether it is known whose doing a death was, and the camera; no camera: the engine's."""
        if self._last_thread in self._threads:
            return True, self._threads[self._last_thread]
        return self._suspect is not None, self._suspect

    def _fail_stills(self) -> None:
        for future in self._stills.values():
            if not future.done():
                future.set_result(None)


async def _dump(process: Process) -> None:
    """End a hanging worker; its fault handler writes down who was doing what."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGABRT)
        try:
            async with asyncio.timeout(LAST_WORDS):
                await _drain(process)
        except TimeoutError:
            process.kill()
            await _drain(process)


async def _end(process: Process) -> None:
    """Let a worker end by itself, for as long as that is quick."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.communicate()
    except TimeoutError:
        await end_now(process)


async def end_now(process: Process) -> None:
    """Kill a process, if it still runs, and release its pipes."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.communicate()


async def _drain(process: Process) -> None:
    """Wait until a process has ended; what it still sends must not keep its pipe open."""
    while process.stdout and await process.stdout.read(_CHUNK):
        pass
    await process.wait()


def ending(status: int) -> str:
    """How a process ended: the signal that killed it, or its status."""
    return signal.Signals(-status).name if status < 0 else f"status {status}"
