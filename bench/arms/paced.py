"""The base of arms that analyze frames at a fixed rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from .protocol import Meter

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from porchlight.worker.detector import Detector

    from .presence import Presence
    from .protocol import Sample, SeenCrossing, SeenVisit, Stream

# Cameras do not keep time exactly.
SLACK = 0.02


class Paced(ABC):
    """Decodes all frames, and analyzes `rate` a second by the time at which they are shown.

    At most `waiting` frames wait while it is busy; others are dropped.
    """

    visits: list[SeenVisit]
    # Of an arm that only counts; one with tracks of its own reports them itself.
    _presence: Presence

    def __init__(
        self, stream: Stream, detector: Detector, *, rate: float, waiting: int | None = None
    ) -> None:
        self.meter = Meter()
        self._detector = detector
        self._decoder = stream.decoder()
        self._rate, self._time_base, self._waiting = rate, float(stream.time_base), waiting
        self._first: int | None = None
        self._slot = -1
        # When the analysis of the last of them began; as many as may wait.
        self._begun: deque[float] = deque(maxlen=waiting or 0)

    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        """Decode a packet, and analyze a frame that is due."""
        with self.meter("decode"):
            frames = self._decoder.decode(packet)
        for frame in frames:
            if self._due(frame) and self._has_room(at):
                self._begun.append(at + self.meter.spent())
                self._look(frame, at)

    @property
    def samples(self) -> list[Sample]:
        """The people after each look."""
        return self._presence.samples

    @property
    def crossings(self) -> list[SeenCrossing] | None:
        """All crossings of lines; None if the arm knows no lines."""
        return self._presence.crossings

    def _due(self, frame: VideoFrame) -> bool:
        """Whether this is the first frame of its share of a second."""
        if frame.pts is None:
            return False
        self._first = frame.pts if self._first is None else self._first
        shown = (frame.pts - self._first) * self._time_base
        slot = int((shown + SLACK) * self._rate)
        due, self._slot = slot > self._slot, max(slot, self._slot)
        return due

    def _has_room(self, at: float) -> bool:
        """Whether a frame that comes now may wait for its analysis."""
        return self._waiting is None or sum(begun > at for begun in self._begun) < self._waiting

    @abstractmethod
    def _look(self, frame: VideoFrame, at: float) -> None:
        """Process a frame."""
