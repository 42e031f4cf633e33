"""Frigate's tracks: norfair with its settings, scores, and who is stationary."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import norfair
import numpy as np

from .frigate_regions import Pixelled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .frigate_regions import Seen

# The tracker's; numbers of frames are those at five a second.
REACH, MEASURED, HITS, HITS_TO_BEGIN = 2.5, 3.4, 25, 2
# A person: the median of this many scores.
SCORES_KEPT, TRUE_SCORE = 10, 0.7
# Frames without movement that make a person stationary.
STATIONARY = 50
# A person has moved if a box overlaps the average of the last ones by less than the first; or by
# less than the second or third, and if their median overlaps its place by less than that, too.
MOVED_OVERLAP, ACTIVE_OVERLAP, STATIONARY_OVERLAP = 0.2, 0.9, 0.6
BOXES_KEPT = 10
PLACE_PERCENTILES = (15, 85)


class Person:
    """A tracked object, in pixels; its history begins with what made the tracker register it."""

    def __init__(self, history: Sequence[Seen], size: tuple[int, int], at: float) -> None:
        self.last = history[-1]
        self.estimate = self.last.box
        self.seen_at = at
        self.true = False
        self.still = 0
        # Frames since the last detection.
        self.missed = 0
        self._scores = [seen.score for seen in history]
        self._boxes = [seen.box for seen in history]
        self._placed = list(self._boxes)
        self._place = Pixelled(0, 0, *size)

    @property
    def stationary(self) -> bool:
        """Whether it has not moved for long."""
        return self.still >= STATIONARY

    @property
    def box(self) -> Pixelled:
        """Where to look for it."""
        return self.last.box if self.stationary else self.estimate

    def see(self, seen: Seen, at: float) -> None:
        """Process a frame on which it was detected."""
        self.last, self.seen_at, self.missed = seen, at, 0
        self._score(seen.score)
        self.still = 0 if self._moves(seen.box) else self.still + 1

    def miss(self) -> None:
        """Process a frame on which it was not detected."""
        self.missed += 1
        self._score(0.0)

    def _score(self, value: float) -> None:
        self._scores = [*self._scores, value][-SCORES_KEPT:]
        self.true = self.true or median(self._scores) >= TRUE_SCORE

    def _moves(self, box: Pixelled) -> bool:
        self._boxes = [*self._boxes, box][-BOXES_KEPT:]
        overlap = box.iou(Pixelled(*np.mean(self._boxes, axis=0)))
        least = STATIONARY_OVERLAP if self.stationary else ACTIVE_OVERLAP
        middle = sorted(self._boxes, key=lambda one: one.area)[len(self._boxes) // 2]
        if overlap < MOVED_OVERLAP or (overlap < least and self._place.iou(middle) < least):
            self._boxes, self._placed, self._place = [], [box], box
            return True
        if len(self._placed) < BOXES_KEPT:
            self._placed.append(box)
            low, high = np.percentile(self._placed, PLACE_PERCENTILES, axis=0)
            self._place = Pixelled(low[0], low[1], high[2], high[3])
        return False


class Tracks:
    """The people that norfair tracks, and the boxes that it does not track yet."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.people: dict[int, Person] = {}
        self.untracked: list[Pixelled] = []
        self._size = size
        self._tracker = norfair.Tracker(
            distance_function=distance,
            distance_threshold=REACH,
            initialization_delay=HITS_TO_BEGIN,
            hit_counter_max=HITS,
            filter_factory=norfair.OptimizedKalmanFilterFactory(R=MEASURED),
        )

    def update(self, found: Sequence[Seen], at: float) -> None:
        """Process a frame's detections."""
        detections = [
            norfair.Detection(
                points=np.array([[seen.box.x1, seen.box.y1], [seen.box.x2, seen.box.y2]]),
                data=seen,
            )
            for seen in found
        ]
        tracked = {one.id: one for one in self._tracker.update(detections)}
        for number, one in tracked.items():
            # For objects not detected on this frame, the tracker keeps the last detection.
            now = any(one.last_detection is detection for detection in detections)
            self._take(number, one, at, detected=now)
        self.people = {number: self.people[number] for number in tracked}
        places = [person.last.box for person in self.people.values()]
        self.untracked = [seen.box for seen in found if seen.box not in places]

    def _take(self, number: int, one: Any, at: float, *, detected: bool) -> None:
        person = self.people.get(number)
        if person is None:
            history = [detection.data for detection in one.past_detections]
            person = self.people[number] = Person(history, self._size, at)
        elif detected:
            person.see(one.last_detection.data, at)
        else:
            person.miss()
        estimate = Pixelled(*one.estimate.flatten()).inside(self._size)
        # The filter's corners may cross.
        if estimate.area > 0:
            person.estimate = estimate


def distance(detection: Any, tracked: Any) -> float:
    """Between a detection and an estimate: places of the feet and sizes, by the estimate's size."""
    new, old = detection.points, tracked.estimate
    (width, height), (was_width, was_height) = new[1] - new[0], np.maximum(1, old[1] - old[0])
    middle, was_middle = new[:, 0].mean(), old[:, 0].mean()
    across, down = (middle - was_middle) / was_width, (new[1, 1] - old[1, 1]) / was_height
    wider = max(width, was_width) / max(1, min(width, was_width)) - 1
    taller = max(height, was_height) / max(1, min(height, was_height)) - 1
    return float(np.linalg.norm((across, down, wider, taller)))
