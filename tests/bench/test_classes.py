"""All classes of the model."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from porchlight.worker.engines import load

from bench.classes import LABELS, Classes
from scripts.lib.assets import MIRROR

from .support import need

MODEL = "models/yolox_nano_416_float16.tflite"
DOGS = MIRROR / "images" / "samples" / "nobody_dogs.jpg"

pytestmark = pytest.mark.skipif(
    not (LABELS.exists() and DOGS.exists()), reason="labels and pictures are in the mirror only"
)


def test_two_dogs_are_seen_where_they_are() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    (model,) = need(MODEL)
    with Image.open(DOGS) as image:
        seen = Classes(load("litert", model, 1)).seen(np.asarray(image.convert("RGB"), np.uint8))
    dogs = [found for found in seen if found.label == "dog" and found.score > 0.8]
    assert len(dogs) == 2
    assert dogs[0].box == pytest.approx((100, 22, 253, 391), abs=6)
    assert dogs[1].box == pytest.approx((366, 139, 538, 335), abs=6)
    assert seen == sorted(seen, key=lambda found: -found.score)


def test_nothing_is_seen_in_a_plain_picture() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    (model,) = need(MODEL)
    assert Classes(load("litert", model, 1)).seen(np.full((90, 160, 3), 90, np.uint8)) == []
