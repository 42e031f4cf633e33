"""A policy after Frigate's published rules; the numbers are those of version 0.18's defaults.

Capture: five frames a second in the stream's own size; two wait, and one that comes meanwhile is
dropped. Motion: `Motion`. Regions: squares around clusters of people, tracked or not yet, and of
motion (`regions`). Detections: `consolidated`. Tracks: `Tracks`, that is, norfair with the
distance, filter and patience that Frigate gives it. A track is a person once the median of its
last ten scores has reached 0.7. A person who does not move for ten seconds is stationary, and is
looked at only if something moves there, or every 51st frame. A visit is the time with at least
one person, which is what its occupancy sensor shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, override

import cv2
import numpy as np

from .frigate_motion import Motion
from .frigate_regions import Pixelled, Seen, Square, consolidated, regions
from .frigate_tracks import Tracks
from .paced import Paced
from .presence import Presence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from av.video.frame import VideoFrame
    from porchlight.worker.detector import Detector

    from .frigate_tracks import Person
    from .protocol import Stream

RATE, WAITING = 5.0, 2
LEAST_SCORE = 0.5
# Frames for which it has watched the first picture before it begins, so that contrast and average
# are those of a camera that has run for long. Without that, noise is motion for half a minute.
WARM_UP = 300
# Frames between two looks at everybody who is stationary.
RECHECK = 50


class Frigate(Paced):
    """Motion, regions, tracks and confirmation as Frigate's."""

    def __init__(self, stream: Stream, detector: Detector) -> None:
        super().__init__(stream, detector, rate=RATE, waiting=WAITING)
        self._size = (stream.width, stream.height)
        self._motion = Motion(*self._size)
        self._tracks = Tracks(self._size)
        self._presence = Presence(self.meter)
        self.visits = self._presence.visits
        self._since_recheck = 0
        self._warm = False

    def close(self, at: float) -> None:
        """End the open visit."""
        self._presence.close(at)

    @override
    def _look(self, frame: VideoFrame, at: float) -> None:
        with self.meter("motion"):
            planar = frame.to_ndarray(format="yuv420p")
            luma = planar[: self._size[1]]
            if not self._warm:
                self._warm = True
                for _ in range(WARM_UP):
                    self._motion.update(luma)
            moved = self._motion.update(luma)
        if self._motion.calibrating:
            moved = []
        resting = self._resting(moved)
        found = [person.last for person in resting]
        for square in self._squares(resting, moved):
            with self.meter("inference"):
                found.extend(self._detect(planar, square))
        self._tracks.update(consolidated(found), at)
        people = [person for person in self._tracks.people.values() if person.true]
        self._presence.update(len(people), max((one.seen_at for one in people), default=at), at)

    def _resting(self, moved: list[Pixelled]) -> list[Person]:
        """Stationary people, who keep their place without a look."""
        if self._since_recheck == RECHECK:
            self._since_recheck = 0
            return []
        self._since_recheck += 1
        return [
            person
            for person in self._tracks.people.values()
            if person.stationary
            and not person.missed
            and not any(person.last.box.meets(box) for box in moved)
        ]

    def _squares(self, resting: list[Person], moved: list[Pixelled]) -> list[Square]:
        """Where to look on this frame."""
        active = [one.box for one in self._tracks.people.values() if one not in resting]
        return regions([*active, *self._tracks.untracked], moved, self._size)

    def _detect(self, planar: np.ndarray[Any, Any], square: Square) -> Iterator[Seen]:
        """The people in a region."""
        side = self._detector.layout.side
        picture = cv2.resize(square.cut(planar, self._size), (side, side))
        for detection in self._detector.people_in(np.ascontiguousarray(picture)):
            seen = square.place(detection.box, detection.score, self._size)
            if seen is not None and seen.score >= LEAST_SCORE:
                yield seen
