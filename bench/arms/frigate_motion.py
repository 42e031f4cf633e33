"""Frigate's motion detection: a running average of small pictures with stretched contrast.

The average begins with black and follows motion only if it lasts. So everything is motion at the
start, and nothing counts until the average has come near the picture, after 3 to 5 seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from .frigate_regions import Pixelled

if TYPE_CHECKING:
    from typing import Any

HEIGHT = 100
THRESHOLD, LEAST_AREA = 30, 10
PERCENTILES, FRAMES_AVERAGED = (4, 96), 50
RATE, RATE_CALIBRATING = 0.01, 0.2
# The average follows motion only if it lasts.
FRAMES_OF_MOTION = 10
CALM, CALM_BOXES, LIGHTNING = 0.05, 4, 0.8


class Motion:
    """Boxes of what moves, in pixels of the stream."""

    def __init__(self, width: int, height: int) -> None:
        self.calibrating = True
        self._factor = height / HEIGHT
        self._size = (HEIGHT * width // height, HEIGHT)
        self._average = np.zeros((HEIGHT, self._size[0]), np.float32)
        # Darkest and brightest gray of the last frames; before those, a full range.
        self._contrast = np.tile(np.array([0, 255], np.uint8), (FRAMES_AVERAGED, 1))
        self._turn = 0
        self._lasting = 0

    def update(self, luma: np.ndarray[Any, Any]) -> list[Pixelled]:
        """Process a frame's luma."""
        small = cv2.resize(luma, self._size, interpolation=cv2.INTER_NEAREST)
        small = cv2.GaussianBlur(self._stretched(small), (3, 3), 1, borderType=cv2.BORDER_REFLECT)
        difference = cv2.absdiff(small, cv2.convertScaleAbs(self._average))
        mask = cv2.threshold(difference, THRESHOLD, 255, cv2.THRESH_BINARY)[1]
        mask = cv2.dilate(mask, None, iterations=1)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        areas = [cv2.contourArea(one) for one in contours]
        boxes = [
            self._box(one) for one, area in zip(contours, areas, strict=True) if area > LEAST_AREA
        ]
        self._calibrate(sum(areas) / small.size, len(boxes))
        self._follow(small, moving=bool(boxes))
        return boxes

    def _stretched(self, small: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        low, high = (int(value) for value in np.percentile(small, PERCENTILES))
        if low >= high:
            return small
        self._contrast[self._turn % FRAMES_AVERAGED] = low, high
        self._turn += 1
        low, high = self._contrast.mean(axis=0)
        stretched = (np.clip(small, low, high) - low) / (high - low) * 255
        return np.asarray(stretched, np.uint8)

    def _calibrate(self, share: float, boxes: int) -> None:
        if share < CALM and boxes <= CALM_BOXES:
            self.calibrating = False
        elif share > LIGHTNING:
            self.calibrating = True

    def _follow(self, small: np.ndarray[Any, Any], *, moving: bool) -> None:
        self._lasting = self._lasting + 1 if moving else 0
        if not moving or self._lasting >= FRAMES_OF_MOTION:
            rate = RATE_CALIBRATING if self.calibrating else RATE
            cv2.accumulateWeighted(small, self._average, rate)

    def _box(self, contour: np.ndarray[Any, Any]) -> Pixelled:
        x, y, width, height = cv2.boundingRect(contour)
        factor = self._factor
        return Pixelled(x * factor, y * factor, (x + width) * factor, (y + height) * factor)
