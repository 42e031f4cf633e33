"""Questions to short-lived processes: what must not load, block or crash in Home Assistant's."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .bridge import WORKER, end_now
from .onvif.models import CameraReport, Found
from .worker.channel import Decoder, encode
from .worker.errors import ChannelError, EngineProblem
from .worker.messages import (
    Done,
    EngineFailed,
    EngineReady,
    ErrandFailed,
    FirstFrame,
    FrameTaken,
    Inspect,
    Scan,
    UseModel,
)

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Sequence

    from .onvif.models import Credentials
    from .worker.messages import Answer, Errand, Source

# The slowest box needs seconds to load the SOAP stack alone.
SECONDS = 60.0
_CHUNK = 262144


class ErrandError(Exception):
    """An errand failed; handled by the caller. `key` tells why, `detail` is for the log."""

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(f"{key}: {detail}" if detail else key)
        self.key = key
        self.detail = detail


async def scan(
    sources: Sequence[str], *, seconds: float = 4.0, on_found: Callable[[Found], None] | None = None
) -> list[Found]:
    """Search for cameras from these addresses of ours. Raises ErrandError."""
    found: list[Found] = []
    async with _asked(Scan(sources=tuple(sources), seconds=seconds)) as answers:
        async for answer in answers:
            match answer:
                case Found():
                    found.append(answer)
                    if on_found:
                        on_found(answer)
                case Done():
                    return found
    raise ErrandError("worker_failed")


async def inspect(
    host: str,
    port: int,
    credentials: Credentials,
    *,
    path: str,
    endpoint: str | None = None,
    secure: bool = False,
) -> CameraReport:
    """Ask a camera over ONVIF what it is. Raises ErrandError with an ONVIF error's key."""
    errand = Inspect(
        host=host,
        port=port,
        path=path,
        credentials=credentials,
        endpoint=endpoint,
        secure=secure,
    )
    async with _asked(errand) as answers:
        async for answer in answers:
            if isinstance(answer, CameraReport):
                return answer
    raise ErrandError("worker_failed")


async def first_frame(source: Source) -> FrameTaken:
    """Decode one frame of a stream. Raises ErrandError with a StreamProblem as key."""
    async with _asked(FirstFrame(source=source)) as answers:
        async for answer in answers:
            if isinstance(answer, FrameTaken):
                return answer
    raise ErrandError("worker_failed")


async def try_model(model: UseModel) -> EngineReady | EngineFailed:
    """Load a model into an engine and run it once, where a crash hurts nobody."""
    with contextlib.suppress(ErrandError):
        async with _asked(model) as answers:
            async for answer in answers:
                if isinstance(answer, EngineReady | EngineFailed):
                    return answer
    return EngineFailed(engine=model.engine, path=model.path, problem=EngineProblem.CRASHED)


@asynccontextmanager
async def _asked(errand: Errand) -> AsyncIterator[AsyncIterator[Answer]]:
    """A process's answers to an errand; the process is gone when the context ends."""
    try:
        process = await asyncio.create_subprocess_exec(
            *WORKER,
            "errand",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_CHUNK,
        )
    except OSError as error:
        raise ErrandError("worker_failed", str(error)) from error
    try:
        async with asyncio.timeout(SECONDS):
            yield _answers(process, errand)
    except TimeoutError as error:
        raise ErrandError("timeout") from error
    except ChannelError as error:
        raise ErrandError("worker_failed", str(error)) from error
    finally:
        await end_now(process)


async def _answers(process: Process, errand: Errand) -> AsyncIterator[Answer]:
    if process.stdin is None or process.stdout is None:
        return
    process.stdin.write(encode(errand))
    decoder = Decoder()
    while data := await process.stdout.read(_CHUNK):
        for answer in decoder.feed(data):
            if isinstance(answer, ErrandFailed):
                raise ErrandError(answer.key, answer.detail)
            yield answer  # type: ignore[misc] # the channel decodes answers only
