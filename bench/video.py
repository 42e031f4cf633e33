"""Footage as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

from tests.footage import HALLWAY_SECONDS, HALLWAY_WALKS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

type Pixels = NDArray[np.uint8]
# Frames a second of the hallway's footage, and so of people's steps.
RATE = 10.0


def pictures(path: Path) -> list[Pixels]:
    """Every frame of a clip as (height, width, 3), red, green and blue."""
    with av.open(str(path)) as container:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
        ]


def empty_hallway(frames: Sequence[Pixels]) -> Pixels:
    """The hallway without anybody: the median of frames from between the walks."""
    busy = [(walk.visible - 0.5, walk.gone + 0.5) for walk in HALLWAY_WALKS]
    quiet = [
        frames[index]
        for index in range(0, round(HALLWAY_SECONDS * RATE), 4)
        if not any(first <= index / RATE <= last for first, last in busy)
    ]
    return np.asarray(np.median(np.stack(quiet), axis=0), np.uint8)
