"""Cutting a figure out of a frame, given the place without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from scripts.lib.assets import asset
from tests.footage import HALLWAY, HALLWAY_WALKS

from .video import RATE, empty_hallway, pictures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .video import Pixels

# Figures are kept at this height; the footage has them a little smaller.
HEIGHT = 320
# What belongs to a figure differs from the empty hallway by this many gray levels at least.
STEP = 26
# Between these ratios to the background, with this little change of color, lies a shadow.
SHADOW = (0.78, 1.0)
SHADOW_TINT = 0.07
# The wooden floor is this much redder than blue; in a shadow it keeps its color.
WOOD = 0.12
WOOD_TINT = 0.09
# A cut-out that comes this near the border of the footage may be cut off by it.
MARGIN = 2
# The least share of a figure's height that a whole, upright one is wide, and the most.
SLIM, BROAD = 0.2, 0.72
# Half opaque.
HALF = 127


def everybody() -> dict[str, Pixels]:
    """All whole figures of the footage: number of the walk, what they do, and the frame."""
    frames = pictures(asset(HALLWAY))
    empty = empty_hallway(frames)
    found: dict[str, Pixels] = {}
    for number, walk in enumerate(HALLWAY_WALKS):
        spans = {
            "standing": (walk.whole + 2.0, min(walk.gone - 2.0, walk.whole + 6.0)),
            "sideways": (walk.gone - 1.5, walk.gone - 0.1),
        }
        for what, (first, last) in spans.items():
            for index in range(round(first * RATE), round(last * RATE)):
                figure = cut(frames[index], empty)
                if figure is not None:
                    found[f"{number}-{what}-{index:05}"] = figure
    return found


def cut(frame: Pixels, empty: Pixels) -> Pixels | None:
    """The whole figure on a frame, upright and HEIGHT pixels tall; None where there is none."""
    background = _as_exposed(empty, frame)
    solid = _solid(frame, background)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    if count == 1:
        # Nothing but the background.
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, width, height, _area = (int(value) for value in stats[largest])
    whole = (
        left >= MARGIN
        and top >= MARGIN
        and left + width <= frame.shape[1] - MARGIN
        and top + height <= frame.shape[0] - MARGIN
    )
    if not whole or not SLIM < width / height < BROAD or height < HEIGHT // 2:
        return None
    opacity = _opacity(frame, background, (labels == largest).astype(np.uint8))
    return _upright(frame, opacity, (left, top, width, height))


def _as_exposed(empty: Pixels, frame: Pixels) -> NDArray[np.float32]:
    """The empty hallway with the camera's exposure while a person is there."""
    plain = empty.astype(np.float32)
    gain = np.median((frame + 1.0) / (plain + 1.0), axis=(0, 1))
    return np.asarray(np.clip(plain * gain, 0, 255), np.float32)


def _solid(frame: Pixels, background: NDArray[np.float32]) -> Pixels:
    """1 where something stands before the background, shadows left out."""
    difference = np.abs(frame - background).max(axis=2)
    ratio = (frame + 4.0) / (background + 4.0)
    shade = ratio.mean(axis=2)
    tint = ratio.max(axis=2) - ratio.min(axis=2)
    shadow = (shade > SHADOW[0]) & (shade < SHADOW[1]) & (tint < SHADOW_TINT)
    mask = ((difference > STEP) & ~shadow & ~_floor(frame, background)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, contours, -1, 1, thickness=cv2.FILLED)
    # What is seen between the legs is no hole in a figure.
    return np.asarray(filled & ~_floor(frame, background), np.uint8)


def _floor(frame: Pixels, background: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the floor is seen, lit or in a shadow."""
    before, now = _redness(background), _redness(frame.astype(np.float32))
    return np.asarray((before > WOOD) & (now > before - WOOD_TINT), np.bool_)


def _redness(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(
        (picture[:, :, 0] - picture[:, :, 2]) / (picture.sum(axis=2) + 20), np.float32
    )


def _opacity(frame: Pixels, background: NDArray[np.float32], figure: Pixels) -> Pixels:
    """0 to 255: the figure with its edge found by GrabCut, a pixel in and softened."""
    sure = cv2.erode(figure, np.ones((9, 9), np.uint8))
    maybe = cv2.dilate(figure, np.ones((7, 7), np.uint8))
    labels = np.full(figure.shape, cv2.GC_BGD, np.uint8)
    labels[maybe == 1] = cv2.GC_PR_BGD
    labels[figure == 1] = cv2.GC_PR_FGD
    labels[sure == 1] = cv2.GC_FGD
    labels[_floor(frame, background)] = cv2.GC_BGD
    difference = np.clip(np.abs(frame - background) * 2, 0, 255).astype(np.uint8)
    cv2.setRNGSeed(1)
    cv2.grabCut(
        difference,
        labels,
        None,
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        3,
        cv2.GC_INIT_WITH_MASK,
    )
    mask = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    return np.asarray(cv2.GaussianBlur(mask * 255, (5, 5), 1.0), np.uint8)


def _upright(frame: Pixels, opacity: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """The figure without the lean that the wide lens gives it, scaled to HEIGHT."""
    left, top, width, height = box
    pad = height // 4
    area = np.zeros((height, width + 2 * pad, 4), np.uint8)
    area[:, pad : pad + width, :3] = frame[top : top + height, left : left + width]
    area[:, pad : pad + width, 3] = opacity[top : top + height, left : left + width]
    head, feet = _middle(area[: height // 5]), _middle(area[-height // 5 :])
    lean = (head - feet) / (height * 0.8)
    shear = np.array([[1, lean, -lean * height / 2], [0, 1, 0]], np.float32)
    straight = cv2.warpAffine(area, shear, (area.shape[1], height), flags=cv2.INTER_LINEAR)
    columns = np.flatnonzero(straight[:, :, 3].max(axis=0) > HALF)
    rows = np.flatnonzero(straight[:, :, 3].max(axis=1) > HALF)
    straight = straight[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = HEIGHT / straight.shape[0]
    size = (max(1, round(straight.shape[1] * scale)), HEIGHT)
    return np.asarray(cv2.resize(straight, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _middle(part: Pixels) -> float:
    weights = part[:, :, 3].sum(axis=0, dtype=np.float64)
    return float((weights * np.arange(len(weights))).sum() / max(1.0, weights.sum()))
