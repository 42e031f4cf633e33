from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from flatbuffers import flexbuffers
from porchlight.worker.engines import load
from porchlight.worker.errors import EngineError, EngineProblem

from .reference import outputs
from .writer import Writer

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

BOXES = 40
OPTIONS = {
    "max_detections": 10,
    "max_classes_per_detection": 1,
    "num_classes": 3,
    "nms_score_threshold": 0.2,
    "nms_iou_threshold": 0.4,
    "y_scale": 10.0,
    "x_scale": 9.0,
    "h_scale": 5.0,
    "w_scale": 4.0,
}


def model(options: dict[str, Any], columns: int) -> bytes:
    """A model that splits its input into boxes and this many columns of scores."""
    rng = np.random.default_rng(1)
    writer = Writer()
    x = writer.input((1, BOXES, 4 + columns))
    parts = []
    for begin, end in ((0, 4), (4, 4 + columns)):
        lists = [
            writer.constant(np.array(one, np.int32))
            for one in ([0, 0, begin], [1, BOXES, end], [1, 1, 1])
        ]
        y = writer.tensor((1, BOXES, end - begin))
        parts.append(writer.add("STRIDED_SLICE", [x, *lists], y, table="StridedSliceOptions"))
    anchors = np.concatenate([rng.random((BOXES, 2)), rng.random((BOXES, 2)) / 2 + 0.1], axis=1)
    parts.append(writer.constant(anchors.astype(np.float32)))
    results = [writer.tensor(()) for _ in range(4)]
    writer.add("TFLite_Detection_PostProcess", parts, *results, custom=flexbuffers.Dumps(options))
    return writer.data(*results)


def picture(columns: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    boxes = rng.random((1, BOXES, 4)) * 6 - 3
    return np.concatenate([boxes, rng.random((1, BOXES, columns))], axis=2).astype(np.float32)


@pytest.mark.parametrize("background", [0, 1])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"max_classes_per_detection": 2},
        {"use_regular_nms": True, "detections_per_class": 5},
        {"use_regular_nms": True},
        {"max_detections": 3},
        {"nms_iou_threshold": 0.9, "max_detections": 40},
        {"nms_score_threshold": 0.97},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", range(3))
def test_detections_match_litert(
    background: int, change: dict[str, Any], seed: int, tmp_path: Path
) -> None:
    columns = OPTIONS["num_classes"] + background
    path = tmp_path / "model.tflite"
    path.write_bytes(model(OPTIONS | change, int(columns)))
    tensor = picture(int(columns), seed)
    expected = outputs(path, tensor)
    given = load("ncnn", path, 1).run(tensor)
    # LiteRT does not write the values after the last detection.
    rows = int(expected[3][0]) * (change.get("max_classes_per_detection", 1))
    assert rows > 0
    assert int(given[3][0]) == int(expected[3][0])
    for mine, theirs in zip(given[:3], expected[:3], strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine[0, :rows], theirs[0, :rows], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("background", [0, 1])
def test_the_first_class_after_the_background_is_number_zero(
    background: int, tmp_path: Path
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(model(OPTIONS, 3 + background))
    tensor = picture(3 + background, 1)
    tensor[0, :, 4:] = 0
    tensor[0, 7, 4 + background] = 0.9
    _, classes, scores, count = load("ncnn", path, 1).run(tensor)
    assert (int(count[0]), float(classes[0, 0])) == (1, 0.0)
    assert scores[0, 0] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"num_classes": 9}, 4),
        ({"num_classes": 0}, 1),
        ({"max_detections": 0}, 4),
        ({"max_detections": 1_000_000_000}, 4),
        ({"max_classes_per_detection": 7}, 4),
        ({"h_scale": 0.0}, 4),
    ],
    ids=str,
)
def test_invalid_options_are_refused(change: dict[str, Any], columns: int, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(model(OPTIONS | change, columns))
    with pytest.raises(EngineError, match="TFLite_Detection_PostProcess") as caught:
        load("ncnn", path, 1)
    assert caught.value.problem is EngineProblem.MODEL_REFUSED
