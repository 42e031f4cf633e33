from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from porchlight.worker.engines import load
from porchlight.worker.engines.graph.passes import simplify
from porchlight.worker.engines.graph.reader import read_model
from porchlight.worker.engines.lower import lower
from porchlight.worker.errors import EngineError, EngineProblem

from scripts.lib.assets import MIRROR
from tests.worker.support import footage

from .cases import SAME, Case
from .writer import Quant, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PERSON = "models/person_yolox_192_float16.tflite"
SSD = "models/ssd_mobilenet_v1_coco_300_uint8.tflite"


def refusal(path: Path) -> EngineError:
    with pytest.raises(EngineError) as caught:
        load("ncnn", path, 1)
    assert path.name in caught.value.detail
    return caught.value


@pytest.mark.parametrize(
    ("name", "operator"),
    [("refused_by_litert.tflite", "SOFTMAX"), ("unsupported_lstm_detector.tflite", "SPLIT")],
)
def test_a_model_of_another_kind_is_refused_by_its_operator(name: str, operator: str) -> None:
    path = MIRROR / "models" / name
    if not path.exists():
        pytest.skip(f"{name} has no public address; PORCHLIGHT_ASSETS has it not")
    error = refusal(path)
    assert error.problem is EngineProblem.MODEL_UNSUPPORTED
    assert f"operator {operator}" in error.detail


@pytest.mark.parametrize(
    "data",
    [b"", b"TFL3", b"no model at all, but long enough to look like one", bytes(100), b"\xff" * 100],
    ids=["empty", "short", "text", "zeros", "ones"],
)
def test_an_invalid_model_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "none.tflite"
    path.write_bytes(data)
    assert refusal(path).problem is EngineProblem.MODEL_REFUSED


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.tflite").problem is EngineProblem.MODEL_REFUSED


@pytest.mark.parametrize("name", [PERSON, SSD])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_model_is_refused(name: str, share: float, tmp_path: Path) -> None:
    data = footage(name).read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(data[: int(len(data) * share)])
    assert refusal(path).problem is EngineProblem.MODEL_REFUSED


def small() -> bytes:
    """A model with most features of the format."""
    case = Case(1, (1, 8, 8, 3), "uint8")
    mixed = case.writer.constant(case.whole(4, 3, 3, 3, dtype="uint8"), quant())
    bias = case.writer.constant(np.zeros(4, np.int32), quant())
    y = case.writer.add(
        "CONV_2D", [case.x, mixed, bias], case.tensor(1, 8, 8, 4),
        table="Conv2DOptions", StrideH=1, StrideW=1, Padding=SAME,
    )  # fmt: skip
    shape = case.writer.constant(np.array([1, 64, 4], np.int32))
    y = case.writer.add("RESHAPE", [y, shape], case.tensor(1, 64, 4), table="ReshapeOptions")
    y = case.writer.add("LOGISTIC", [y], case.tensor(1, 64, 4))
    return case.writer.data(y)


def quant() -> Quant:
    return Quant(scale=(0.01,), zero=(100,))


def test_a_damaged_model_ends_in_an_error_or_runs(tmp_path: Path) -> None:
    data = np.frombuffer(small(), np.uint8)
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.tflite"
    problems = Counter[EngineProblem]()
    for _ in range(3000):
        copy = data.copy()
        places = rng.integers(0, len(data), int(rng.integers(1, 6)))
        copy[places] = rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))], len(places))
        path.write_bytes(copy.tobytes())
        try:
            engine = load("ncnn", path, 1)
            shape = engine.inputs[0].shape
            engine.run(np.zeros(shape, engine.inputs[0].dtype))
        except EngineError as error:
            problems[error.problem] += 1
    assert set(problems) == {EngineProblem.MODEL_REFUSED, EngineProblem.MODEL_UNSUPPORTED}
    assert 300 < problems.total() < 2900


@pytest.mark.parametrize("name", [PERSON, SSD])
def test_a_damaged_table_of_a_real_model_ends_in_an_error_or_a_network(
    name: str, tmp_path: Path
) -> None:
    data = np.frombuffer(footage(name).read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.tflite"
    # The tables are at the beginning and at the end; in between are weights.
    tables = np.concatenate([np.arange(4096), np.arange(len(data) - 60_000, len(data))])
    refused = 0
    for _ in range(60):
        copy = data.copy()
        places = rng.choice(tables, 40)
        copy[places] = rng.integers(0, 256, len(places))
        path.write_bytes(copy.tobytes())
        try:
            lower(simplify(read_model(path)))
        except EngineError:
            refused += 1
    assert refused > 20


def windows(**fields: int) -> Callable[[Writer], int]:
    def add(writer: Writer) -> int:
        x = writer.input((1, 8, 8, 3))
        weights = writer.constant(np.ones((3, 3, 3, 3), np.float32))
        y = writer.tensor((1, 8, 8, 3))
        options = {"StrideH": 1, "StrideW": 1} | fields
        return writer.add("CONV_2D", [x, weights], y, table="Conv2DOptions", **options)

    return add


def padded(writer: Writer) -> int:
    x = writer.input((1, 8, 8, 3))
    pads = writer.constant(np.array([[0, 0], [0, 100000], [0, 100000], [0, 0]], np.int32))
    return writer.add("PAD", [x, pads], writer.tensor(()), table="PadOptions")


def resized(writer: Writer) -> int:
    x = writer.input((1, 8, 8, 3))
    size = writer.constant(np.array([1 << 20, 1 << 20], np.int32))
    y = writer.tensor(())
    return writer.add("RESIZE_NEAREST_NEIGHBOR", [x, size], y, table="ResizeNearestNeighborOptions")


def slow(writer: Writer) -> int:
    x = writer.input((1, 512, 512, 8))
    weights = writer.constant(np.ones((64, 65, 65, 8), np.float16))
    unpacked = writer.add("DEQUANTIZE", [weights], writer.tensor((64, 65, 65, 8)))
    y = writer.tensor((1, 512, 512, 64))
    return writer.add("CONV_2D", [x, unpacked], y, table="Conv2DOptions", StrideH=1, StrideW=1)


def unequal(writer: Writer) -> int:
    x = writer.input((1, 8, 8, 3))
    pads = writer.constant(np.array([[0, 0], [0, 1], [0, 0], [0, 0]], np.int32))
    y = writer.add("PAD", [x, pads], writer.tensor((1, 9, 8, 3)), table="PadOptions")
    return writer.add("ADD", [x, y], writer.tensor(()), table="AddOptions")


def batches(writer: Writer) -> int:
    x = writer.input((2, 8, 8, 3))
    y = writer.tensor((2, 8, 8, 3))
    fields = {"FilterHeight": 1, "FilterWidth": 1, "StrideH": 1, "StrideW": 1}
    return writer.add("MAX_POOL_2D", [x], y, table="Pool2DOptions", **fields)


def computed_weights(writer: Writer) -> int:
    x = writer.input((1, 3, 3, 3))
    y = writer.tensor((1, 3, 3, 1))
    return writer.add("CONV_2D", [x, x], y, table="Conv2DOptions", StrideH=1, StrideW=1)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (windows(StrideH=0), "CONV_2D"),
        (windows(StrideH=-1), "CONV_2D"),
        (windows(DilationWFactor=0), "CONV_2D"),
        (windows(Padding=1), "CONV_2D"),
        (windows(Padding=77), "padding 77"),
        (windows(FusedActivationFunction=4), "activation 4"),
        (padded, "PAD"),
        (resized, "RESIZE_NEAREST_NEIGHBOR"),
        (slow, "too long"),
        (unequal, "ADD"),
        (batches, "2, 8, 8, 3"),
        (computed_weights, "CONV_2D"),
    ],
    ids=[
        "no stride", "a stride back", "no dilation", "a size that cannot be", "no such padding",
        "no such activation", "huge padding", "huge size", "too much work", "different sizes",
        "two pictures at a time", "weights that are computed",
    ],
)  # fmt: skip
def test_unsupported_operations_are_refused_before_any_picture(
    build: Callable[[Writer], int], said: str, tmp_path: Path
) -> None:
    writer = Writer()
    path = tmp_path / "impossible.tflite"
    path.write_bytes(writer.data(build(writer)))
    assert said in refusal(path).detail
