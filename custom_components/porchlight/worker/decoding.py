"""Decodes only the frames that are needed: other packets are kept until then."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from .errors import StreamError, StreamProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from .stream import Stream

# Longer than any camera's distance between key frames.
DECODE_SECONDS = 30.0
# Packets that wait at most; a camera that sends more between key frames is decoded always.
MOST_WAITING = 300
# Bytes of them.
MOST_BYTES = 32 * 1024 * 1024


class Decoder:
    """Decodes one stream in order, from the last key frame on when something is wanted."""

    def __init__(
        self, *, patience: float = DECODE_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        """`patience`: seconds without a whole frame after which the stream is broken."""
        self._waiting: deque[tuple[Packet[VideoStream], float]] = deque()
        self._bytes = 0
        self._patience = patience
        self._clock = clock
        self._good_at = clock()
        self._error = ""

    def take(
        self, packet: Packet[VideoStream], at: float, *, wanted: bool
    ) -> Iterator[tuple[VideoFrame, float]]:
        """The frames that decode whole, with their packets' times, if this one is wanted.

        Raises StreamError when none has for long.
        """
        if packet.is_keyframe:
            self._waiting.clear()
            self._bytes = 0
        self._waiting.append((packet, at))
        self._bytes += packet.size
        if not (wanted or len(self._waiting) > MOST_WAITING or self._bytes > MOST_BYTES):
            return
        while self._waiting:
            waiting, came = self._waiting.popleft()
            self._bytes -= waiting.size
            for frame in self.decode(waiting):
                yield frame, came

    def decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        """The whole frames that a packet completes."""
        try:
            decoded = packet.decode()
        except Exception as error:  # noqa: BLE001 - FFmpeg knows many ways
            self._error = type(error).__name__
            decoded = []
        good = [frame for frame in decoded if not frame.is_corrupt]
        now = self._clock()
        if good:
            self._good_at = now
        elif now - self._good_at >= self._patience:
            raise StreamError(StreamProblem.BROKEN, f"no frame could be decoded {self._error}")
        return good


def whole_frames(stream: Stream, *, patience: float = DECODE_SECONDS) -> Iterator[VideoFrame]:
    """Every frame of a stream that decodes whole. Raises StreamError when there are no more."""
    decoder = Decoder(patience=patience)
    for packet in stream.packets():
        yield from decoder.decode(packet)
