"""Cutting things out of pictures and clips."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2", reason="OpenCV is in the environment of the benchmark only")

from bench.cutting import SIDE, car, grabbed, softened


def place() -> np.ndarray:
    """A textured gray ground."""
    draw = np.random.default_rng(1)
    return draw.integers(90, 110, (200, 300, 3)).astype(np.float32)


def test_the_car_that_is_wholly_on_a_frame_is_cut_out_as_bright_as_in_the_empty_place() -> None:
    frame = place()
    frame[:, 200:] = (0, 0, 200)
    frame[60:120, 50:130] = (200, 0, 0)
    # A window through which the ground's color is seen.
    frame[75:95, 75:95] = place()[75:95, 75:95]
    darker = (frame * 0.8).astype(np.uint8)
    cut = car(darker, place())
    opaque = cut[cut[:, :, 3] > 250]
    assert cut.shape[:2] == pytest.approx((SIDE * 60 / 80, SIDE), abs=8)
    assert np.median(opaque[:, :3], axis=0) == pytest.approx((200, 0, 0), abs=4)
    assert len(opaque) > 0.85 * cut.shape[0] * cut.shape[1]


def test_what_the_border_cuts_is_no_car() -> None:
    frame = place()
    frame[60:120, :80] = (200, 0, 0)
    with pytest.raises(ValueError, match="wholly"):
        car(frame.astype(np.uint8), place())


def test_what_is_in_a_box_is_cut_out_of_its_background() -> None:
    picture = place().astype(np.uint8)
    rows, columns = np.mgrid[:200, :300]
    round_ = (rows - 100) ** 2 + (columns - 150) ** 2 < 50**2
    picture[round_] = (30, 160, 30)
    cut = grabbed(picture, (99.0, 49.0, 201.0, 151.0))
    assert cut.shape[:2] == pytest.approx((SIDE, SIDE), abs=8)
    share = (cut[:, :, 3] > 127).mean()
    assert share == pytest.approx(np.pi / 4, abs=0.06)
    assert cut[SIDE // 2, SIDE // 2].tolist() == pytest.approx([30, 160, 30, 255], abs=3)


def test_small_holes_are_filled_and_gaps_between_legs_are_not() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[10:90, 10:90] = 1
    mask[20:23, 20:23] = 0
    mask[50:90, 40:60] = 0
    mask[88:90, 40:60] = 1
    opacity = softened(mask)
    assert opacity[21, 21] == 255
    assert opacity[70, 50] == 0
    assert opacity[:8].max() == 0


def test_of_several_parts_only_the_largest_stays() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[10:60, 10:60] = 1
    mask[80:90, 80:90] = 1
    assert softened(mask)[85, 85] == 0
