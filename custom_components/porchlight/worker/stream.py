"""A camera's RTSP stream, packet by packet."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Self

import av

from .errors import StreamError, StreamProblem
from .urls import redact, with_login

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from .messages import Source

OPEN_SECONDS = 10.0
# Passes twice before a silent camera is given up: the first time FFmpeg hands out what its
# parser still holds.
READ_SECONDS = 5.0
# Larger than any camera's picture; a header that claims more would eat the memory.
MAX_PIXELS = 8192 * 4608
CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg4"})
_OPTIONS = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "fflags": "discardcorrupt",
    # What the stream is, its description says; looking longer only delays the first picture.
    "analyzeduration": "500000",
    "fpsprobesize": "0",
}


class Stream:
    """One connection to a camera; use as a context manager, from one thread."""

    def __init__(
        self, source: Source, *, opening: float = OPEN_SECONDS, reading: float = READ_SECONDS
    ) -> None:
        """Seconds that a camera may take to answer, and to send a packet."""
        self._source = source
        self._patience = (opening, reading)
        self._container: InputContainer | None = None
        self._video: VideoStream | None = None

    def __enter__(self) -> Self:
        """Connect. Raises StreamError."""
        self._container = self._connect()
        try:
            self._video = self._choose(self._container)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        """Disconnect."""
        if self._container is not None:
            self._container.close()
            self._container = None

    @property
    def codec(self) -> str:
        """The codec's name as FFmpeg has it."""
        return self._open[1].codec_context.name

    @property
    def height(self) -> int:
        """Height of the pictures in pixels, as the camera announces it; 0 if it does not."""
        return self._open[1].codec_context.height

    @property
    def reorders(self) -> bool:
        """Whether frames come out of order, so that none can be left out."""
        return bool(self._open[1].codec_context.has_b_frames)

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Every packet, for as long as the camera sends.

        Raises StreamError when it no longer does.
        """
        container, video = self._open
        with _translated():
            # The last one only flushes the decoder.
            yield from (packet for packet in container.demux(video) if packet.size)
        raise StreamError(StreamProblem.ENDED)

    @property
    def _open(self) -> tuple[InputContainer, VideoStream]:
        if self._container is None or self._video is None:
            raise StreamError(StreamProblem.ENDED, "not open")
        return self._container, self._video

    def _connect(self) -> InputContainer:
        began = monotonic()
        try:
            with _translated():
                return av.open(with_login(self._source), options=_OPTIONS, timeout=self._patience)
        except StreamError as error:
            # FFmpeg takes an answer that never comes for a malformed one.
            if error.problem is StreamProblem.BROKEN and monotonic() - began >= self._patience[0]:
                raise StreamError(StreamProblem.STALLED) from error
            raise

    @staticmethod
    def _choose(container: InputContainer) -> VideoStream:
        if not container.streams.video:
            raise StreamError(StreamProblem.NO_VIDEO)
        video = container.streams.video[0]
        context = video.codec_context
        if context.name not in CODECS:
            raise StreamError(StreamProblem.UNSUPPORTED_CODEC, context.name)
        # One thread, so that a crash is told to be this camera's, and no frame of delay.
        context.thread_count = 1
        context.thread_type = "NONE"
        context.options = {"max_pixels": str(MAX_PIXELS)}
        return video


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except av.error.HTTPUnauthorizedError as error:
        raise StreamError(StreamProblem.UNAUTHORIZED) from error
    except (av.error.HTTPClientError, av.error.HTTPServerError) as error:
        raise StreamError(StreamProblem.REFUSED, redact(str(error))) from error
    except av.error.ExitError as error:
        raise StreamError(StreamProblem.STALLED) from error
    except av.error.EOFError as error:
        raise StreamError(StreamProblem.ENDED) from error
    except (av.error.InvalidDataError, ValueError) as error:
        raise StreamError(StreamProblem.BROKEN, redact(str(error))) from error
    except (av.error.FFmpegError, OSError) as error:
        raise StreamError(StreamProblem.UNREACHABLE, redact(str(error))) from error
