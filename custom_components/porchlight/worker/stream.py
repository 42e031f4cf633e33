"""A camera's RTSP stream, packet by packet."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Self

import av

from .errors import StreamError, StreamProblem
from .headers import Declared, declared
from .limits import bound_ffmpeg
from .rtsp.connection import Deadline
from .rtsp.relay import Relay
from .rtsp.session import Session
from .urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from .messages import Link, Source
    from .rtsp.logins import Turn

OPEN_SECONDS = 10.0
# A silent camera is given up after twice this time: after the first, FFmpeg returns what its
# parser still holds.
READ_SECONDS = 5.0
# Seconds that FFmpeg has at least for the first packet.
_LEAST = 0.1
# Larger than any camera's picture; a header that claims more would eat the memory.
MAX_PIXELS = 8192 * 4608
# Longer sides have crashed FFmpeg's decoders.
MAX_SIDE = 16384
# The most bytes of the pictures that a decoder keeps, at 1.5 bytes a pixel.
MAX_KEPT = 512 * 1024 * 1024
# Bytes of one packet: more than any camera's key frame.
MAX_PACKET = 16 * 1024 * 1024
CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg4"})
_OPTIONS = {
    # It connects to the relay, and to nothing else.
    "protocol_whitelist": "tcp",
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "fflags": "discardcorrupt",
    # The SDP describes the stream; a longer analysis only delays the first picture.
    "analyzeduration": "500000",
    "fpsprobesize": "0",
    # Nothing is decoded before its declared size has been checked.
    "max_pixels": "1",
    # So only the first packet is waited for.
    "probesize": "32",
}
# What came as datagrams may be out of order.
_UNORDERED = {"reorder_queue_size": "128"}


class Stream:
    """One connection to a camera; use as a context manager, from one thread."""

    def __init__(
        self,
        source: Source,
        *,
        opening: float = OPEN_SECONDS,
        reading: float = READ_SECONDS,
        turn: Turn | None = None,
    ) -> None:
        """`opening`, `reading`: seconds that a camera may take to answer, and to send a packet.

        `turn` is what other streams know of the login; None if there are none.
        """
        self._session = Session(source, turn)
        self._relay: Relay | None = None
        self._patience = (opening, reading)
        self._container: InputContainer | None = None
        self._video: VideoStream | None = None

    def __enter__(self) -> Self:
        """Connect. Raises StreamError."""
        try:
            self._container = self._connect()
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
        if self._relay is not None:
            self._relay.close()
            self._relay = None
        else:
            self._session.close()

    @property
    def link(self) -> Link:
        """How the camera was reached."""
        return self._session.link

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
        """Yields every packet while the camera sends.

        Raises StreamError when it no longer does.
        """
        container, video = self._open
        reading = self._patience[1]
        late = 0
        before = monotonic()
        with self._translated():
            for packet in container.demux(video):
                # A packet that comes this late is incomplete: FFmpeg's parser held it until no
                # more of it came, or it has no end.
                late = late + 1 if monotonic() - before >= reading else 0
                # The last one only flushes the decoder.
                if packet.size:
                    self._check(packet, late)
                    yield packet
                before = monotonic()
        raise (self._relay and self._relay.problem) or StreamError(StreamProblem.ENDED)

    def _check(self, packet: Packet[VideoStream], late: int) -> None:
        if packet.size > MAX_PACKET:
            raise StreamError(StreamProblem.TOO_LARGE, f"a packet of {packet.size} bytes")
        if late > 1:
            raise StreamError(StreamProblem.BROKEN, "no packet ends")
        check_size(self.codec, memoryview(packet))

    @property
    def _open(self) -> tuple[InputContainer, VideoStream]:
        if self._container is None or self._video is None:
            raise StreamError(StreamProblem.ENDED, "not open")
        return self._container, self._video

    def _connect(self) -> InputContainer:
        deadline = Deadline(self._patience[0])
        bound_ffmpeg()
        playing = self._session.open(deadline)
        options = _OPTIONS | (_UNORDERED if self._session.datagrams else {})
        patience = (max(deadline.left, _LEAST), self._patience[1])
        try:
            with self._translated():
                relay = Relay(self._session, playing, deadline)
                relay.start()
                self._relay = relay
                return av.open(relay.url, format="rtsp", options=options, timeout=patience)
        except StreamError as error:
            # FFmpeg reports a missing answer as a malformed one.
            if error.problem is StreamProblem.BROKEN and not deadline.left:
                raise StreamError(StreamProblem.STALLED) from error
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """FFmpeg's errors as ours; where the camera's end is the reason, that."""
        try:
            yield
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise (self._relay and self._relay.problem) or _failure(error) from error

    @staticmethod
    def _choose(container: InputContainer) -> VideoStream:
        if not container.streams.video:
            raise StreamError(StreamProblem.NO_VIDEO)
        video = container.streams.video[0]
        context = video.codec_context
        if context.name not in CODECS:
            raise StreamError(StreamProblem.UNSUPPORTED_CODEC, context.name)
        check_size(context.name, context.extradata or b"")
        check_picture(Declared(context.width, context.height))
        # One thread, so that a crash is attributed to this camera and no frame is delayed.
        context.thread_count = 1
        context.thread_type = "NONE"
        context.options = {"max_pixels": str(MAX_PIXELS)}
        return video


def check_size(codec: str, data: bytes | memoryview) -> None:
    """Raise StreamError if a piece of a stream declares pictures that are too large."""
    for picture in declared(codec, data):
        check_picture(picture)


def check_picture(picture: Declared) -> None:
    """Raise StreamError if a picture is too large to be decoded."""
    pixels = picture.width * picture.height
    if (
        max(picture.width, picture.height) > MAX_SIDE
        or pixels > MAX_PIXELS
        or pixels * picture.kept * 3 // 2 > MAX_KEPT
    ):
        raise StreamError(StreamProblem.TOO_LARGE, f"{picture.width} x {picture.height}")


def _failure(error: Exception) -> StreamError:
    match error:
        case av.error.ExitError():
            return StreamError(StreamProblem.STALLED)
        case av.error.EOFError():
            return StreamError(StreamProblem.ENDED)
        case av.error.InvalidDataError() | av.error.PatchWelcomeError():
            problem = StreamProblem.BROKEN
        case av.error.FFmpegError() | OSError():
            problem = StreamProblem.UNREACHABLE
        case _:
            problem = StreamProblem.BROKEN
    return StreamError(problem, redact(str(error)))
