from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from .cases import ACTIVATION, PIXELS, RESULTS, Case
from .writer import Quant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# At the ends of a model, numpy may compute an operator; in the middle, ncnn must. After a
# convolution, ncnn has the axes in another order.
PLACES = ["alone", "inside"]
TYPES = ["float32", "uint8", "int8"]


def placed(case: Case, place: str, add: Callable[[int], int], shape: tuple[int, ...]) -> int:
    """A float model with the operator that `add` adds at a place, with a result of this shape."""
    if place == "alone":
        return add(case.x)
    return case.doubled(add(case.mixed(case.x, case.shape)), shape)


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("activation", ACTIVATION)
def test_arithmetic_of_two_results_gives_what_litert_gives(
    kind: str, dtype: str, activation: str, tmp_path: Path
) -> None:
    case = Case(1, dtype=dtype)
    pooled = case.writer.add(
        "MAX_POOL_2D", [case.x], case.like(*case.shape),
        table="Pool2DOptions", FilterHeight=3, FilterWidth=3, StrideH=1, StrideW=1,
    )  # fmt: skip
    y = case.tensor(*case.shape)
    case.writer.add(
        kind, [case.x, pooled], y,
        table=f"{kind.title()}Options", FusedActivationFunction=ACTIVATION[activation],
    )  # fmt: skip
    # The sum of two values is sometimes exactly half of the result's step.
    case.check(tmp_path, y, halves=0.02)


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("shape", [(1,), (6,), (1, 1, 1, 6), (1, 12, 10, 6)], ids=str)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("first", [True, False], ids=["constant first", "constant second"])
def test_arithmetic_with_a_constant_gives_what_litert_gives(
    kind: str, shape: tuple[int, ...], place: str, first: bool, tmp_path: Path
) -> None:
    case = Case(2)
    constant = case.writer.constant(case.real(*shape, scale=3))

    def add(x: int) -> int:
        pair = [constant, x] if first else [x, constant]
        y = case.tensor(*case.shape)
        return case.writer.add(kind, pair, y, table=f"{kind.title()}Options")

    case.check(tmp_path, placed(case, place, add, case.shape))


@pytest.mark.parametrize("dtype", TYPES)
def test_a_logistic_gives_what_litert_gives(dtype: str, tmp_path: Path) -> None:
    case = Case(3, dtype=dtype)
    fixed = Quant(scale=(1 / 256,), zero=(0 if dtype == "uint8" else -128,))
    y = case.tensor(*case.shape, quant=None if dtype == "float32" else fixed)
    pooled = case.writer.add(
        "MAX_POOL_2D", [case.x], case.like(*case.shape),
        table="Pool2DOptions", FilterHeight=1, FilterWidth=1, StrideH=1, StrideW=1,
    )  # fmt: skip
    case.writer.add("LOGISTIC", [pooled], y)
    case.check(tmp_path, y)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shared", [False, True], ids=["only to multiply", "for more"])
def test_a_value_times_its_logistic_gives_what_litert_gives(
    dtype: str, shared: bool, tmp_path: Path
) -> None:
    case = Case(4, dtype=dtype)
    fixed = Quant(scale=(1 / 256,), zero=(0 if dtype == "uint8" else -128,))
    gate = case.tensor(*case.shape, quant=None if dtype == "float32" else fixed)
    case.writer.add("LOGISTIC", [case.x], gate)
    y = case.tensor(*case.shape)
    case.writer.add("MUL", [gate, case.x], y, table="MulOptions")
    case.check(tmp_path, *([gate, y] if shared else [y]), halves=0.01)


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
@pytest.mark.parametrize("place", PLACES)
def test_a_concatenation_gives_what_litert_gives(axis: int, place: str, tmp_path: Path) -> None:
    case = Case(5)
    shape = list(case.shape)
    shape[axis] *= 2

    def add(x: int) -> int:
        flipped = case.writer.constant(np.array([0, 1, 2, 3], np.int32))
        other = case.writer.add("TRANSPOSE", [x, flipped], case.tensor(*case.shape))
        other = case.doubled(other, case.shape)
        return case.writer.add(
            "CONCATENATION", [x, other], case.tensor(*shape),
            table="ConcatenationOptions", Axis=axis,
        )  # fmt: skip

    case.check(tmp_path, placed(case, place, add, tuple(shape)))


@pytest.mark.parametrize("inside", [True, False])
def test_a_concatenation_brings_its_parts_to_one_scale(inside: bool, tmp_path: Path) -> None:
    case = Case(6, dtype="uint8")
    finer = Quant(scale=(1 / 256,), zero=(0,))
    gate = case.writer.add("LOGISTIC", [case.x], case.tensor(*case.shape, quant=finer))
    y = case.writer.add(
        "CONCATENATION", [case.x, gate], case.tensor(1, 12, 10, 12),
        table="ConcatenationOptions", Axis=3,
    )  # fmt: skip
    if inside:
        y = case.writer.add(
            "MAX_POOL_2D", [y], case.tensor(1, 6, 5, 12),
            table="Pool2DOptions", FilterHeight=2, FilterWidth=2, StrideH=2, StrideW=2,
        )  # fmt: skip
    case.check(tmp_path, y, halves=0.02)


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
@pytest.mark.parametrize("place", PLACES)
def test_a_transposition_gives_what_litert_gives(
    order: tuple[int, ...], place: str, tmp_path: Path
) -> None:
    case = Case(7)
    shape = tuple(case.shape[axis] for axis in (0, *order))
    axes = case.writer.constant(np.array([0, *order], np.int32))
    y = placed(
        case, place, lambda x: case.writer.add("TRANSPOSE", [x, axes], case.tensor(*shape)), shape
    )
    case.check(tmp_path, y)


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
def test_a_convolution_reads_axes_in_any_order(order: tuple[int, ...], tmp_path: Path) -> None:
    case = Case(8)
    shape = tuple(case.shape[axis] for axis in (0, *order))
    axes = case.writer.constant(np.array([0, *order], np.int32))
    mixed = case.mixed(case.x, case.shape)
    turned = case.writer.add("TRANSPOSE", [mixed, axes], case.tensor(*shape))
    case.check(tmp_path, case.mixed(turned, shape, channels=4))


@pytest.mark.parametrize(
    "shape",
    [(1, 720), (1, 120, 6), (1, 6, 120), (1, 12, 60), (1, 6, 10, 12), (1, 5, 24, 6)],
    ids=str,
)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("turned", [False, True], ids=["as it is", "planes"])
def test_a_reshape_gives_what_litert_gives(
    shape: tuple[int, ...], place: str, turned: bool, tmp_path: Path
) -> None:
    case = Case(9)

    def add(x: int) -> int:
        if turned:
            axes = case.writer.constant(np.array([0, 3, 1, 2], np.int32))
            x = case.writer.add("TRANSPOSE", [x, axes], case.tensor(1, 6, 12, 10))
        wanted = case.writer.constant(np.array([*shape[:-1], -1], np.int32))
        return case.writer.add("RESHAPE", [x, wanted], case.tensor(*shape), table="ReshapeOptions")

    case.check(tmp_path, placed(case, place, add, shape))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("place", PLACES)
def test_a_strided_slice_gives_what_litert_gives(seed: int, place: str, tmp_path: Path) -> None:
    case = Case(300 + seed)
    begins = [0, *(int(case.rng.integers(0, side // 2)) for side in case.shape[1:])]
    # From the end as well, and beyond it.
    ends = [1, -1 - seed % 3, 100, case.shape[3] - seed % 2]
    steps = [1, 1 + seed % 3, 1 + seed // 3, 1]
    begin_mask, end_mask = [0, 2, 4, 8, 6, 0, 14, 15][seed], [15, 0, 4, 8, 2, 14, 0, 3][seed]
    sides = []
    for axis, side in enumerate(case.shape):
        first = None if begin_mask >> axis & 1 else begins[axis]
        last = None if end_mask >> axis & 1 else ends[axis]
        sides.append(len(range(side)[first : last : steps[axis]]))

    def add(x: int) -> int:
        lists = [case.writer.constant(np.array(one, np.int32)) for one in (begins, ends, steps)]
        return case.writer.add(
            "STRIDED_SLICE", [x, *lists], case.tensor(*sides),
            table="StridedSliceOptions", BeginMask=begin_mask, EndMask=end_mask,
        )  # fmt: skip

    case.check(tmp_path, placed(case, place, add, tuple(sides)))


@pytest.mark.parametrize(
    "around",
    [((0, 0), (0, 0), (1, 2)), ((3, 0), (0, 1), (0, 0)), ((1, 1), (2, 2), (2, 1))],
    ids=str,
)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("turned", [False, True], ids=["as it is", "planes"])
def test_padding_gives_what_litert_gives(
    around: tuple[tuple[int, int], ...], place: str, turned: bool, tmp_path: Path
) -> None:
    case = Case(10)
    sides = (1, 6, 12, 10) if turned else case.shape
    pads = ((0, 0), *around)
    shape = tuple(a + side + b for side, (a, b) in zip(sides, pads, strict=True))

    def add(x: int) -> int:
        if turned:
            axes = case.writer.constant(np.array([0, 3, 1, 2], np.int32))
            x = case.writer.add("TRANSPOSE", [x, axes], case.tensor(*sides))
        numbers = case.writer.constant(np.array(pads, np.int32))
        return case.writer.add("PAD", [x, numbers], case.tensor(*shape), table="PadOptions")

    case.check(tmp_path, placed(case, place, add, shape))


def test_max_pooling_of_a_padded_picture_includes_the_zeros(tmp_path: Path) -> None:
    case = Case(12)
    below = case.writer.constant(np.array([-9], np.float32))
    low = case.writer.add("ADD", [case.x, below], case.tensor(*case.shape), table="AddOptions")
    numbers = case.writer.constant(np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    padded = case.writer.add("PAD", [low, numbers], case.tensor(1, 14, 12, 6), table="PadOptions")
    y = case.writer.add(
        "MAX_POOL_2D", [padded], case.tensor(1, 7, 6, 6),
        table="Pool2DOptions", FilterHeight=2, FilterWidth=2, StrideH=2, StrideW=2,
    )  # fmt: skip
    case.check(tmp_path, y)


@pytest.mark.parametrize("sides", [(24, 20), (12, 30), (7, 9), (6, 5)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_resizing_gives_what_litert_gives(
    sides: tuple[int, int], dtype: str, tmp_path: Path
) -> None:
    case = Case(13, dtype=dtype)
    size = case.writer.constant(np.array(sides, np.int32))
    y = case.writer.add(
        "RESIZE_NEAREST_NEIGHBOR", [case.x, size], case.like(1, *sides, 6),
        table="ResizeNearestNeighborOptions",
    )  # fmt: skip
    case.check(tmp_path, y)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize("inside", [True, False])
def test_quantising_gives_what_litert_gives(dtype: str, inside: bool, tmp_path: Path) -> None:
    case = Case(14)
    x = case.mixed(case.x, case.shape) if inside else case.x
    y = case.writer.add("QUANTIZE", [x], case.writer.tensor(case.shape, dtype, RESULTS[dtype]))
    if inside:
        y = case.writer.add("DEQUANTIZE", [y], case.writer.tensor(case.shape))
        y = case.doubled(y, case.shape)
        # A value next to a half may fall on either side of it, a step of twice 0.03 away.
        case.check(tmp_path, y, near=0.011)
    else:
        case.check(tmp_path, y)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize("place", PLACES)
def test_dequantising_gives_what_litert_gives(dtype: str, place: str, tmp_path: Path) -> None:
    case = Case(15, dtype=dtype)
    y = case.writer.add("DEQUANTIZE", [case.x], case.writer.tensor(case.shape))
    if place == "inside":
        y = case.mixed(y, case.shape)
    case.check(tmp_path, y)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "int8"])
def test_an_input_of_any_channels_and_type_is_accepted(
    channels: int, dtype: str, tmp_path: Path
) -> None:
    case = Case(16, (1, 9, 11, channels), dtype)
    y = case.writer.add(
        "MAX_POOL_2D", [case.x], case.writer.tensor((1, 8, 9, channels), dtype, PIXELS[dtype]),
        table="Pool2DOptions", FilterHeight=2, FilterWidth=3, StrideH=1, StrideW=1,
        Padding=1,
    )  # fmt: skip
    case.check(tmp_path, y)
