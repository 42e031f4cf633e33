"""Knows where each person is: the best that our tracks and visits can do with this model."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from porchlight.vision.regions import around
from porchlight.vision.types import Box

from bench.truth import TRACE

from .every_frame import EveryFrame

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from porchlight.vision.types import Detection
    from porchlight.worker.detector import Detector

    from bench.truth import Truth

    from .protocol import Stream


class Guided(EveryFrame):
    """No gate, no schedule: five times a second, regions around the people in the truth."""

    def __init__(self, stream: Stream, detector: Detector, truth: Truth) -> None:
        super().__init__(stream, detector)
        self._people = {
            round(at, 2): [Box(*sight.box) for sight in sights if sight.share > TRACE]
            for at, sights in truth.frames
        }
        self._turn = 0

    @override
    def _look(self, frame: VideoFrame, at: float) -> None:
        self._turn += 1
        people = self._people.get(round(at, 2), [])
        regions = around(people, self._detector.view(frame), self._turn)
        found: tuple[Detection, ...] = ()
        if regions:
            with self.meter("inference"):
                found = self._detector.people(frame, regions)
        self._take(found, at)
