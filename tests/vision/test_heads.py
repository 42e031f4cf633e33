from __future__ import annotations

import warnings
from math import exp, log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from porchlight.vision.errors import UnsupportedModelError
from porchlight.vision.geometry import Letterbox
from porchlight.vision.heads import (
    MOST_PEOPLE,
    SCORE_FLOOR,
    SsdHead,
    YoloxHead,
    recognise,
)
from porchlight.vision.types import Detection, TensorSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 416
WHOLE = Letterbox.fit(SIDE, SIDE, SIDE)
CELLS = 52 * 52 + 26 * 26 + 13 * 13


def yolox(cells: dict[int, tuple[float, ...]], fields: int = 85) -> list[NDArray[np.float32]]:
    """A YOLOX tensor with these cells: x, y, log width, log height, object, person, others."""
    tensor = np.zeros((1, CELLS, fields), np.float32)
    for index, values in cells.items():
        tensor[0, index, : len(values)] = values
    return [tensor]


def ssd(
    *rows: tuple[float, ...], count: float | None = None, slots: int = 10
) -> list[NDArray[np.float32]]:
    """SSD tensors with these rows: ymin, xmin, ymax, xmax, class, score."""
    table = np.zeros((slots, 6), np.float32)
    table[: len(rows)] = np.array(rows, np.float32).reshape(-1, 6)
    number = np.array([len(rows) if count is None else count], np.float32)
    return [table[None, :, :4], table[None, :, 4], table[None, :, 5], number]


def pixels(found: Detection, side: int = SIDE) -> list[float]:
    box = found.box
    return [edge * side for edge in (box.x1, box.y1, box.x2, box.y2)]


@pytest.mark.parametrize(
    ("index", "centre", "stride"),
    [
        # Rows of 52 cells, 8 pixels each: cell 52*3+5 is column 5 of row 3.
        (52 * 3 + 5, ((5 + 0.5) * 8, (3 + 0.25) * 8), 8),
        (52 * 52 + 26 * 10 + 20, ((20 + 0.5) * 16, (10 + 0.25) * 16), 16),
        (52 * 52 + 26 * 26 + 13 * 6 + 7, ((7 + 0.5) * 32, (6 + 0.25) * 32), 32),
    ],
)
def test_a_yolox_cell_is_decoded_by_its_place_in_its_grid(
    index: int, centre: tuple[float, float], stride: int
) -> None:
    width, height = 3 * stride, 5 * stride
    cell = (0.5, 0.25, log(3), log(5), 0.9, 0.8)
    (found,) = YoloxHead(SIDE).people(yolox({index: cell}), WHOLE)
    x, y = centre
    expected = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    assert pixels(found) == pytest.approx([max(0, edge) for edge in expected], abs=0.01)
    assert found.score == pytest.approx(0.72)


def test_a_yolox_score_is_the_object_score_times_the_person_score() -> None:
    head = YoloxHead(SIDE)
    weak = (0.5, 0.5, 1.0, 1.0, 0.5, SCORE_FLOOR * 2 - 0.01)
    enough = (0.5, 0.5, 1.0, 1.0, 0.5, SCORE_FLOOR * 2 + 0.01)
    assert head.people(yolox({1500: weak}), WHOLE) == ()
    assert len(head.people(yolox({1500: enough}), WHOLE)) == 1


def test_other_classes_than_person_are_dropped() -> None:
    car = (0.5, 0.5, 1.0, 1.0, 0.9, 0.1, 0.0, 0.99)
    assert YoloxHead(SIDE).people(yolox({1500: car}), WHOLE) == ()


def test_a_person_only_yolox_is_read_too() -> None:
    tensor = np.zeros((1, 24 * 24 + 12 * 12 + 6 * 6, 6), np.float32)
    tensor[0, 24 * 2 + 4] = (0.5, 0.5, 0.0, log(2), 0.9, 0.9)
    (found,) = YoloxHead(192).people([tensor], Letterbox.fit(192, 192, 192))
    assert pixels(found, 192) == pytest.approx([32, 12, 40, 28], abs=0.01)


def test_the_same_person_in_two_cells_is_one_detection() -> None:
    one = (0.5, 0.5, log(20), log(40), 0.9, 0.9)
    other = (-0.4, 0.5, log(20), log(40), 0.9, 0.8)
    middle = 52 * 26 + 26
    (found,) = YoloxHead(SIDE).people(yolox({middle: one, middle + 1: other}), WHOLE)
    assert found.score == pytest.approx(0.81)


def test_a_yolox_input_is_bgr_planes_with_raw_levels_on_grey_114() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 1] = (10, 20, 255)
    tensor = YoloxHead(64).feed(picture)
    assert tensor.shape == (1, 3, 64, 64)
    assert tensor.dtype == np.float32
    assert tensor.flags["C_CONTIGUOUS"]
    assert tensor[0, :, 0, 1].tolist() == [255, 20, 10]
    assert tensor[0, :, 1, 2].tolist() == [0, 0, 0]
    assert (tensor[0, :, 2:, :] == 114).all()
    assert (tensor[0, :, :, 3:] == 114).all()


def test_an_ssd_input_is_rgb_bytes_on_grey_128() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 1] = (10, 20, 255)
    tensor = SsdHead(300).feed(picture)
    assert tensor.shape == (1, 300, 300, 3)
    assert tensor.dtype == np.uint8
    assert tensor[0, 0, 1].tolist() == [10, 20, 255]
    assert (tensor[0, 2:] == 128).all()
    assert (tensor[0, :, 3:] == 128).all()


def test_an_ssd_box_comes_as_top_left_bottom_right() -> None:
    letterbox = Letterbox.fit(300, 300, 300)
    (found,) = SsdHead(300).people(ssd((0.1, 0.2, 0.5, 0.3, 0, 0.7)), letterbox)
    assert pixels(found, 1) == pytest.approx([0.2, 0.1, 0.3, 0.5])
    assert found.score == pytest.approx(0.7)


def test_an_ssd_box_on_a_wide_frame_is_in_fractions_of_the_frame() -> None:
    letterbox = Letterbox.fit(600, 300, 300)
    (found,) = SsdHead(300).people(ssd((0.1, 0.2, 0.25, 0.3, 0, 0.7)), letterbox)
    assert pixels(found, 1) == pytest.approx([0.2, 0.2, 0.3, 0.5])


def test_only_class_0_is_a_person_in_ssd() -> None:
    rows = [(0.1, 0.1 * i, 0.5, 0.1 * i + 0.05, i, 0.9) for i in range(3)]
    found = SsdHead(300).people(ssd(*rows), Letterbox.fit(300, 300, 300))
    assert [round(one.box.x1, 2) for one in found] == [0]


def test_ssd_slots_beyond_the_count_are_ignored() -> None:
    rows = [(0.1, 0.2 * i, 0.5, 0.2 * i + 0.1, 0, 0.9) for i in range(3)]
    letterbox = Letterbox.fit(300, 300, 300)
    assert len(SsdHead(300).people(ssd(*rows, count=2), letterbox)) == 2
    assert SsdHead(300).people(ssd(*rows, count=0), letterbox) == ()


@pytest.mark.parametrize("count", [float("nan"), float("inf"), -3.0, 1e30])
def test_an_absurd_ssd_count_is_tolerated(count: float) -> None:
    outputs = ssd((0.1, 0.2, 0.5, 0.3, 0, 0.7), count=count)
    found = SsdHead(300).people(outputs, Letterbox.fit(300, 300, 300))
    assert len(found) <= 1


NASTY = [float("nan"), float("inf"), float("-inf"), 3e38, -3e38, 1e-45]


@pytest.mark.parametrize("value", NASTY)
def test_garbage_in_every_field_is_tolerated(value: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = np.full((1, CELLS, 85), value, np.float32)
        assert len(YoloxHead(SIDE).people([tensor], WHOLE)) <= MOST_PEOPLE
        outputs = [np.full(shape, value, np.float32) for shape in ((1, 10, 4), (1, 10), (1, 10))]
        count = np.array([value], np.float32)
        assert SsdHead(300).people([*outputs, count], WHOLE) == ()


@pytest.mark.parametrize("value", NASTY[:3])
@pytest.mark.parametrize("field", range(4))
def test_a_box_with_an_infinite_edge_is_dropped_and_suppresses_no_other(
    value: float, field: int
) -> None:
    good = (0.5, 0.5, log(9), log(9), 0.9, 0.8)
    bad = [*good[:4], 0.9, 0.9]
    bad[field] = value
    found = YoloxHead(SIDE).people(yolox({1400: good, 1401: tuple(bad)}), WHOLE)
    assert 0.72 in [round(one.score, 2) for one in found]
    # A log size of minus infinity is a box without size; one of plus infinity is only too large.
    assert len(found) == (2 if value > 0 and field >= 2 else 1)


def test_an_absurd_log_size_does_not_overflow() -> None:
    cell = (0.5, 0.5, 500.0, 500.0, 0.9, 0.9)
    (found,) = YoloxHead(SIDE).people(yolox({1400: cell}), WHOLE)
    assert pixels(found) == pytest.approx([0, 0, SIDE, SIDE])
    _, (_, _, right, _) = 0, YoloxHead(SIDE).read(yolox({0: cell}))[0][0]
    assert right == pytest.approx(4 + exp(8) * 4)


def test_scores_above_one_count_as_one() -> None:
    cell = (0.5, 0.5, log(9), log(9), 3.0, 3.0)
    assert [one.score for one in YoloxHead(SIDE).people(yolox({1400: cell}), WHOLE)] == [1.0]


def test_random_tensors_are_tolerated() -> None:
    generator = np.random.default_rng(5)
    for _ in range(20):
        raw = generator.normal(0, 100, (1, CELLS, 6)).astype(np.float32)
        found = YoloxHead(SIDE).people([raw], WHOLE)
        assert len(found) <= MOST_PEOPLE
        assert all(0 <= one.box.x1 < one.box.x2 <= 1 for one in found)


def spec(*shape: int, dtype: str = "float32") -> TensorSpec:
    return TensorSpec(shape, dtype)


SSD_OUTPUTS = (spec(1, 10, 4), spec(1, 10), spec(1, 10), spec(1))


@pytest.mark.parametrize(
    ("entry", "outputs", "family", "side"),
    [
        (spec(1, 3, 416, 416), (spec(1, 3549, 85),), "yolox", 416),
        (spec(1, 3, 192, 192), (spec(1, 756, 6),), "yolox", 192),
        (spec(1, 300, 300, 3, dtype="uint8"), SSD_OUTPUTS, "ssd", 300),
        (spec(1, 3, 64, 64), (spec(1, 84, 6),), "yolox", 64),
    ],
)
def test_a_detector_is_recognised_by_its_tensors(
    entry: TensorSpec, outputs: tuple[TensorSpec, ...], family: str, side: int
) -> None:
    layout = recognise([entry], outputs)
    assert (layout.family, layout.side) == (family, side)
    assert layout.head().side == side
    assert isinstance(layout.head(), {"yolox": YoloxHead, "ssd": SsdHead}[family])


@pytest.mark.parametrize(
    ("entry", "outputs"),
    [
        pytest.param(spec(1, 3, 416, 416, dtype="int8"), [spec(1, 3549, 85)], id="quantized"),
        pytest.param(spec(1, 3, 416, 320), [spec(1, 2730, 85)], id="not square"),
        pytest.param(spec(1, 416, 416, 3), [spec(1, 3549, 85)], id="channels last"),
        pytest.param(spec(1, 3, 416, 416), [spec(1, 3548, 85)], id="a cell less"),
        pytest.param(spec(1, 3, 416, 416), [spec(1, 3549, 5)], id="no classes"),
        pytest.param(spec(1, 3, 416, 416), [spec(1, 3549, 85)] * 2, id="two outputs"),
        pytest.param(spec(2, 3, 416, 416), [spec(2, 3549, 85)], id="a batch of two"),
        pytest.param(spec(1, 3, 32, 32), [spec(1, 21, 85)], id="too small"),
        pytest.param(spec(1, 3, 2048, 2048), [spec(1, 86016, 85)], id="too large"),
        pytest.param(spec(1, 300, 300, 3), SSD_OUTPUTS, id="float SSD"),
        pytest.param(spec(1, 300, 200, 3, dtype="uint8"), SSD_OUTPUTS, id="SSD not square"),
        pytest.param(spec(1, 300, 300, 3, dtype="uint8"), SSD_OUTPUTS[:3], id="no count"),
        pytest.param(
            spec(1, 300, 300, 3, dtype="uint8"),
            [spec(1, 10, 4), spec(1, 9), spec(1, 10), spec(1)],
            id="lists of different lengths",
        ),
        pytest.param(spec(1, 300, 300, 3, dtype="uint8"), [], id="no outputs"),
        pytest.param(spec(), [spec()], id="no shapes"),
    ],
)
def test_a_model_that_is_not_a_detector_is_refused_naming_its_tensors(
    entry: TensorSpec, outputs: list[TensorSpec]
) -> None:
    with pytest.raises(UnsupportedModelError, match="neither YOLOX nor SSD") as caught:
        recognise([entry], outputs)
    assert f"{entry.dtype}{list(entry.shape)}" in str(caught.value)


@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_detector_has_one_input(number: int) -> None:
    # An LSTM detector feeds its state back through further inputs.
    with pytest.raises(UnsupportedModelError, match=f"it has {number} inputs"):
        recognise([spec(1, 320, 320, 3, dtype="uint8")] * number, SSD_OUTPUTS)
