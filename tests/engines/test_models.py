from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

from tests.accuracy import (
    MODELS,
    TRUTH,
    Found,
    agreement,
    agreement_on_all,
    average_precision,
    on_all,
)
from tests.worker.support import footage

from .reference import recorded

if TYPE_CHECKING:
    from pathlib import Path

# LiteRT rounds this model's activations to eight bits as it goes, ncnn does not. LiteRT's own two
# sets of kernels agree on 34 of 39 detections; see docs/decisions/0007-two-engines.md.
ROUNDED = "models/yolox_nano_416_dynamic_range.tflite"


def litert(path: Path) -> dict[str, Found]:
    """What LiteRT finds on each picture."""

    def compute() -> list[np.ndarray]:
        found = dict(on_all(Detector(load("litert", path, 2))))
        names = np.array(list(found))
        return [names, *(array for one in found.values() for array in one)]

    names, *arrays = recorded(path.stem, compute)
    pairs = zip(arrays[::2], arrays[1::2], strict=True)
    return {str(name): Found(*pair) for name, pair in zip(names, pairs, strict=True)}


@pytest.mark.parametrize("name", MODELS)
def test_people_are_found_where_litert_finds_them(name: str) -> None:
    if not TRUTH.exists():
        pytest.skip("the pictures have no public address; PORCHLIGHT_ASSETS has them not")
    path = footage(name)
    theirs = litert(path)
    mine = dict(on_all(Detector(load("ncnn", path, 2))))
    assert len(mine) >= 59
    pairs, total = agreement_on_all(theirs, mine)
    assert total > 25
    assert pairs / total >= (0.75 if name == ROUNDED else 0.99)
    assert average_precision(mine) == pytest.approx(average_precision(theirs), abs=0.005)


def found(*people: tuple[float, ...]) -> Found:
    array = np.array(people, np.float32).reshape(-1, 5)
    return Found(array[:, :4], array[:, 4])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (found((0, 0, 100, 100, 0.9)), found((0, 1, 100, 100, 0.88)), (1, 1)),
        (found((0, 0, 100, 100, 0.9)), found((0, 0, 100, 100, 0.8)), (0, 2)),
        (found((0, 0, 100, 100, 0.9)), found((0, 0, 100, 90, 0.9)), (0, 2)),
        (found((0, 0, 100, 100, 0.51)), found((0, 0, 100, 100, 0.49)), (1, 1)),
        (found((0, 0, 100, 100, 0.4)), found(), (0, 0)),
        (found(), found((0, 0, 100, 100, 0.6)), (0, 1)),
        (
            found((0, 0, 100, 100, 0.9), (0, 0, 100, 99, 0.9)),
            found((0, 0, 100, 100, 0.9)),
            (1, 2),
        ),
    ],
    ids=["alike", "less sure", "smaller", "about sure", "not sure", "more", "two of one"],
)
def test_agreement_is_one_to_one(one: Found, other: Found, expected: tuple[int, int]) -> None:
    assert agreement(one, other) == expected
