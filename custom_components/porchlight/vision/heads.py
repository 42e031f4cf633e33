"""Recognizes a detector's family, fills its input tensor and reads its output tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, override

import numpy as np

from .errors import UnsupportedModelError
from .geometry import Letterbox, suppress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .geometry import Floats, Pixels
    from .types import Detection, TensorSpec

# Lower scores neither begin nor continue a track, so the head drops them.
SCORE_FLOOR = 0.25
OVERLAP = 0.45
MOST_PEOPLE = 32
PERSON = 0
STRIDES = (8, 16, 32)
# The padding that YOLOX was trained with.
YOLOX_FILL = 114
# Zero after SSD MobileNet's own normalisation.
SSD_FILL = 128
MIN_SIDE, MAX_SIDE = 64, 1280


class Head(ABC):
    """One family of detectors, for one input size in pixels."""

    def __init__(self, side: int) -> None:
        self.side = side

    @abstractmethod
    def feed(self, picture: Pixels) -> NDArray[np.generic]:
        """The input tensor for an RGB picture (height, width, 3) no larger than the input."""

    @abstractmethod
    def read(self, outputs: Sequence[Floats]) -> tuple[Floats, Floats]:
        """The people in the output tensors: boxes (n, 4) in input pixels, scores (n,)."""

    def people(self, outputs: Sequence[Floats], letterbox: Letterbox) -> tuple[Detection, ...]:
        """The people in the output tensors, without duplicates, in fractions of the frame."""
        # A broken model's tensors may hold anything; invalid boxes are dropped.
        with np.errstate(all="ignore"):
            boxes, scores = self.read(outputs)
        sane = np.isfinite(boxes).all(axis=1) & (scores >= SCORE_FLOOR)
        boxes = np.clip(boxes[sane], -self.side, 2 * self.side)
        scores = np.minimum(scores[sane], 1.0)
        kept = suppress(boxes, scores, overlap=OVERLAP, limit=MOST_PEOPLE)
        return letterbox.restore(boxes[kept], scores[kept])

    def _canvas(self, picture: Pixels, fill: int) -> Pixels:
        height, width = picture.shape[:2]
        canvas = np.full((self.side, self.side, 3), fill, np.uint8)
        canvas[:height, :width] = picture
        return canvas


class YoloxHead(Head):
    """Raw YOLOX: float32 BGR planes in; (1, cells, 5 + classes) out, not yet grid-decoded."""

    def __init__(self, side: int) -> None:
        super().__init__(side)
        grids, strides = [], []
        for stride in STRIDES:
            cells = side // stride
            rows, columns = np.mgrid[:cells, :cells]
            grids.append(np.stack([columns, rows], axis=-1).reshape(-1, 2))
            strides.append(np.full((cells * cells, 1), stride))
        self._grid = np.concatenate(grids).astype(np.float32)
        self._stride = np.concatenate(strides).astype(np.float32)

    @override
    def feed(self, picture: Pixels) -> NDArray[np.generic]:
        canvas = self._canvas(picture, YOLOX_FILL)
        planes = np.moveaxis(canvas[:, :, ::-1], 2, 0)
        return np.ascontiguousarray(planes, dtype=np.float32)[None]

    @override
    def read(self, outputs: Sequence[Floats]) -> tuple[Floats, Floats]:
        (raw,) = outputs
        cells = raw[0]
        scores = cells[:, 4] * cells[:, 5 + PERSON]
        likely = np.flatnonzero(scores >= SCORE_FLOOR)
        cells, stride = cells[likely], self._stride[likely]
        centre = (cells[:, :2] + self._grid[likely]) * stride
        # A garbage log-size must not overflow; no box is larger than e^8 strides.
        half = np.exp(np.minimum(cells[:, 2:4], 8)) * stride / 2
        return np.concatenate([centre - half, centre + half], axis=1), scores[likely]


class SsdHead(Head):
    """SSD with TFLite_Detection_PostProcess: uint8 RGB in; boxes, classes, scores, count out."""

    @override
    def feed(self, picture: Pixels) -> NDArray[np.generic]:
        return self._canvas(picture, SSD_FILL)[None]

    @override
    def read(self, outputs: Sequence[Floats]) -> tuple[Floats, Floats]:
        boxes, classes, scores, count = (np.asarray(output)[0] for output in outputs)
        valid = np.arange(len(scores)) < count
        people = valid & (np.rint(classes) == PERSON)
        corners = boxes[people][:, [1, 0, 3, 2]] * self.side
        return corners.astype(np.float32), scores[people].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Layout:
    """A recognized model: its family's name, and the side of its square input in pixels."""

    family: str
    side: int

    def head(self) -> Head:
        """A head for this layout."""
        return {"yolox": YoloxHead, "ssd": SsdHead}[self.family](self.side)


def recognise(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Layout:
    """The layout of a model, from its tensors.

    Raises UnsupportedModelError, naming what does not fit.
    """
    if len(inputs) != 1:
        raise UnsupportedModelError(f"it has {len(inputs)} inputs, a detector has one")
    (entry,) = inputs
    layout = _yolox(entry, outputs) or _ssd(entry, outputs)
    if layout is None:
        shapes = ", ".join(f"{spec.dtype}{list(spec.shape)}" for spec in (entry, *outputs))
        raise UnsupportedModelError(f"its tensors fit neither YOLOX nor SSD: {shapes}")
    return layout


def _side(height: int, width: int) -> int | None:
    return height if height == width and MIN_SIDE <= height <= MAX_SIDE else None


def _yolox(entry: TensorSpec, outputs: Sequence[TensorSpec]) -> Layout | None:
    if entry.dtype != "float32" or len(outputs) != 1:
        return None
    match entry.shape, outputs[0].shape:
        case (1, 3, height, width), (1, cells, fields) if fields > 5 + PERSON:
            side = _side(height, width)
            if side and cells == sum((side // stride) ** 2 for stride in STRIDES):
                return Layout("yolox", side)
    return None


def _ssd(entry: TensorSpec, outputs: Sequence[TensorSpec]) -> Layout | None:
    if entry.dtype != "uint8":
        return None
    match entry.shape, [output.shape for output in outputs]:
        case (1, height, width, 3), [(1, n, 4), (1, n2), (1, n3), (1,)] if n == n2 == n3:
            side = _side(height, width)
            return Layout("ssd", side) if side else None
    return None
