"""A policy after Viseron's published rules: once a second, the whole picture, if much moved.

Motion: MOG2 (threshold 15, history 500, learning rate 0.01) on the frame squeezed to 300 x 300,
eroded once and dilated four times; there is motion if the largest contour covers more than 8 % of
the picture. Detector: the whole frame, a score of 0.8, no tracks and no confirmation. A visit
ends when nobody has been seen for the ten seconds after which its recorder stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from .presence import Presence
from .protocol import Meter

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from porchlight.worker.detector import Detector

    from .protocol import SeenVisit, Stream

RATE, SLACK = 1.0, 0.02
SIDE, THRESHOLD, HISTORY, LEARNING = 300, 15, 500, 0.01
ERODED, DILATED, LEAST_SHARE = 1, 4, 0.08
CONFIDENCE = 0.8
IDLE = 10.0


class Viseron:
    """Motion as a switch for looks at whole frames."""

    def __init__(self, stream: Stream, detector: Detector) -> None:
        self.meter = Meter()
        self._decoder = stream.decoder()
        self._detector = detector
        self._subtractor = cv2.createBackgroundSubtractorMOG2(
            history=HISTORY, varThreshold=THRESHOLD, detectShadows=False
        )
        self._presence = Presence(self.meter)
        self._looked_at = float("-inf")
        self._seen_at = float("-inf")

    @property
    def visits(self) -> list[SeenVisit]:
        """The visits that ended."""
        return self._presence.visits

    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        """Decode, and take a frame each second."""
        with self.meter("decode"):
            frames = self._decoder.decode(packet)
        for frame in frames:
            if at - self._looked_at >= 1 / RATE - SLACK:
                self._looked_at = at
                self._look(frame, at)

    def close(self, at: float) -> None:
        """End the open visit."""
        self._presence.close(at)

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
