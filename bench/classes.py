"""What the model sees in a picture, in all of its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image
from porchlight.vision.geometry import suppress
from porchlight.vision.heads import STRIDES, YoloxHead

from scripts.lib.assets import MIRROR

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from porchlight.worker.engines import Engine

    from .video import Pixels

SIDE = 416
LABELS = MIRROR / "labels" / "coco_classes_80.txt"
FLOOR, OVERLAP, MOST = 0.1, 0.45, 50


class Found(NamedTuple):
    """A detection in pixels of the picture: left, top, right, bottom."""

    label: str
    score: float
    box: tuple[float, float, float, float]


class Classes:
    """A YOLOX model with 80 classes, on RGB pictures of any size."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._head = YoloxHead(SIDE)
        self.labels = tuple(LABELS.read_text(encoding="utf-8").split("\n")[:80])

    def seen(self, picture: Pixels) -> list[Found]:
        """All detections, each class without duplicates, the surest first."""
        height, width = picture.shape[:2]
        scale = min(SIDE / width, SIDE / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR)
        boxes, scores = self._read(np.asarray(small, np.uint8))
        found = []
        for number in np.flatnonzero(scores.max(axis=0, initial=0.0) >= FLOOR):
            for index in suppress(boxes, scores[:, number], overlap=OVERLAP, limit=MOST):
                score = float(scores[index, number])
                if score >= FLOOR:
                    x1, y1, x2, y2 = (float(edge) / scale for edge in boxes[index])
                    found.append(Found(self.labels[number], score, (x1, y1, x2, y2)))
        return sorted(found, key=lambda one: -one.score)

    def _read(self, picture: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        (raw,) = self._engine.run(self._head.feed(picture))
        cells = np.asarray(raw)[0]
        grids, strides = [], []
        for stride in STRIDES:
            rows, columns = np.mgrid[: SIDE // stride, : SIDE // stride]
            grids.append(np.stack([columns, rows], axis=-1).reshape(-1, 2))
            strides.append(np.full((rows.size, 1), stride))
        step = np.concatenate(strides).astype(np.float32)
        centre = (cells[:, :2] + np.concatenate(grids)) * step
        half = np.exp(np.minimum(cells[:, 2:4], 8)) * step / 2
        scores = cells[:, 4:5] * cells[:, 5:]
        likely = scores.max(axis=1) >= FLOOR
        return np.concatenate([centre - half, centre + half], axis=1)[likely], scores[likely]
