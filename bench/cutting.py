"""Cutting animals and vehicles out of pictures, and cars out of the car park's clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image
from porchlight.worker.engines import load

from scripts.lib.assets import MIRROR, asset
from tests.footage import CAR_PARK

from .classes import Classes
from .video import pictures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from .others import Source
    from .video import Pixels

MODEL = "models/yolox_nano_416_float16.tflite"
# Cut-outs are kept at this size, the longer side.
SIDE = 320
# A detection's box may end this share of its size before the thing does.
ROOM = 0.04
# So much around it, as a share, shows GrabCut the background.
AROUND = 0.3
ITERATIONS = 5
# What belongs to a car differs from the empty car park by this many gray levels at least.
STEP = 30
# Frames of the clip without a car.
EMPTY = (*range(0, 50, 10), *range(120, 170, 10), *range(250, 310, 10))
# Smaller holes than this share of it are filled.
GAP = 0.01
HALF = 127


def of_pictures(sources: Iterable[Source]) -> dict[str, Pixels]:
    """The cut-outs of these, by name. Raises ValueError if a picture does not show one."""
    model = Classes(load("litert", asset(MODEL), 1))
    cut = {}
    for source in sources:
        with Image.open(MIRROR / "images" / source.picture) as image:
            picture = np.asarray(image.convert("RGB"), np.uint8)
        seen = [found for found in model.seen(picture) if found.label == source.label]
        if len(seen) <= source.rank:
            raise ValueError(f"{source.picture} does not show the {source.name}")
        cut[source.name] = grabbed(picture, seen[source.rank].box)
    return cut


def grabbed(picture: Pixels, box: tuple[float, float, float, float]) -> Pixels:
    """What a detection's box holds, cut out by GrabCut, at SIDE."""
    x1, y1, x2, y2 = box
    across, down = AROUND * (x2 - x1), AROUND * (y2 - y1)
    left, top = max(0, round(x1 - across)), max(0, round(y1 - down))
    part = picture[top : round(y2 + down), left : round(x2 + across)]
    scale = SIDE / max(x2 - x1, y2 - y1)
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    part = np.asarray(cv2.resize(part, size, interpolation=method), np.uint8)
    labels = np.full(part.shape[:2], cv2.GC_BGD, np.uint8)
    for room, label in ((ROOM, cv2.GC_PR_BGD), (-ROOM / 2, cv2.GC_PR_FGD)):
        more = (room * (x2 - x1), room * (y2 - y1))
        columns = _span((x1 - more[0] - left) * scale, (x2 + more[0] - left) * scale)
        rows = _span((y1 - more[1] - top) * scale, (y2 + more[1] - top) * scale)
        labels[rows, columns] = label
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(part, labels, None, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return trimmed(part, softened(mask.astype(np.uint8)))


def _span(first: float, last: float) -> slice:
    return slice(max(0, round(first)), max(0, round(last)))


def softened(mask: Pixels, gap: float = GAP) -> Pixels:
    """The largest part of a mask of 0 and 1, a pixel in, with a soft edge.

    Holes of no more than `gap` of its area are filled.
    """
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    if not contours:
        return filled
    areas = [cv2.contourArea(contour) for contour in contours]
    outer = [index for index, links in enumerate(tree[0]) if links[3] < 0]
    largest = max(outer, key=lambda index: areas[index])
    cv2.drawContours(filled, contours, largest, 1, thickness=cv2.FILLED)
    for index, links in enumerate(tree[0]):
        # What is seen between the legs is no hole in an animal.
        if links[3] == largest and areas[index] > gap * areas[largest]:
            cv2.drawContours(filled, contours, index, 0, thickness=cv2.FILLED)
    filled = cv2.erode(filled, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    return np.asarray(cv2.GaussianBlur(filled * 255, (3, 3), 0.8), np.uint8)


def trimmed(picture: Pixels, opacity: Pixels) -> Pixels:
    """Red, green, blue and opacity of what is opaque, at SIDE."""
    rows = np.flatnonzero(opacity.max(axis=1) > HALF)
    columns = np.flatnonzero(opacity.max(axis=0) > HALF)
    if not len(rows):
        raise ValueError("nothing was cut out")
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    figure = np.dstack((picture[part], opacity[part]))
    scale = SIDE / max(figure.shape[:2])
    size = (max(1, round(figure.shape[1] * scale)), max(1, round(figure.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(figure, size, interpolation=method), np.uint8)


def cars_of_the_clip(indices: Mapping[str, int]) -> dict[str, Pixels]:
    """The car that is wholly on each of these frames of the car park, by name."""
    frames = pictures(asset(CAR_PARK))
    empty = np.median(np.stack([frames[index] for index in EMPTY]), axis=0).astype(np.float32)
    return {name: car(frames[index], empty) for name, index in indices.items()}


def car(frame: Pixels, empty: NDArray[np.float32]) -> Pixels:
    """The largest thing that is wholly on a frame and not in the empty place, as bright as there.

    Raises ValueError if there is none.
    """
    # The camera's exposure changes with each white car.
    gain = np.median((frame + 1.0) / (empty + 1.0), axis=(0, 1))
    change = np.abs(frame - np.clip(empty * gain, 0, 255)).max(axis=2)
    mask = (change > STEP).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    for index in np.argsort(-stats[1:, cv2.CC_STAT_AREA]) + 1:
        left, top, width, height, _area = stats[index]
        if min(left, top) > 0 and left + width < mask.shape[1] and top + height < mask.shape[0]:
            exposed = np.asarray(np.clip(frame / gain, 0, 255), np.uint8)
            return trimmed(exposed, softened((labels == index).astype(np.uint8), gap=1))
    raise ValueError("nothing is wholly on this frame")
