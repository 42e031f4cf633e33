"""Told where everybody is: what our tracks and visits make of this model at its best."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, override

from porchlight.vision.regions import around
from porchlight.vision.tracks import Tracker
from porchlight.vision.types import WHOLE, Box
from porchlight.vision.visits import Visits

from bench.truth import TRACE

from .paced import Paced
from .presence import Told

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from porchlight.vision.types import Detection
    from porchlight.worker.detector import Detector

    from bench.truth import Truth

    from .protocol import Stream

RATE = 5.0


class Guided(Paced):
    """No gate and no schedule: five times a second, the regions about whom the truth knows."""

    def __init__(self, stream: Stream, detector: Detector, truth: Truth) -> None:
        super().__init__(stream, detector, rate=RATE)
        self._people = {
            round(at, 2): [Box(*sight.box) for sight in sights if sight.share > TRACE]
            for at, sights in truth.frames
        }
        self._turn = 0
        self._tracker = Tracker()
        numbers = count(1)
        self._visits = Visits(lambda: str(next(numbers)))
        self._told = Told(self.meter)
        self.visits = self._told.visits

    def close(self, at: float) -> None:
        """End the open visit."""
        self._told.take(self._visits.close(), at)

    @override
    def _look(self, frame: VideoFrame, at: float) -> None:
        self._turn += 1
        people = self._people.get(round(at, 2), [])
        regions = around(people, self._detector.view(frame), self._turn)
        found: tuple[Detection, ...] = ()
        if regions:
            with self.meter("inference"):
                found = self._detector.people(frame, regions)
        self._tracker.update(found, at, regions=(WHOLE,))
        self._told.take(self._visits.update(self._tracker.people, at), at)
