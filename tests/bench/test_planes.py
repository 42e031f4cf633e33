"""Putting one picture on another."""

from __future__ import annotations

import numpy as np
import pytest

from bench.planes import GREY, HEIGHT, WIDTH, Patch, Planes, blend, scaled


def grey(level: int = 100) -> Planes:
    planes = Planes.over(np.full((HEIGHT * 3 // 2, WIDTH), GREY, np.uint8))
    planes.y.fill(level)
    return planes


def white(height: int = 10, width: int = 6) -> np.ndarray:
    return np.full((height, width, 4), 255, np.uint8)


def test_planes_are_views_of_one_buffer() -> None:
    planes = grey()
    planes.u.fill(1)
    planes.v.fill(2)
    assert planes.buffer[HEIGHT:].sum() == planes.u.size + 2 * planes.v.size


def test_a_red_picture_has_red_in_its_chroma() -> None:
    planes = Planes.of(np.full((90, 160, 3), (200, 0, 0), np.uint8))
    assert planes.v.mean() > GREY + 50 > GREY > planes.u.mean()


@pytest.mark.parametrize(("opacity", "luma"), [(0, 100), (255, 235), (128, 167)])
def test_a_patch_shows_as_much_as_it_is_opaque(opacity: int, luma: int) -> None:
    planes, patch = grey(), Patch.of(white())
    blend(planes, patch, 20, 30, np.full_like(patch.opacity, opacity))
    assert planes.y[35, 22] == pytest.approx(luma, abs=2)
    assert planes.y[35, 40] == 100


def test_a_patch_beyond_the_border_is_cut_off() -> None:
    planes, patch = grey(), Patch.of(white())
    blend(planes, patch, -4, HEIGHT - 2, patch.opacity)
    changed = np.argwhere(planes.y != 100)
    assert changed.min(axis=0).tolist() == [HEIGHT - 2, 0]
    assert changed.max(axis=0).tolist() == [HEIGHT - 1, 1]


def test_a_patch_at_an_odd_place_is_a_pixel_in() -> None:
    patch = Patch.of(white(), (1, 1))
    assert patch.y.shape == (12, 8)
    assert patch.opacity[0].max() == patch.opacity[:, 0].max() == 0
    assert patch.opacity[1:11, 1:7].min() == 255


def test_a_smaller_cut_out_keeps_its_colour_at_the_edge() -> None:
    figure = np.zeros((40, 40, 4), np.uint8)
    figure[:, 7:33] = (200, 100, 50, 255)
    small = scaled(figure, 10)
    seen = small[small[:, :, 3] > 30]
    assert np.abs(seen[:, :3].astype(int) - (200, 100, 50)).max() <= 8


def test_a_mirrored_cut_out_faces_the_other_way() -> None:
    figure = white()
    figure[:, :3, 0] = 0
    assert (scaled(figure, 10, mirrored=True) == scaled(figure, 10)[:, ::-1]).all()
