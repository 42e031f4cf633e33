"""Analyzes five whole frames per second, with our tracks and visits."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, override

from porchlight.vision.settings import Settings
from porchlight.vision.tracks import Tracker
from porchlight.vision.visits import Visits
from porchlight.vision.zones import Areas

from .paced import Paced
from .presence import Reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame
    from porchlight.vision.types import Detection
    from porchlight.worker.detector import Detector

    from .protocol import Sample, SeenCrossing, Stream

RATE = 5.0


class EveryFrame(Paced):
    """No motion gate, no crops: shows the cost and the recall of whole frames."""

    def __init__(self, stream: Stream, detector: Detector) -> None:
        super().__init__(stream, detector, rate=RATE)
        self._tracker = Tracker()
        numbers = count(1)
        self._visits = Visits(lambda: str(next(numbers)))
        self._areas = Areas(Settings(lines=stream.lines))
        self._reported = Reported(self.meter)
        self.visits = self._reported.visits

    def close(self, at: float) -> None:
        """End the open visit."""
        self._reported.close(self._visits.close(), at)

    @property
    @override
    def samples(self) -> list[Sample]:
        """The people after each look."""
        return self._reported.samples

    @property
    @override
    def crossings(self) -> list[SeenCrossing] | None:
        """All crossings of lines."""
        return self._reported.crossings

    @override
    def _look(self, frame: VideoFrame, at: float) -> None:
        with self.meter("inference"):
            found = self._detector.people(frame)
        self._take(found, at)

    def _take(self, found: Sequence[Detection], at: float) -> None:
        """Process the detections on a frame."""
        self._tracker.update(found, at)
        people = self._tracker.people
        self._reported.cross(self._areas.look(self._tracker.tracks, at))
        self._reported.take(self._visits.update(people, at), at)
        self._reported.look(len(people), people, at)
