"""Analyse every frame at 5 per second: the whole of it, then our tracks and visits."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from porchlight.vision.tracks import Tracker
from porchlight.vision.visits import Arrived, Left, Visits

from .protocol import Meter, SeenVisit

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream
    from porchlight.vision.visits import VisitEvent
    from porchlight.worker.detector import Detector

    from .protocol import Stream

RATE = 5.0
# Cameras do not keep time exactly.
SLACK = 0.02


class EveryFrame:
    """No motion gate, no crops: what the cost and the sharpness of whole frames come to."""

    def __init__(self, stream: Stream, detector: Detector) -> None:
        self.visits: list[SeenVisit] = []
        self.meter = Meter()
        self._decoder = stream.decoder()
        self._detector = detector
        self._tracker = Tracker()
        numbers = count(1)
        self._visits = Visits(lambda: str(next(numbers)))
        self._looked_at = float("-inf")
        self._arrived = 0.0

    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        """Decode, and look if a fifth of a second has passed."""
        with self.meter("decode"):
            frames = self._decoder.decode(packet)
        for frame in frames:
            if at - self._looked_at < 1 / RATE - SLACK:
                continue
            self._looked_at = at
            with self.meter("inference"):
                detections = self._detector.people(frame)
            self._tracker.update(detections, at)
            self._take(self._visits.update(self._tracker.people, at), at)

    def close(self, at: float) -> None:
        """End the open visit."""
        self._take(self._visits.close(), at)

    def _take(self, events: tuple[VisitEvent, ...], at: float) -> None:
        for event in events:
            match event:
                case Arrived():
                    self._arrived = at + self.meter.spent()
                case Left(visit):
                    self.visits.append(
                        SeenVisit(
                            arrived_at=self._arrived, left_at=visit.last_seen, most=visit.most
                        )
                    )
