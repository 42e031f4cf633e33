"""Made-up people and pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from porchlight.vision.motion import HEIGHT, WIDTH
from porchlight.vision.types import Box, Detection, Evidence

type Grey = NDArray[np.uint8]

GOOD = 0.8
# Someone who moves, someone who stands before the background, and the background itself.
MOVING, STANDING, BACKGROUND = Evidence(0.3, 0.6), Evidence(0.0, 0.6), Evidence(0.0, 0.0)


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


def painted(*people: Detection, picture: Grey | None = None) -> Grey:
    """The gate's picture of people at these boxes; each looks the same wherever they are."""
    result = grey() if picture is None else picture.copy()
    for one in people:
        x1, x2 = (min(max(round(edge * WIDTH), 0), WIDTH) for edge in (one.box.x1, one.box.x2))
        y1, y2 = (min(max(round(edge * HEIGHT), 0), HEIGHT) for edge in (one.box.y1, one.box.y2))
        part = result[y1:y2, x1:x2]
        rows, columns = np.indices(part.shape)
        part[:] = np.where((rows // 4 + columns // 3) % 2, 220, 20)
    return result


def stirring(where: Box, number: int) -> Grey:
    """The number-th picture of something that moves to and fro in a box."""
    x, y = where.centre
    return with_block(grey(), round(x * WIDTH) - 10 + 8 * (number % 2), round(y * HEIGHT) - 6)


def with_block(picture: Grey, x: int, y: int = 30, *, size: int = 12, level: int = 200) -> Grey:
    """The picture with a bright square at (x, y)."""
    result = picture.copy()
    result[y : y + size, x : x + size] = level
    return result
