"""Requests to short-lived processes: work that must not load, block or crash Home Assistant."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING

from ..onvif.values import CameraReport, Found
from ..worker.channel import Decoder, encode
from ..worker.control_messages import GoTo, Reboot, SnapshotTaken, TakeSnapshot
from ..worker.errors import ChannelError, EngineProblem
from ..worker.messages import (
    Done,
    EngineFailed,
    EngineReady,
    ErrandFailed,
    FirstFrame,
    FrameTaken,
    Inspect,
    Locate,
    Scan,
    UseModel,
)
from .bridge import WORKER, end_now, ending
from .environment import worker_environment, worker_folders

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Sequence

    from ..onvif.values import Access, Credentials, Preset, Typed
    from ..worker.messages import Answer, Errand, Source

# The slowest machine needs seconds just to load the SOAP stack.
SECONDS = 60.0
# A user who typed an address wants to know by then whether a camera is there.
LOOK_SECONDS = 5.0
# Of these, to hand over the answer.
_HANDING_OVER = 0.25
_CHUNK = 262144


class ErrandError(Exception):
    """An errand failed; handled by the caller. `key` is the reason, `detail` is for the log."""

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(f"{key}: {detail}" if detail else key)
        self.key = key
        self.detail = detail


async def scan(
    sources: Sequence[str], *, seconds: float = 4.0, on_found: Callable[[Found], None] | None = None
) -> list[Found]:
    """Search for cameras from these local addresses. Raises ErrandError."""
    found: list[Found] = []
    async with _asked(Scan(sources=tuple(sources), seconds=seconds)) as answers:
        while True:
            match await anext(answers):
                case Found() as camera:
                    found.append(camera)
                    if on_found:
                        on_found(camera)
                case Done():
                    return found


async def locate(typed: Typed, *, seconds: float = LOOK_SECONDS) -> Found:
    """Find a host's ONVIF service without a login. Raises ErrandError with an Absence as key.

    The start of the process is part of `seconds`.
    """
    until = monotonic() + seconds - _HANDING_OVER
    return await _answer(Locate(typed=typed, until=until), Found)


async def inspect(
    host: str,
    port: int,
    credentials: Credentials,
    *,
    path: str,
    endpoint: str | None = None,
    secure: bool = False,
    certificate: str | None = None,
) -> CameraReport:
    """Query a camera over ONVIF. Raises ErrandError with an ONVIF error's key."""
    errand = Inspect(
        host=host,
        port=port,
        path=path,
        credentials=credentials,
        endpoint=endpoint,
        secure=secure,
        certificate=certificate,
    )
    return await _answer(errand, CameraReport)


async def go_to(access: Access, preset: Preset) -> None:
    """Have a camera turn to a preset. Raises ErrandError with an ONVIF error's key."""
    await _answer(GoTo(access=access, preset=preset), Done)


async def reboot(access: Access) -> None:
    """Have a camera restart. Raises ErrandError with an ONVIF error's key."""
    await _answer(Reboot(access=access), Done)


async def first_frame(source: Source) -> FrameTaken:
    """Decode one frame of a stream. Raises ErrandError with a StreamProblem as key."""
    return await _answer(FirstFrame(source=source), FrameTaken)


async def try_model(model: UseModel) -> EngineReady | EngineFailed:
    """Load a model into an engine and run it once, in a separate process."""
    try:
        return await _answer(model, EngineReady, EngineFailed)
    except ErrandError as error:
        return EngineFailed(
            engine=model.engine,
            path=model.path,
            problem=EngineProblem.CRASHED,
            detail=error.detail,
        )


async def snapshot(wish: TakeSnapshot) -> SnapshotTaken:
    """Fetch a camera's own picture. Raises ErrandError with the key of what is wrong.

    The start of the process is part of the wish's seconds.
    """
    return await _answer(wish, SnapshotTaken, seconds=wish.seconds)


async def _answer[A: Answer](errand: Errand, *kinds: type[A], seconds: float = SECONDS) -> A:
    """The first answer of these kinds."""
    async with _asked(errand, seconds) as answers:
        while True:
            answer = await anext(answers)
            if isinstance(answer, kinds):
                return answer


@asynccontextmanager
async def _asked(errand: Errand, seconds: float = SECONDS) -> AsyncIterator[AsyncIterator[Answer]]:
    """Yields a process's answers to an errand; the process ends with the context."""
    try:
        process = await asyncio.create_subprocess_exec(
            *WORKER,
            "errand",
            *worker_folders(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_CHUNK,
            env=worker_environment(),
        )
    except OSError as error:
        raise ErrandError("worker_failed", str(error)) from error
    try:
        async with asyncio.timeout(seconds):
            yield _answers(process, errand)
    except TimeoutError as error:
        raise ErrandError("timeout", "it hung") from error
    except ChannelError as error:
        raise ErrandError("worker_failed", str(error)) from error
    finally:
        await end_now(process)


async def _answers(process: Process, errand: Errand) -> AsyncIterator[Answer]:
    """A process's answers. Raises ErrandError when there are no more."""
    if process.stdin is None or process.stdout is None:
        raise ErrandError("worker_failed")
    process.stdin.write(encode(errand))
    decoder = Decoder()
    while data := await process.stdout.read(_CHUNK):
        for answer in decoder.feed(data):
            if isinstance(answer, ErrandFailed):
                raise ErrandError(answer.key, answer.detail)
            yield answer  # type: ignore[misc] # the channel decodes answers only
    raise ErrandError("worker_failed", ending(await process.wait()))
