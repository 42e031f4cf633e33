"""Small videos for tests: frames show their numbers, or something moves."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT, FPS = 320, 240, 10

type Picture = NDArray[np.uint8]

_BITS = 8
_CELL = WIDTH // _BITS


def numbered(number: int) -> Picture:
    """Return a picture whose columns are the bits of a number."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for bit in range(_BITS):
        if number >> bit & 1:
            picture[:, bit * _CELL : (bit + 1) * _CELL] = 255
    return picture


def number_in(frame: av.VideoFrame) -> int:
    """Return the number a picture shows."""
    grey = frame.to_ndarray(format="gray8")
    middle, cell = grey.shape[0] // 2, frame.width // _BITS
    return sum(1 << bit for bit in range(_BITS) if grey[middle, bit * cell + cell // 2] > 127)


def moving(number: int, first: int, last: int) -> Picture:
    """Return a picture in which a square moves from frame `first` up to `last`."""
    picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    left = 12 * (min(max(number, first), last) - first)
    picture[80:140, left : left + 60] = 220
    return picture


def noise(number: int) -> Picture:
    """Return a picture that compresses badly."""
    return np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def write(path: Path, pictures: list[Picture], *, fps: int = FPS) -> Path:
    """Write pictures as a video; returns its path."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "10", "preset": "ultrafast"}
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
