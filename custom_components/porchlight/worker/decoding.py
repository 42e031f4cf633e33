"""Decodes only when a frame is needed; keeps the packets until then."""

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
# The most packets that wait; if a camera sends more between key frames, they are decoded.
MOST_WAITING = 300
# The most bytes that they take.
MOST_BYTES = 32 * 1024 * 1024


class Decoder:
    """Decodes one stream in order; when a frame is wanted, from the last key frame on."""

    def __init__(
        self, *, patience: float = DECODE_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        """`patience`: seconds without an undamaged frame after which the stream is broken."""
        self._waiting: deque[tuple[Packet[VideoStream], float]] = deque()
        self._bytes = 0
        self._patience = patience
        self._clock = clock
        self._good_at = clock()
        self._error = ""

    def take(
        self, packet: Packet[VideoStream], at: float, *, wanted: bool
    ) -> Iterator[tuple[VideoFrame, float]]:
        """The undamaged frames up to this packet, with their packets' times, if it is wanted.

        Raises StreamError after a long time without one.
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
        """The undamaged frames that a packet completes."""
        try:
            decoded = packet.decode()
        except Exception as error:  # noqa: BLE001 - FFmpeg raises many kinds
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
    """Every undamaged frame of a stream. Raises StreamError at its end."""
    decoder = Decoder(patience=patience)
    for packet in stream.packets():
        yield from decoder.decode(packet)
