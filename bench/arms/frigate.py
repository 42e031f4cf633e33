"""A policy after Frigate's published rules; the numbers are those of version 0.18's defaults.

Capture: five frames a second in the stream's own size. Motion: `Motion`. Regions: squares around
clusters of moving people and of motion (`regions`); on the first frame the whole picture, because
there is no history yet of where people usually are and how large.
Detections: `consolidated`. Tracks: norfair, with the distance, filter and patience that Frigate
gives it. A track is a person once the median of its last ten scores has reached 0.7. A person who
does not move for ten seconds is stationary, and is looked at only if something moves there, or
every fiftieth frame. A visit is the time with at least one person, which is what its occupancy
sensor shows. Frames that arrive while it is busy are dropped, as by its queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, override

import cv2
import norfair
import numpy as np

from .frigate_motion import Motion
from .frigate_regions import Pixelled, Square, consolidated, regions
from .paced import Paced
from .presence import Presence

if TYPE_CHECKING:
    from typing import Any

    from av.video.frame import VideoFrame
    from porchlight.worker.detector import Detector

    from .protocol import Stream

RATE = 5.0
LEAST_SCORE, LEAST_TRACKED = 0.4, 0.5
# The tracker's.
REACH, MEASURED, HITS, HITS_TO_BEGIN = 2.5, 3.4, int(RATE * 5), 2
# A person: the median of this many scores, padded with 0 to the fewest.
SCORES_KEPT, FEWEST_SCORES, TRUE_SCORE = 10, 3, 0.7
# Frames without movement that make a person stationary, and after which there is a new look.
STATIONARY, RECHECK = 50, 50
ACTIVE_OVERLAP, STATIONARY_OVERLAP = 0.9, 0.6


@dataclass(slots=True)
class _Person:
    """What is kept of a tracked object, in pixels."""

    box: Pixelled
    anchor: Pixelled
    seen_at: float
    scores: list[float] = field(default_factory=list)
    true: bool = False
    still: int = 0

    @property
    def stationary(self) -> bool:
        return self.still >= STATIONARY

    def score(self, value: float) -> None:
        """One more frame's score; 0 where it was not seen."""
        self.scores = [*self.scores, value][-SCORES_KEPT:]
        padded = self.scores + [0.0] * (FEWEST_SCORES - len(self.scores))
        self.true = self.true or median(padded) >= TRUE_SCORE

    def place(self, box: Pixelled, at: float) -> None:
        """Record where it is now, and whether it has moved."""
        self.box, self.seen_at = box, at
        least = STATIONARY_OVERLAP if self.stationary else ACTIVE_OVERLAP
        if box.iou(self.anchor) >= least:
            self.still += 1
        else:
            self.anchor, self.still = box, 0


class Frigate(Paced):
    """Motion, regions, tracks and confirmation as Frigate's."""

    def __init__(self, stream: Stream, detector: Detector) -> None:
        super().__init__(stream, detector, rate=RATE, patience=1 / RATE)
        self._size = (stream.width, stream.height)
        self._motion = Motion(*self._size)
        self._tracker = norfair.Tracker(
            distance_function=distance,
            distance_threshold=REACH,
            initialization_delay=HITS_TO_BEGIN,
            hit_counter_max=HITS,
            filter_factory=norfair.OptimizedKalmanFilterFactory(R=MEASURED),
        )
        self._people: dict[int, _Person] = {}
        self._presence = Presence(self.meter)
        self.visits = self._presence.visits
        self._frames = 0

    def close(self, at: float) -> None:
        """End the open visit."""
        self._presence.close(at)

    @override
    def _look(self, frame: VideoFrame, at: float) -> None:
        with self.meter("motion"):
            planar = frame.to_ndarray(format="yuv420p")
            moved = self._motion.update(planar[: self._size[1]])
        detections = []
        for square in self._squares(moved):
            with self.meter("inference"):
                detections.extend(self._detect(planar, square))
        self._frames += 1
        self._track([*consolidated(detections), *self._unmoved(moved)], at)

    def _squares(self, moved: list[Pixelled]) -> list[Square]:
        """Where to look on this frame."""
        if self._frames == 0:
            return [Square(0, 0, max(self._size))]
        recheck = self._frames % RECHECK == 0
        people = [
            person.box
            for person in self._people.values()
            if recheck or not self._rests(person, moved)
        ]
        if self._motion.calibrating:
            moved = []
        return regions(people, moved, self._size)

    def _unmoved(self, moved: list[Pixelled]) -> list[tuple[Pixelled, float]]:
        """Stationary people, who keep their place without a look."""
        if self._frames % RECHECK == 1:
            return []
        return [
            (person.box, person.scores[-1])
            for person in self._people.values()
            if self._rests(person, moved)
        ]

    @staticmethod
    def _rests(person: _Person, moved: list[Pixelled]) -> bool:
        return person.stationary and not any(person.box.meets(box) for box in moved)

    def _detect(
        self, planar: np.ndarray[Any, Any], square: Square
    ) -> list[tuple[Pixelled, float, bool]]:
        """The people in a region: box, score, and whether the region cuts it."""
        side = self._detector.layout.side
        picture = cv2.resize(square.cut(planar, self._size), (side, side))
        return [
            square.place(detection.box, detection.score, self._size)
            for detection in self._detector.people_in(np.ascontiguousarray(picture))
            if detection.score >= LEAST_SCORE
        ]

    def _track(self, found: list[tuple[Pixelled, float]], at: float) -> None:
        detections = [
            norfair.Detection(
                points=np.array([[box.x1, box.y1], [box.x2, box.y2]]), data=(box, score)
            )
            for box, score in found
            if score >= LEAST_TRACKED
        ]
        tracked = {one.id: one for one in self._tracker.update(detections)}
        for number, one in tracked.items():
            box, score = one.last_detection.data
            # For objects not detected on this frame, the tracker keeps the last detection.
            seen = any(one.last_detection is detection for detection in detections)
            person = self._people.setdefault(number, _Person(box, box, at))
            person.score(score if seen else 0.0)
            if seen:
                person.place(box, at)
        self._people = {
            number: person for number, person in self._people.items() if number in tracked
        }
        people = [person for person in self._people.values() if person.true]
        self._presence.update(len(people), max((one.seen_at for one in people), default=at), at)


def distance(detection: Any, tracked: Any) -> float:
    """Between a detection and an estimate: places of the feet and sizes, by the estimate's size."""
    new, old = detection.points, tracked.estimate
    (width, height), (was_width, was_height) = new[1] - new[0], np.maximum(1, old[1] - old[0])
    middle, was_middle = new[:, 0].mean(), old[:, 0].mean()
    across, down = (middle - was_middle) / was_width, (new[1, 1] - old[1, 1]) / was_height
    wider = max(width, was_width) / max(1, min(width, was_width)) - 1
    taller = max(height, was_height) / max(1, min(height, was_height)) - 1
    return float(np.linalg.norm((across, down, wider, taller)))
