"""TFLite_Detection_PostProcess: turns anchors, boxes and scores into detections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .options import PostProcess

    type Floats = NDArray[np.float32]
    type Indices = NDArray[np.intp]


def post_process(
    options: PostProcess, encoded: Floats, scores: Floats, anchors: Floats
) -> list[Floats]:
    """Boxes (1, n, 4), classes (1, n), scores (1, n), count of boxes (1,), the best first.

    Scores may begin with a column for the background, which has no class number.
    """
    boxes = decode(options, encoded, anchors)
    scores = scores[:, scores.shape[1] - options.classes :]
    rows, classes = (_by_class if options.regular else _by_anchor)(options, boxes, scores)
    most = options.max_detections * options.max_classes
    count = len(rows)
    result = [np.zeros((1, most, 4), np.float32)]
    result += [np.zeros((1, most), np.float32) for _ in range(2)]
    result[0][0, :count] = boxes[rows]
    result[1][0, :count] = classes
    result[2][0, :count] = scores[rows, classes]
    # With several classes for a box, it has several rows but counts once.
    each = 1 if options.regular else options.max_classes
    return [*result, np.array([count // each], np.float32)]


def decode(options: PostProcess, encoded: Floats, anchors: Floats) -> Floats:
    """Corners (n, 4), top-left to bottom-right, of boxes encoded relative to anchors."""
    y_scale, x_scale, h_scale, w_scale = options.scales
    centre = encoded[:, :2] / np.array([y_scale, x_scale], np.float32) * anchors[:, 2:]
    centre += anchors[:, :2]
    # A damaged model's numbers overflow to infinity; readers do not accept them as boxes.
    with np.errstate(over="ignore", invalid="ignore"):
        half = np.exp(encoded[:, 2:] / np.array([h_scale, w_scale], np.float32))
        half *= anchors[:, 2:] / 2
        return np.concatenate([centre - half, centre + half], axis=1)


def _by_anchor(options: PostProcess, boxes: Floats, scores: Floats) -> tuple[Indices, Indices]:
    """The fast way: boxes compete across classes, each with its best score."""
    rows = _suppress(options, boxes, scores.max(axis=1), options.max_detections)
    classes = np.argsort(-scores[rows], axis=1, kind="stable")[:, : options.max_classes]
    return np.repeat(rows, classes.shape[1]), classes.reshape(-1)


def _by_class(options: PostProcess, boxes: Floats, scores: Floats) -> tuple[Indices, Indices]:
    """The regular way: boxes compete within each class."""
    rows, classes = [], []
    for number in range(options.classes):
        kept = _suppress(options, boxes, scores[:, number], options.detections_per_class)
        rows.append(kept)
        classes.append(np.full(len(kept), number))
    row, column = np.concatenate(rows), np.concatenate(classes)
    best = np.argsort(-scores[row, column], kind="stable")[: options.max_detections]
    return row[best], column[best]


def _suppress(options: PostProcess, boxes: Floats, scores: Floats, most: int) -> Indices:
    left = np.flatnonzero(scores >= options.score_threshold)
    left = left[np.argsort(-scores[left], kind="stable")]
    kept: list[np.intp] = []
    top, low, bottom, high = boxes[left].T.copy()
    with np.errstate(all="ignore"):
        area = (bottom - top) * (high - low)
        alive = np.ones(len(left), bool)
        for best in range(len(left)):
            if len(kept) == most:
                break
            if not alive[best]:
                continue
            kept.append(left[best])
            height = np.minimum(bottom, bottom[best]) - np.maximum(top, top[best])
            width = np.minimum(high, high[best]) - np.maximum(low, low[best])
            overlap = np.maximum(height, 0) * np.maximum(width, 0)
            # Without a division, so that an invalid box overlaps nothing.
            alive &= ~(overlap > options.iou_threshold * (area + area[best] - overlap))
    return np.array(kept, np.intp)
