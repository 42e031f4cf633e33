from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from porchlight.worker.engines import load

from .cases import ACTIVATION, PIXELS, SAME, VALID, Case
from .writer import Quant

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SEEDS = range(8)
# How weights are stored, and what is computed with them.
STORAGE = {
    "float32": "float32",
    "float16": "float32",
    "dynamic_int8": "float32",
    "dynamic_int8_per_channel": "float32",
    "uint8": "uint8",
    "int8": "int8",
    "int8_per_channel": "int8",
}
# LiteRT rounds the activations that it multiplies with int8 weights to eight bits; ncnn does not.
ROUNDED = 0.02


def weights(case: Case, storage: str, shape: tuple[int, ...], axis: int) -> list[int]:
    """Weights and a bias in the model."""
    outputs, writer = shape[axis], case.writer
    if storage in {"float32", "float16"}:
        kernel, bias = case.real(*shape), case.real(outputs)
        if storage == "float32":
            return [writer.constant(kernel), writer.constant(bias)]
        return [unpacked(case, kernel), unpacked(case, bias)]
    channels = outputs if storage.endswith("per_channel") else 1
    # Very different, so that one channel's scale does not work for another.
    scales = tuple(0.004 * (1 + 9 * case.rng.random()) for _ in range(channels))
    if storage == "uint8":
        quant = Quant(scale=scales, zero=(117,))
        stored = case.whole(*shape, dtype="uint8")
    else:
        quant = Quant(scale=scales, zero=(0,) * channels, axis=axis)
        stored = np.maximum(case.whole(*shape, dtype="int8"), -127)
    if dynamic(storage):
        return [writer.constant(stored, quant), writer.constant(case.real(outputs))]
    pixels = PIXELS[case.dtype]
    assert pixels is not None
    products = Quant(scale=tuple(scale * pixels.scale[0] for scale in scales), zero=(0,) * channels)
    bias = case.rng.integers(-2000, 2000, outputs, np.int32)
    return [writer.constant(stored, quant), writer.constant(bias, products)]


def limit(storage: str, seed: int) -> int:
    """Each activation in turn; none where values are only close to LiteRT's."""
    return ACTIVATION["none"] if dynamic(storage) else list(ACTIVATION.values())[seed % 4]


def dynamic(storage: str) -> bool:
    return storage.startswith("dynamic")


def unpacked(case: Case, values: NDArray[np.float32]) -> int:
    """A constant stored with half the precision."""
    half = case.writer.constant(values.astype(np.float16))
    return case.writer.add("DEQUANTIZE", [half], case.writer.tensor(values.shape))


def window(case: Case, *, dilated: bool = True) -> dict[str, Any]:
    """Random options; TFLite's engines do not support a stride together with a dilation."""
    options: dict[str, Any] = {"Padding": case.rng.choice([SAME, VALID])}
    if dilated and case.rng.random() < 0.3:
        dilation = [int(side) for side in case.rng.integers(1, 3, 2)]
        strides = [1, 1]
    else:
        dilation, strides = [1, 1], [int(side) for side in case.rng.integers(1, 4, 2)]
    return options | {
        "StrideH": strides[0], "StrideW": strides[1],
        "DilationHFactor": dilation[0], "DilationWFactor": dilation[1],
    }  # fmt: skip


def after(shape: tuple[int, ...], kernel: tuple[int, int], options: dict[str, Any]) -> list[int]:
    """Height and width of the result of a window that slides over a picture."""
    result = []
    for side, length, axis in zip(shape[1:3], kernel, "HW", strict=True):
        stride = options[f"Stride{axis}"]
        extent = (length - 1) * options.get(f"Dilation{axis}Factor", 1) + 1
        same = options["Padding"] == SAME
        result.append(-(-side // stride) if same else (side - extent) // stride + 1)
    return result


def picture(seed: int, dtype: str, channels: int) -> Case:
    sides = np.random.default_rng(seed).integers(7, 15, 2)
    return Case(seed, (1, int(sides[0]), int(sides[1]), channels), dtype)


@pytest.mark.parametrize("storage", STORAGE)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_convolution_gives_what_litert_gives(storage: str, seed: int, tmp_path: Path) -> None:
    channels, filters = 3 + seed % 4, 5 + seed % 6
    case = picture(seed, STORAGE[storage], channels)
    kernel = (1 + seed % 5, 1 + (seed * 3) % 4)
    options = window(case)
    stored = weights(case, storage, (filters, *kernel, channels), 0)
    y = case.tensor(1, *after(case.shape, kernel, options), filters)
    activation = limit(storage, seed)
    case.writer.add(
        "CONV_2D", [case.x, *stored], y,
        table="Conv2DOptions", FusedActivationFunction=activation, **options,
    )  # fmt: skip
    case.check(tmp_path, y, near=ROUNDED if dynamic(storage) else 2e-5)


# LiteRT refuses dynamic depthwise weights that are not per channel.
@pytest.mark.parametrize("storage", [one for one in STORAGE if one != "dynamic_int8"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_depthwise_convolution_gives_what_litert_gives(
    storage: str, seed: int, tmp_path: Path
) -> None:
    channels, multiplier = 2 + seed % 5, 1 + seed % 3
    case = picture(100 + seed, STORAGE[storage], channels)
    kernel = (2 + seed % 3, 1 + (seed * 3) % 4)
    options = window(case)
    # TFLite's engines support only one stride for both directions here.
    options["StrideW"] = options["StrideH"]
    stored = weights(case, storage, (1, *kernel, channels * multiplier), 3)
    y = case.tensor(1, *after(case.shape, kernel, options), channels * multiplier)
    activation = limit(storage, seed)
    case.writer.add(
        "DEPTHWISE_CONV_2D", [case.x, *stored], y,
        table="DepthwiseConv2DOptions", DepthMultiplier=multiplier,
        FusedActivationFunction=activation, **options,
    )  # fmt: skip
    case.check(tmp_path, y, near=ROUNDED if dynamic(storage) else 2e-5)


@pytest.mark.parametrize("activation", ACTIVATION)
@pytest.mark.parametrize("storage", ["float32", "uint8", "int8_per_channel"])
def test_the_fused_activation_and_the_type_both_limit_a_convolution(
    activation: str, storage: str, tmp_path: Path
) -> None:
    case = picture(7, STORAGE[storage], 8)
    stored = weights(case, storage, (6, 3, 3, 8), 0)
    options = {"Padding": SAME, "StrideH": 1, "StrideW": 1}
    y = case.tensor(1, *after(case.shape, (3, 3), options), 6)
    case.writer.add(
        "CONV_2D", [case.x, *stored], y,
        table="Conv2DOptions", FusedActivationFunction=ACTIVATION[activation], **options,
    )  # fmt: skip
    if case.dtype != "float32":
        # In real values, because stored values cannot exceed their type's range.
        y = case.writer.add("DEQUANTIZE", [y], case.writer.tensor((*case.shape[:3], 6)))
    case.check(tmp_path, case.mixed(y, (*case.shape[:3], 6)))


@pytest.mark.parametrize("sides", [(8, 8), (9, 8), (8, 11), (13, 10)], ids=str)
@pytest.mark.parametrize("kind", ["CONV_2D", "MAX_POOL_2D"])
def test_an_odd_padding_is_added_below_and_on_the_right(
    sides: tuple[int, int], kind: str, tmp_path: Path
) -> None:
    case = Case(3, (1, *sides, 4))
    options = {"Padding": SAME, "StrideH": 2, "StrideW": 2}
    y = case.tensor(1, *after(case.shape, (3, 3), options), 4)
    if kind == "CONV_2D":
        stored = weights(case, "float32", (4, 3, 3, 4), 0)
        case.writer.add(kind, [case.x, *stored], y, table="Conv2DOptions", **options)
    else:
        sizes = {"FilterHeight": 3, "FilterWidth": 3}
        case.writer.add(kind, [case.x], y, table="Pool2DOptions", **sizes, **options)
    case.check(tmp_path, y)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("padding", [SAME, VALID])
def test_an_explicit_padding_is_merged_into_the_convolution(
    dtype: str, padding: int, tmp_path: Path
) -> None:
    case = Case(5, (1, 9, 10, 4), dtype)
    around = case.writer.constant(np.array([[0, 0], [2, 0], [1, 3], [0, 0]], np.int32))
    wider = case.writer.add("PAD", [case.x, around], case.like(1, 11, 14, 4), table="PadOptions")
    stored = weights(case, dtype, (5, 3, 3, 4), 0)
    options = {"Padding": padding, "StrideH": 2, "StrideW": 1}
    y = case.tensor(1, *after((1, 11, 14, 4), (3, 3), options), 5)
    case.writer.add("CONV_2D", [wider, *stored], y, table="Conv2DOptions", **options)
    case.check(tmp_path, y)


@pytest.mark.parametrize("kind", ["MAX_POOL_2D", "AVERAGE_POOL_2D"])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "int8"])
@pytest.mark.parametrize("seed", range(6))
def test_pooling_gives_what_litert_gives(kind: str, dtype: str, seed: int, tmp_path: Path) -> None:
    case = picture(200 + seed, dtype, 5)
    kernel = (1 + seed % 5, 1 + (seed * 2) % 5)
    options = window(case, dilated=False)
    strides = {key: value for key, value in options.items() if not key.startswith("Dilation")}
    y = case.like(1, *after(case.shape, kernel, options), 5)
    case.writer.add(
        kind, [case.x], y,
        table="Pool2DOptions", FilterHeight=kernel[0], FilterWidth=kernel[1], **strides,
    )  # fmt: skip
    # The mean of a few whole numbers is often a half.
    case.check(tmp_path, y, halves=0.2 if kind == "AVERAGE_POOL_2D" else 0)


def test_a_convolution_without_a_bias_is_one_with_zeros(tmp_path: Path) -> None:
    results = []
    for biases in ([], [np.zeros(3, np.float32)]):
        case = Case(11)
        kernel = case.writer.constant(case.real(3, 3, 3, 6))
        y = case.tensor(1, 10, 8, 3)
        case.writer.add(
            "CONV_2D", [case.x, kernel, *map(case.writer.constant, biases)], y,
            table="Conv2DOptions", Padding=VALID, StrideH=1, StrideW=1,
        )  # fmt: skip
        path = tmp_path / "model.tflite"
        path.write_bytes(case.writer.data(y))
        results.append(load("ncnn", path, 1).run(case.picture())[0])
    assert np.ptp(results[0]) > 1
    np.testing.assert_array_equal(*results)
