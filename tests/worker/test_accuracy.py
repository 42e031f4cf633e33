"""The four models on real pictures: average precision at IoU .5 for persons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from porchlight.vision.geometry import as_array, iou
from porchlight.vision.tracks import CONFIRM_SCORE
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

from scripts.assets import MIRROR

from .support import footage

if TYPE_CHECKING:
    from numpy.typing import NDArray

PICTURES = MIRROR / "images" / "voc50"
# Measured on these 50 pictures with ai-edge-litert 2.3.0. They are not the hundred of the asset
# list, and what scores under the head's floor is not counted.
MEASURED = {
    "models/yolox_nano_416_float16.tflite": 0.737,
    "models/yolox_nano_416_dynamic_range.tflite": 0.698,
    "models/person_yolox_192_float16.tflite": 0.623,
    "models/ssd_mobilenet_v1_coco_300_uint8.tflite": 0.665,
}
TOLERANCE = 0.02


def average_precision(found: list[tuple[float, bool]], people: int) -> float:
    """Area under the precision-recall curve, precision made monotonic."""
    right = np.array([hit for _, hit in sorted(found, key=lambda one: -one[0])], float)
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(best * right) / people)


def matched(
    boxes: NDArray[np.float32], scores: list[float], truth: NDArray[np.float32]
) -> list[tuple[float, bool]]:
    """Each detection's score and whether it is the first of a person."""
    taken: set[int] = set()
    result = []
    overlaps = iou(boxes, truth)
    for row in np.argsort([-score for score in scores], kind="stable"):
        hit = False
        if len(truth):
            best = int(np.argmax(overlaps[row]))
            hit = overlaps[row, best] >= 0.5 and best not in taken
            taken |= {best} if hit else set()
        result.append((scores[row], hit))
    return result


def people_in(detector: Detector, picture: Image.Image) -> tuple[NDArray[np.float32], list[float]]:
    """Boxes in the picture's pixels, and scores."""
    width, height = picture.size
    scale = detector.layout.side / max(width, height)
    small = picture.resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BILINEAR
    )
    found = detector.people_in(np.asarray(small))
    boxes = as_array([one.box for one in found]) * [width, height, width, height]
    return boxes.astype(np.float32), [one.score for one in found]


@pytest.mark.parametrize("name", MEASURED)
def test_a_model_is_as_good_as_it_was_measured(name: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    truth = PICTURES.with_suffix(".json")
    if not truth.exists():
        pytest.skip("the pictures have no public address; PORCHLIGHT_ASSETS has them not")
    detector = Detector(load("litert", footage(name), 2))
    found: list[tuple[float, bool]] = []
    people = false_alarms = 0
    for file, rows in json.loads(truth.read_text())["boxes"].items():
        with Image.open(PICTURES / file) as picture:
            boxes, scores = people_in(detector, picture.convert("RGB"))
        found += matched(boxes, scores, np.array(rows, np.float32).reshape(-1, 4))
        people += len(rows)
        false_alarms += sum(score >= CONFIRM_SCORE for score in scores) if not rows else 0
    assert people == 41
    assert average_precision(found, people) == pytest.approx(MEASURED[name], abs=TOLERANCE)
    # On 28 pictures without people, of scores that confirm one.
    assert false_alarms <= 1
