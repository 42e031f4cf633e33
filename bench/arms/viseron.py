"""A policy after Viseron's published rules: once a second, the whole picture, if enough moved.

Motion: MOG2 (threshold 15, history 500, learning rate 0.01) on the frame squeezed to 300 x 300,
eroded once and dilated four times; there is motion if the largest contour covers more than 8 % of
the picture. Detector: the whole frame, a score of 0.8, no tracks and no confirmation. A visit
ends ten seconds after the last person was seen, when its recorder stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, override

import cv2

from .paced import Paced
from .presence import Presence

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from porchlight.worker.detector import Detector

    from .protocol import Stream

RATE = 1.0
SIDE, THRESHOLD, HISTORY, LEARNING = 300, 15, 500, 0.01
ERODED, DILATED, LEAST_SHARE = 1, 4, 0.08
CONFIDENCE = 0.8
IDLE = 10.0


class Viseron(Paced):
    """Motion as a switch for looks at whole frames."""

    def __init__(self, stream: Stream, detector: Detector) -> None:
        super().__init__(stream, detector, rate=RATE)
        self._subtractor = cv2.createBackgroundSubtractorMOG2(
            history=HISTORY, varThreshold=THRESHOLD, detectShadows=False
        )
        self._presence = Presence(self.meter)
        self.visits = self._presence.visits
        self._seen_at = float("-inf")

    def close(self, at: float) -> None:
        """End the open visit."""
        self._presence.close(at)

    @override
    def _look(self, frame: VideoFrame, at: float) -> None:
        with self.meter("motion"):
            moving = self._moving(frame)
        people = 0
        if moving:
            with self.meter("inference"):
                found = self._detector.people(frame)
            people = sum(detection.score >= CONFIDENCE for detection in found)
        if people:
            self._seen_at = at
        waiting = at - self._seen_at < IDLE
        self._presence.update(max(people, int(waiting)), self._seen_at, at)

    def _moving(self, frame: VideoFrame) -> bool:
        picture = cv2.resize(frame.to_ndarray(format="bgr24"), (SIDE, SIDE))
        mask = self._subtractor.apply(picture, learningRate=LEARNING)
        mask = cv2.dilate(cv2.erode(mask, None, iterations=ERODED), None, iterations=DILATED)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        largest = max((cv2.contourArea(contour) for contour in contours), default=0.0)
        return bool(largest > LEAST_SHARE * SIDE * SIDE)
