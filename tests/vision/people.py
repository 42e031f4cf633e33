"""Made-up people and pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from porchlight.vision.motion import HEIGHT, WIDTH
from porchlight.vision.types import Box, Detection

type Grey = NDArray[np.uint8]

GOOD = 0.8


def box(x: float, y: float = 0.5, width: float = 0.1, height: float = 0.3) -> Box:
    """A box around a center."""
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def person(x: float = 0.5, y: float = 0.5, score: float = GOOD, **size: float) -> Detection:
    return Detection(box(x, y, **size), score)


def grey(level: int = 100) -> Grey:
    return np.full((HEIGHT, WIDTH), level, np.uint8)


def noisy(generator: np.random.Generator, level: int = 100, spread: float = 4.0) -> Grey:
    picture = generator.normal(level, spread, (HEIGHT, WIDTH))
    return np.clip(picture, 0, 255).astype(np.uint8)


def stirring(where: Box, number: int) -> Grey:
    """The number-th picture of something that moves to and fro in a box."""
    x, y = where.centre
    return with_block(grey(), round(x * WIDTH) - 10 + 8 * (number % 2), round(y * HEIGHT) - 6)


def with_block(picture: Grey, x: int, y: int = 30, *, size: int = 12, level: int = 200) -> Grey:
    """The picture with a bright square at (x, y)."""
    result = picture.copy()
    result[y : y + size, x : x + size] = level
    return result
