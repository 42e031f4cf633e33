"""The base of arms that analyze frames at a fixed rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
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
    """Decodes all frames, and analyzes one if it is due and less than `patience` seconds late."""

    visits: list[SeenVisit]
    # Of an arm that only counts; one with tracks of its own reports them itself.
    _presence: Presence

    def __init__(
        self, stream: Stream, detector: Detector, *, rate: float, patience: float = float("inf")
    ) -> None:
        self.meter = Meter()
        self._detector = detector
        self._decoder = stream.decoder()
        self._apart, self._patience = 1 / rate - SLACK, patience
        self._looked_at = float("-inf")

    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        """Decode a packet, and analyze a frame that is due."""
        with self.meter("decode"):
            frames = self._decoder.decode(packet)
        for frame in frames:
            if at - self._looked_at >= self._apart and self.meter.backlog < self._patience:
                self._looked_at = at
                self._look(frame, at)

    @property
    def samples(self) -> list[Sample]:
        """The people after each look."""
        return self._presence.samples

    @property
    def crossings(self) -> list[SeenCrossing] | None:
        """All crossings of lines; None if the arm knows no lines."""
        return self._presence.crossings

    @abstractmethod
    def _look(self, frame: VideoFrame, at: float) -> None:
        """Process a frame."""
