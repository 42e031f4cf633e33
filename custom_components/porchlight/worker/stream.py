"""A camera's RTSP stream, decoded."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Self

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from .addresses import redact, with_login
from .errors import StreamError, StreamProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ..vision.geometry import Pixels
    from .messages import Source

OPEN_SECONDS = 10.0
# Passes twice before a silent camera is given up: the first time FFmpeg hands out what its
# parser still holds.
READ_SECONDS = 5.0
# Longer than any camera's distance between key frames.
DECODE_SECONDS = 30.0
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
        self,
        source: Source,
        *,
        opening: float = OPEN_SECONDS,
        reading: float = READ_SECONDS,
        decoding: float = DECODE_SECONDS,
    ) -> None:
        """Seconds that a camera may take to answer, to send a packet, to send a whole frame."""
        self._source = source
        self._patience = (opening, reading)
        self._decoding = decoding
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

    def frames(self) -> Iterator[VideoFrame]:
        """Every frame that decodes whole, for as long as the camera sends.

        Raises StreamError when it no longer does.
        """
        container, video = self._open
        good_at = monotonic()
        with _translated():
            for packet in container.demux(video):
                try:
                    decoded = packet.decode()
                except (av.error.InvalidDataError, ValueError):
                    decoded = []
                good = [frame for frame in decoded if not frame.is_corrupt]
                if good:
                    good_at = monotonic()
                elif monotonic() - good_at >= self._decoding:
                    raise StreamError(StreamProblem.BROKEN, "no frame could be decoded")
                yield from good
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


class Shrinker:
    """Turns frames into small arrays; keeps its scaler, so use one for each thread."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def grey(self, frame: VideoFrame, width: int, height: int) -> Pixels:
        """The frame's luma as (height, width)."""
        return self._array(frame, width, height, "gray")

    def rgb(self, frame: VideoFrame, width: int, height: int) -> Pixels:
        """The frame as (height, width, 3)."""
        return self._array(frame, width, height, "rgb24")

    def _array(self, frame: VideoFrame, width: int, height: int, pixels: str) -> Pixels:
        small = self._reformatter.reformat(
            frame, width, height, pixels, interpolation=Interpolation.AREA
        )
        return np.asarray(small.to_ndarray(), np.uint8)


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
