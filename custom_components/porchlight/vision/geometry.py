"""Boxes, and the mapping between a frame and a model's square input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .types import Box, Detection

type Floats = NDArray[np.float32]
type Pixels = NDArray[np.uint8]


def iou(one: Floats, other: Floats) -> Floats:
    """Intersection over union of (n, 4) against (m, 4) corner boxes, as (n, m)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    overlap = np.prod(np.clip(high - low, 0, None), axis=2)
    area = np.prod(np.clip(one[:, 2:] - one[:, :2], 0, None), axis=1)
    other_area = np.prod(np.clip(other[:, 2:] - other[:, :2], 0, None), axis=1)
    union = area[:, None] + other_area[None, :] - overlap
    result: Floats = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
    return result


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.area + other.area - shared)


def suppress(boxes: Floats, scores: Floats, *, overlap: float, limit: int) -> list[int]:
    """Indices of the best boxes, each overlapping no better one by more than `overlap`."""
    order = np.argsort(-scores, kind="stable")[: limit * 8]
    kept: list[int] = []
    while order.size and len(kept) < limit:
        best = int(order[0])
        kept.append(best)
        rest = order[1:]
        order = rest[iou(boxes[best : best + 1], boxes[rest])[0] <= overlap]
    return kept


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a frame fits into a model's input: scaled to (width, height), at the top left."""

    frame_width: int
    frame_height: int
    width: int
    height: int

    @classmethod
    def fit(cls, frame_width: int, frame_height: int, side: int) -> Letterbox:
        """Fit a frame into a square of `side` pixels, keeping its aspect."""
        scale = side / max(frame_width, frame_height)
        return cls(
            frame_width,
            frame_height,
            max(1, round(frame_width * scale)),
            max(1, round(frame_height * scale)),
        )

    def restore(self, boxes: Floats, scores: Floats) -> tuple[Detection, ...]:
        """Input-pixel boxes (n, 4) as detections in fractions of the frame, clipped to it."""
        size = np.array([self.width, self.height] * 2, dtype=np.float32)
        fractions = np.clip(boxes / size, 0, 1)
        return tuple(
            Detection(Box(*(float(edge) for edge in box)), float(score))
            for box, score in zip(fractions, scores, strict=True)
            if box[2] > box[0] and box[3] > box[1]
        )


def as_array(boxes: list[Box]) -> Floats:
    """Boxes as an (n, 4) array."""
    return np.array([(b.x1, b.y1, b.x2, b.y2) for b in boxes], dtype=np.float32).reshape(-1, 4)
