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
    Nudged,
    agreement,
    agreement_on_all,
    average_precision,
    on_all,
)
from tests.worker.support import footage

from .reference import recorded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# LiteRT rounds this model's activations to eight bits with a scale that depends on the picture, and
# values near a half decide what follows; see docs/decisions/0007-two-engines.md.
ROUNDED = "models/yolox_nano_416_dynamic_range.tflite"
NUDGES = range(4)


def litert(path: Path, nudge: int = 0) -> dict[str, Found]:
    """LiteRT's detections on each picture."""

    def compute() -> list[np.ndarray]:
        found = dict(on_all(Detector(Nudged(load("litert", path, 2), nudge))))
        names = np.array(list(found))
        return [names, *(array for one in found.values() for array in one)]

    names, *arrays = recorded(f"{path.stem}-{nudge}", compute)
    pairs = zip(arrays[::2], arrays[1::2], strict=True)
    return {str(name): Found(*pair) for name, pair in zip(names, pairs, strict=True)}


@pytest.fixture
def pictures() -> None:
    if not TRUTH.exists():
        pytest.skip("the pictures have no public address; PORCHLIGHT_ASSETS has them not")


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("name", [name for name in MODELS if name != ROUNDED])
def test_people_are_found_where_litert_finds_them(name: str) -> None:
    path = footage(name)
    theirs = litert(path)
    mine = dict(on_all(Detector(load("ncnn", path, 2))))
    assert len(mine) >= 59
    pairs, total = agreement_on_all(theirs, mine)
    assert total > 25
    assert pairs / total >= 0.99
    assert average_precision(mine) == pytest.approx(average_precision(theirs), abs=0.005)


@pytest.mark.usefixtures("pictures")
def test_ncnn_is_as_close_to_litert_as_nudged_litert() -> None:
    path = footage(ROUNDED)
    first, *others = theirs = [litert(path, nudge) for nudge in NUDGES]
    mine = dict(on_all(Detector(load("ncnn", path, 2))))
    assert len(mine) >= 59
    own = share(agreement_on_all(first, other) for other in others)
    assert 0.8 < own < 0.99
    assert share(agreement_on_all(one, mine) for one in theirs) >= own - 0.05
    precisions = [average_precision(one) for one in theirs]
    assert min(precisions) - 0.005 <= average_precision(mine) <= max(precisions) + 0.005


def share(agreements: Iterable[tuple[int, int]]) -> float:
    """The share of compared detections that are the same."""
    pairs, total = np.sum(list(agreements), axis=0)
    return float(pairs / total)


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
