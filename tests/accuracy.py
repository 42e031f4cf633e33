"""How well a detector finds people in pictures, and how closely it agrees with another one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from scripts.lib.assets import MIRROR

from . import bare  # noqa: F401 - makes `porchlight` importable

# isort: split
from porchlight.vision.geometry import as_array, iou

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from porchlight.worker.detector import Detector
    from porchlight.worker.engines import Engine

PICTURES = MIRROR / "images" / "voc50"
SAMPLES = MIRROR / "images" / "samples"
TRUTH = PICTURES.with_suffix(".json")
# The score that begins a track; weaker detections need not be the same.
SURE = 0.5
SAME_PLACE, SAME_SCORE = 0.95, 0.03
MODELS = (
    "models/yolox_nano_416_float16.tflite",
    "models/yolox_nano_416_dynamic_range.tflite",
    "models/person_yolox_192_float16.tflite",
    "models/ssd_mobilenet_v1_coco_300_uint8.tflite",
)


class Found(NamedTuple):
    """The detections on one picture: boxes (n, 4) in its pixels, scores (n,)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]


class Nudged:
    """An engine whose pictures are brighter by so little that only rounding shows it.

    If that changes the detections, so does the order in which an engine adds numbers.
    """

    def __init__(self, engine: Engine, steps: int = 1) -> None:
        """`steps` are units in the last place of single precision at 1."""
        self._engine = engine
        self._factor = np.float32(1 + steps * np.finfo(np.float32).eps)
        self.name, self.version = engine.name, engine.version
        self.inputs, self.outputs = engine.inputs, engine.outputs

    def run(self, tensor: NDArray[np.generic]) -> Sequence[NDArray[np.float32]]:
        """Run the engine with brighter pixels; bytes are not changed."""
        if tensor.dtype == np.float32:
            tensor = np.multiply(tensor, self._factor, dtype=np.float32)
        results: Sequence[NDArray[np.float32]] = self._engine.run(tensor)
        return results


def people_in(detector: Detector, picture: Image.Image) -> Found:
    """The people in a picture, which is scaled down to the model's input."""
    width, height = picture.size
    scale = detector.layout.side / max(width, height)
    small = picture.resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BILINEAR
    )
    found = detector.people_in(np.asarray(small))
    boxes = as_array([one.box for one in found]) * [width, height, width, height]
    return Found(boxes.astype(np.float32), np.array([one.score for one in found], np.float32))


def pictures() -> list[Path]:
    """The labeled pictures and the samples that are available."""
    return sorted(PICTURES.glob("*.jpg")) + sorted(SAMPLES.glob("*.*"))


def truth() -> dict[str, NDArray[np.float32]]:
    """The people on each labeled picture, boxes in its pixels."""
    boxes = json.loads(TRUTH.read_text(encoding="utf-8"))["boxes"]
    return {file: np.array(rows, np.float32).reshape(-1, 4) for file, rows in boxes.items()}


def on_all(detector: Detector) -> Iterator[tuple[str, Found]]:
    """A detector's detections on each picture, by the picture's name."""
    for path in pictures():
        with Image.open(path) as picture:
            yield path.name, people_in(detector, picture.convert("RGB"))


def average_precision(found: dict[str, Found]) -> float:
    """Area under the precision-recall curve at IoU .5, precision made monotonic."""
    hits: list[tuple[float, bool]] = []
    people = 0
    for file, boxes in truth().items():
        hits += _hits(found[file], boxes)
        people += len(boxes)
    right = np.array([hit for _, hit in sorted(hits, key=lambda one: -one[0])], float)
    total = np.cumsum(right)
    precision = total / np.arange(1, len(total) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(best * right) / people)


def _hits(found: Found, boxes: NDArray[np.float32]) -> list[tuple[float, bool]]:
    """Each detection's score and whether it is the first of a person."""
    taken: set[int] = set()
    result = []
    overlaps = iou(found.boxes, boxes)
    for row in np.argsort(-found.scores, kind="stable"):
        hit = False
        if len(boxes):
            best = int(np.argmax(overlaps[row]))
            hit = overlaps[row, best] >= 0.5 and best not in taken
            taken |= {best} if hit else set()
        result.append((float(found.scores[row]), bool(hit)))
    return result


def agreement(one: Found, other: Found) -> tuple[int, int]:
    """How many certain detections of both agree, and how many there are."""
    overlaps = iou(one.boxes, other.boxes)
    apart = np.abs(one.scores[:, None] - other.scores[None, :])
    alike = (overlaps >= SAME_PLACE) & (apart <= SAME_SCORE)
    taken: set[int] = set()
    pairs = lone = 0
    for row in np.flatnonzero(one.scores >= SURE):
        left = [int(column) for column in np.flatnonzero(alike[row]) if int(column) not in taken]
        taken.update(left[:1])
        pairs += bool(left)
        lone += not left
    lone += sum(int(column) not in taken for column in np.flatnonzero(other.scores >= SURE))
    return pairs, pairs + lone


def agreement_on_all(one: dict[str, Found], other: dict[str, Found]) -> tuple[int, int]:
    """The same over all pictures."""
    pairs, total = np.sum([agreement(one[name], other[name]) for name in one], axis=0)
    return int(pairs), int(total)
