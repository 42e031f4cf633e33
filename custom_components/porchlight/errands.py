"""Questions to short-lived processes: what must not load, block or crash in Home Assistant's."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from .bridge import WORKER
from .onvif.models import CameraReport, Found
from .worker.channel import Decoder, encode
from .worker.errors import EngineProblem
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
    async for answer in _ask(Scan(sources=tuple(sources), seconds=seconds)):
        match answer:
            case Found():
                found.append(answer)
                if on_found:
                    on_found(answer)
            case Done():
                return found
    raise ErrandError("worker_failed")


async def inspect(
    host: str, port: int, credentials: Credentials, *, path: str, endpoint: str | None = None
) -> CameraReport:
    """Ask a camera over ONVIF what it is. Raises ErrandError with an ONVIF error's key."""
    errand = Inspect(host=host, port=port, path=path, credentials=credentials, endpoint=endpoint)
    async for answer in _ask(errand):
        if isinstance(answer, CameraReport):
            return answer
    raise ErrandError("worker_failed")


async def first_frame(source: Source) -> FrameTaken:
    """Decode one frame of a stream. Raises ErrandError with a StreamProblem as key."""
    async for answer in _ask(FirstFrame(source=source)):
        if isinstance(answer, FrameTaken):
            return answer
    raise ErrandError("worker_failed")


async def try_model(model: UseModel) -> EngineReady | EngineFailed:
    """Load a model into an engine and run it once, where a crash hurts nobody."""
    with contextlib.suppress(ErrandError):
        async for answer in _ask(model):
            if isinstance(answer, EngineReady | EngineFailed):
                return answer
    return EngineFailed(engine=model.engine, path=model.path, problem=EngineProblem.CRASHED)


async def _ask(errand: Errand) -> AsyncIterator[Answer]:
    process = await asyncio.create_subprocess_exec(
        *WORKER,
        "errand",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if process.stdin is None or process.stdout is None:
        raise ErrandError("worker_failed", "no pipes")
    decoder = Decoder()
    try:
        process.stdin.write(encode(errand))
        async with asyncio.timeout(SECONDS):
            while data := await process.stdout.read(_CHUNK):
                for answer in decoder.feed(data):
                    if isinstance(answer, ErrandFailed):
                        raise ErrandError(answer.key, answer.detail)
                    yield answer  # type: ignore[misc] # the channel decodes answers only
    except TimeoutError as error:
        raise ErrandError("timeout") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
