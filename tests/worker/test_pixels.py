from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from av.video.frame import VideoFrame
from porchlight.vision.regions import Region
from porchlight.worker.pixels import Shrinker

from .support import frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

REGION = Region(100, 60, 96, 80)
FORMATS = ["yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "gray", "nv12", "rgb24"]


def colourful(width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """A smooth picture that is different everywhere."""
    rows, columns = np.mgrid[:height, :width]
    planes = [columns * 255 // width, rows * 255 // height, (rows + columns) % 128 + 64]
    return np.stack(planes, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("pixels", FORMATS)
def test_a_region_is_the_same_as_that_part_of_the_whole(pixels: str) -> None:
    whole = VideoFrame.from_ndarray(colourful(), format="rgb24").reformat(format=pixels)
    shrinker = Shrinker()
    piece = shrinker.cut(whole, REGION)
    assert (piece.width, piece.height) == (REGION.width, REGION.height)
    got = shrinker.rgb(piece, REGION.width, REGION.height).astype(int)
    wanted = whole.to_ndarray(format="rgb24").astype(int)[
        REGION.y : REGION.y + REGION.height, REGION.x : REGION.x + REGION.width
    ]
    assert np.abs(got - wanted).mean() < 2


@pytest.mark.parametrize("size", [(321, 241), (178, 100), (175, 99)])
def test_frames_of_odd_sizes_are_cut_too(size: tuple[int, int]) -> None:
    whole = VideoFrame.from_ndarray(colourful(*size), format="rgb24").reformat(format="yuv420p")
    region = Region(20, 10, 64, 48)
    piece = Shrinker().cut(whole, region)
    got = piece.to_ndarray(format="rgb24").astype(int)
    wanted = whole.to_ndarray(format="rgb24").astype(int)[10:58, 20:84]
    assert np.abs(got - wanted).mean() < 2


def test_the_whole_frame_is_not_copied() -> None:
    whole = frame()
    assert Shrinker().cut(whole, Region(0, 0, whole.width, whole.height)) is whole


def test_a_cut_leaves_the_frame_as_it_was() -> None:
    whole = frame()
    before = whole.to_ndarray()
    Shrinker().cut(whole, REGION)
    assert (whole.to_ndarray() == before).all()


def test_a_small_region_is_enlarged() -> None:
    shrinker = Shrinker()
    piece = shrinker.cut(frame(), Region(0, 0, 64, 48))
    assert shrinker.rgb(piece, 416, 312).shape == (312, 416, 3)
