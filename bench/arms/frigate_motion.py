"""Frigate's motion detection: a running average of small pictures with stretched contrast."""

from __future__ import annotations

from collections import deque
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
        self._size = (round(width / self._factor), HEIGHT)
        self._average: np.ndarray[Any, np.dtype[np.float32]] | None = None
        self._contrast: deque[tuple[float, float]] = deque(maxlen=FRAMES_AVERAGED)
        self._lasting = 0

    def update(self, luma: np.ndarray[Any, Any]) -> list[Pixelled]:
        """Process a frame's luma."""
        small = cv2.resize(luma, self._size, interpolation=cv2.INTER_NEAREST)
        small = cv2.GaussianBlur(self._stretched(small), (3, 3), 1)
        if self._average is None:
            self._average = small.astype(np.float32)
        difference = cv2.absdiff(small, cv2.convertScaleAbs(self._average))
        mask = cv2.threshold(difference, THRESHOLD, 255, cv2.THRESH_BINARY)[1]
        mask = cv2.dilate(mask, None, iterations=1)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = [self._box(one) for one in contours if cv2.contourArea(one) > LEAST_AREA]
        self._calibrate(float((mask > 0).mean()), len(boxes))
        self._follow(small, moving=bool(boxes))
        return boxes

    def _stretched(self, small: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        low, high = np.percentile(small, PERCENTILES)
        if high > low:
            self._contrast.append((float(low), float(high)))
        if not self._contrast:
            return small
        low, high = np.mean(self._contrast, axis=0)
        stretched = (small.astype(np.float32) - low) / (high - low) * 255
        return np.asarray(np.clip(stretched, 0, 255), np.uint8)

    def _calibrate(self, share: float, boxes: int) -> None:
        if share > LIGHTNING:
            self.calibrating = True
        elif share < CALM and boxes <= CALM_BOXES:
            self.calibrating = False

    def _follow(self, small: np.ndarray[Any, Any], *, moving: bool) -> None:
        self._lasting = self._lasting + 1 if moving else 0
        if self.calibrating or not moving or self._lasting >= FRAMES_OF_MOTION:
            rate = RATE_CALIBRATING if self.calibrating else RATE
            cv2.accumulateWeighted(small, self._average, rate)

    def _box(self, contour: np.ndarray[Any, Any]) -> Pixelled:
        x, y, width, height = cv2.boundingRect(contour)
        factor = self._factor
        return Pixelled(x * factor, y * factor, (x + width) * factor, (y + height) * factor)
