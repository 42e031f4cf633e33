"""The only connection between asyncio and the worker: keeps its process running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import signal
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ..worker.backoff import Backoff
from ..worker.channel import Decoder, encode
from ..worker.errors import ChannelError
from ..worker.messages import Alive, Still, TakeStill, ThreadStarted
from .environment import worker_environment, worker_folders
from .faults import Culprit, FaultTrace

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Iterable, Sequence

    from ..worker.messages import Command, Report

_LOGGER = logging.getLogger(__name__)

WORKER = (sys.executable, str(Path(__file__).parents[1] / "worker"))

FIRST_RESTART, LAST_RESTART = 0.5, 30.0
# Seconds of running after which the next restart is quick again.
SOUND = 5.0
# Seconds without a sign of life after which a worker counts as hung, and seconds that it then has
# to dump its stacks.
SILENCE = 20.0
LAST_WORDS = 2.0
STILL_SECONDS = 5.0
STOP_SECONDS = 3.0
# Seconds in which the worker's reports arrive if it was this process that paused.
GRACE = 1.0
_CHUNK = 262144


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerUp:
    """A worker process runs."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDown:
    """The worker process ended by itself and is started again. No culprit without proof."""

    detail: str
    culprit: Culprit | None = None


type News = Report | WorkerUp | WorkerDown


class Bridge:
    """Owns the worker process. Used from the event loop only."""

    def __init__(
        self,
        listener: Callable[[News], None],
        opening: Callable[[], Iterable[Command]] = tuple,
        *,
        mode: str = "watch",
        command: Sequence[str] = WORKER,
        folders: Sequence[str] = (),
        silence: float = SILENCE,
        still_seconds: float = STILL_SECONDS,
        first_restart: float = FIRST_RESTART,
    ) -> None:
        """Reports go to `listener`, in order; waits are in seconds.

        `command` starts a worker, which may write to `folders` and does what `mode` says;
        `opening` returns the first commands for each new one.
        """
        self._listener = listener
        self._opening = opening
        self._mode = mode
        self._command = (*command, mode, *worker_folders(*folders))
        self._silence = silence
        self._still_seconds = still_seconds
        self._first_restart = first_restart
        self._process: Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._requests = count(1)
        self._stills: dict[int, asyncio.Future[bytes | None]] = {}

    @property
    def pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the worker and keep it running."""
        if self._supervisor is None:
            # Never two workers at a time: a camera may allow only one viewer.
            self._supervisor = asyncio.create_task(
                self._supervise(tuple(self._ending)), name=f"porchlight worker ({self._mode})"
            )

    async def stop(self) -> None:
        """End the worker; waits until its process has ended."""
        task, self._supervisor = self._supervisor, None
        if task:
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()
        if ending := tuple(self._ending):
            await asyncio.wait(ending)

    def send(self, command: Command) -> None:
        """Send the worker a command, if one runs; a new one gets its commands from `opening`."""
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(encode(command))

    async def still(
        self, camera_id: str, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """A camera's last frame as JPEG; None if there is none or the worker does not answer."""
        if self._process is None:
            return None
        request = next(self._requests)
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._stills[request] = future
        self.send(TakeStill(camera_id=camera_id, request=request, width=width, height=height))
        try:
            async with asyncio.timeout(self._still_seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            self._stills.pop(request, None)

    async def _supervise(self, before: Iterable[asyncio.Task[None]]) -> None:
        if ending := tuple(before):
            await asyncio.wait(ending)
        backoff = Backoff(self._first_restart, LAST_RESTART, random.random)
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            down = await self._live()
            if loop.time() - began >= SOUND:
                backoff.reset()
            _LOGGER.warning(
                "The worker (%s) ended (%s) and is started again", self._mode, down.detail
            )
            self._report(down)
            await asyncio.sleep(backoff.wait())

    async def _live(self) -> WorkerDown:
        """Run one worker until it ends by itself."""
        trace = FaultTrace()
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_CHUNK,
                env=worker_environment(),
            )
        except OSError as error:
            return WorkerDown(detail=str(error))
        self._process = process
        _LOGGER.debug("Worker %s started", process.pid)
        errors = asyncio.create_task(_read_errors(process, trace))
        try:
            self._report(WorkerUp(pid=process.pid))
            for command in self._opening():
                self.send(command)
            fault = await self._read_reports(process, trace)
            if fault:
                await _dump(process)
            status = await process.wait()
            await errors
        finally:
            self._process = None
            errors.cancel()
            self._fail_stills()
            if process.returncode is None:
                await _end(process)
        return WorkerDown(detail=fault or ending(status), culprit=trace.culprit)

    async def _read_reports(self, process: Process, trace: FaultTrace) -> str | None:
        """Read reports until the worker ends by itself (None), or until it must be ended (why)."""
        if process.stdout is None:
            return None
        loop = asyncio.get_running_loop()
        decoder = Decoder()
        deadline, late = loop.time() + self._silence, False
        while True:
            if loop.time() >= deadline:
                if late:
                    return "it hung"
                # Perhaps this event loop was blocked while the worker kept running.
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
                    # Only this message: other threads may still report when the main loop hangs.
                    if isinstance(message, Alive):
                        deadline, late = loop.time() + self._silence, False
                    self._take(message, trace)
            except ChannelError as error:
                _LOGGER.warning("The worker sent an invalid message: %s", error)
                return "it sent an invalid message"

    def _take(self, message: object, trace: FaultTrace) -> None:
        match message:
            case Still():
                future = self._stills.get(message.request)
                if future and not future.done():
                    future.set_result(message.jpeg)
                return
            case ThreadStarted():
                trace.thread_started(message.thread, message.camera_id)
        self._report(message)  # type: ignore[arg-type] # the channel decodes reports only

    def _report(self, news: News) -> None:
        try:
            self._listener(news)
        except Exception:
            # The worker must be kept running even if a report is not handled.
            _LOGGER.exception("%s could not be handled", type(news).__name__)

    def _fail_stills(self) -> None:
        for future in self._stills.values():
            if not future.done():
                future.set_result(None)


async def _read_errors(process: Process, trace: FaultTrace) -> None:
    """Log the worker's standard error, and search it for the thread that crashed."""
    while process.stderr:
        try:
            line = await process.stderr.readline()
        except ValueError:
            # Longer than any expected line; the reader has dropped it.
            continue
        if not line:
            return
        text = line.decode(errors="replace").rstrip()
        trace.read(text)
        _LOGGER.debug("Worker: %s", text)


async def _dump(process: Process) -> None:
    """End a hung worker; its fault handler dumps the threads' stacks."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGABRT)
        try:
            async with asyncio.timeout(LAST_WORDS):
                await _drain(process)
        except TimeoutError:
            process.kill()
            await _drain(process)


async def _end(process: Process) -> None:
    """Wait a short time for a worker to end by itself."""
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
    """Wait until a process has ended; reads its output, which would block it otherwise."""
    while process.stdout and await process.stdout.read(_CHUNK):
        pass
    await process.wait()


def ending(status: int) -> str:
    """How a process ended: the signal that killed it, or its status."""
    return signal.Signals(-status).name if status < 0 else f"status {status}"
