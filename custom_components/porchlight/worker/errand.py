"""Answers one question in a process that ends with the answer.

ONVIF's SOAP stack, codecs and engines load here, so neither their memory nor their crashes
affect Home Assistant.
"""

from __future__ import annotations

import asyncio
import logging
import os
from time import monotonic, thread_time
from typing import TYPE_CHECKING

from ..onvif.errors import NotLocatedError, NoVideoError, OnvifError
from .channel import Decoder, encode
from .control_messages import GoTo, Reboot, TakeSnapshot
from .errors import EngineProblem, SnapshotError, StreamError, StreamProblem
from .limits import ANSWERS, MODEL, PICTURE
from .messages import (
    Done,
    EngineFailed,
    ErrandFailed,
    FirstFrame,
    FrameTaken,
    Inspect,
    Locate,
    Scan,
    UseModel,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import Answer, Message

_LOGGER = logging.getLogger(__name__)

_CHUNK = 65536
# Seconds for a look at a host, also if this process took long to start.
LEAST_LOOK = 1.0


class Errands:
    """Takes one errand from a file descriptor and answers on another."""

    def __init__(
        self,
        questions: int,
        answers: int,
        bound: Callable[[int], None] = lambda _: None,
        confine: Callable[[], object] = lambda: None,
    ) -> None:
        """`bound` is called with the megabytes that an errand may take.

        `confine` is called when everything is imported, and before anything is asked.
        """
        self._questions = questions
        self._answers = answers
        self._bound = bound
        self._confine = confine

    def run(self) -> None:
        """Do the requested errand; nothing if none is requested."""
        decoder = Decoder()
        while data := os.read(self._questions, _CHUNK):
            for message in decoder.feed(data):
                self._do(message)
                return

    def _do(self, errand: Message) -> None:
        try:
            self._begin(errand)
        except NoVideoError as error:
            self._answer(ErrandFailed(key=error.key, detail=error.reason))
        except (OnvifError, SnapshotError) as error:
            self._answer(ErrandFailed(key=error.key, detail=str(error)))
        except StreamError as error:
            self._answer(ErrandFailed(key=error.problem, detail=error.detail))
        except Exception as error:
            # Also when memory runs out: the caller is waiting.
            _LOGGER.exception("An errand failed")
            self._answer(_failure(errand, type(error).__name__))

    def _begin(self, errand: Message) -> None:
        match errand:
            case Scan():
                self._bound(ANSWERS)
                self._scan(errand)
            case Inspect():
                self._bound(ANSWERS)
                self._inspect(errand)
            case Locate():
                self._bound(ANSWERS)
                self._locate(errand)
            case GoTo() | Reboot():
                self._bound(ANSWERS)
                self._control(errand)
            case TakeSnapshot():
                self._bound(ANSWERS)
                self._snapshot(errand)
            case FirstFrame():
                self._bound(PICTURE)
                self._first_frame(errand)
            case UseModel():
                self._bound(MODEL)
                self._try_model(errand)

    def _answer(self, answer: Answer) -> None:
        data = memoryview(encode(answer))
        while data:
            data = data[os.write(self._answers, data) :]

    def _scan(self, errand: Scan) -> None:
        from ..onvif.discovery import scan  # noqa: PLC0415 - only what the errand needs is loaded

        self._confine()
        asyncio.run(scan(errand.sources, seconds=errand.seconds, on_found=self._answer))
        self._answer(Done())

    def _inspect(self, errand: Inspect) -> None:
        from ..onvif.client import inspect  # noqa: PLC0415 - SOAP takes a second to load

        self._confine()
        self._answer(
            asyncio.run(
                inspect(
                    errand.host,
                    errand.port,
                    errand.credentials,
                    path=errand.path,
                    endpoint=errand.endpoint,
                    secure=errand.secure,
                    certificate=errand.certificate,
                )
            )
        )

    def _locate(self, errand: Locate) -> None:
        from ..onvif.locate import locate  # noqa: PLC0415 - HTTP

        self._confine()
        until = max(errand.until, monotonic() + LEAST_LOOK)

        async def look() -> None:
            # Answered in here: the loop ends only when a name server that is slow has answered.
            try:
                self._answer(await locate(errand.typed, until=until))
            except NotLocatedError as error:
                self._answer(ErrandFailed(key=error.reason))

        asyncio.run(look())

    def _control(self, errand: GoTo | Reboot) -> None:
        from ..onvif.controls import go_to, reboot  # noqa: PLC0415 - SOAP takes a second to load

        self._confine()
        match errand:
            case GoTo():
                asyncio.run(go_to(errand.access, errand.preset))
            case Reboot():
                asyncio.run(reboot(errand.access))
        self._answer(Done())

    def _snapshot(self, errand: TakeSnapshot) -> None:
        from ..onvif.snapshots import fetch  # noqa: PLC0415 - HTTP
        from .snapshots import masked  # noqa: PLC0415 - codecs

        self._confine()
        data = asyncio.run(fetch(errand.access, errand.uri, seconds=errand.seconds))
        self._answer(masked(data, errand.masks, errand.width, errand.height))

    def _first_frame(self, errand: FirstFrame) -> None:
        from .decoding import whole_frames  # noqa: PLC0415 - codecs
        from .pictures import jpeg  # noqa: PLC0415 - codecs
        from .stream import Stream  # noqa: PLC0415 - codecs

        self._confine()
        with Stream(errand.source) as stream:
            before = thread_time()
            for frame in whole_frames(stream):
                seconds = thread_time() - before
                self._answer(
                    FrameTaken(
                        codec=stream.codec,
                        width=frame.width,
                        height=frame.height,
                        jpeg=jpeg(frame),
                        link=stream.link,
                        seconds=seconds,
                    )
                )
                return
        raise StreamError(StreamProblem.NO_VIDEO)

    def _try_model(self, errand: UseModel) -> None:
        from .detector import prepare  # noqa: PLC0415 - engines

        self._confine()
        self._answer(prepare(errand)[1])


def _failure(errand: Message, reason: str) -> ErrandFailed | EngineFailed:
    if isinstance(errand, UseModel):
        return EngineFailed(
            engine=errand.engine, path=errand.path, problem=EngineProblem.CRASHED, detail=reason
        )
    if isinstance(errand, FirstFrame) and reason == MemoryError.__name__:
        return ErrandFailed(key=StreamProblem.TOO_LARGE, detail=reason)
    return ErrandFailed(key="worker_failed", detail=reason)
