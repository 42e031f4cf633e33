"""The motion gate: whether anything moved, from small grey pictures."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import Pixels

# The gate looks at pictures of this size, whatever the camera sends.
WIDTH, HEIGHT = 160, 90
# Grey levels a pixel must differ by, on top of three times its own usual unrest.
STEP = 12.0
UNREST_FACTOR = 3.0
# Changed pixels of a 3x3 neighbourhood that make its middle more than noise.
NEIGHBOURS = 5
# Changed pixels that are motion: a person about 60 pixels high in 720p.
FEWEST_PIXELS = 6
# A change of this share of the picture is a new scene (infrared switch, lights, a knock).
NEW_SCENE = 0.6
# Looks back over which something must also have changed: what stands where someone left does not.
RECENT = 3
# Seconds over which the background follows what stays.
BACKGROUND_SECONDS = 8.0
UNREST_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Motion:
    """What the gate saw: the share of the picture that changed, and what that means."""

    share: float
    moving: bool
    new_scene: bool = False


class MotionGate:
    """Compares each small grey picture with a slowly following background."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._unrest = np.zeros((HEIGHT, WIDTH), np.float32)
        self._recent: deque[NDArray[np.float32]] = deque(maxlen=RECENT)
        self._at = 0.0

    def update(self, grey: Pixels, at: float) -> Motion:
        """Judge one picture (HEIGHT, WIDTH) taken at `at` seconds."""
        picture = grey.astype(np.float32)
        background = self._background
        if background is None:
            return self._start(picture, at)
        distance = _distance(picture, background)
        changed = _without_specks(distance > STEP + UNREST_FACTOR * self._unrest)
        share = float(changed.mean())
        if share > NEW_SCENE:
            return self._start(picture, at, new_scene=True)
        moved = _without_specks(changed & (_distance(picture, self._recent[0]) > STEP))
        self._recent.append(picture)
        self._follow(background, picture, distance, changed, at)
        return Motion(share, moving=int(moved.sum()) >= FEWEST_PIXELS)

    def _start(self, picture: NDArray[np.float32], at: float, *, new_scene: bool = False) -> Motion:
        self._background = picture.copy()
        self._recent.clear()
        self._recent.append(picture)
        self._unrest.fill(0)
        self._at = at
        return Motion(1.0 if new_scene else 0.0, moving=False, new_scene=new_scene)

    def _follow(
        self,
        background: NDArray[np.float32],
        picture: NDArray[np.float32],
        distance: NDArray[np.float32],
        changed: NDArray[np.bool_],
        at: float,
    ) -> None:
        elapsed = max(0.0, at - self._at)
        self._at = at
        # What moves is taken over four times as slowly, or a slow walker would become background.
        rate = np.where(changed, 0.25, 1.0) * (1 - np.exp(-elapsed / BACKGROUND_SECONDS))
        background += rate.astype(np.float32) * (picture - background)
        rate = np.where(changed, 0.25, 1.0) * (1 - np.exp(-elapsed / UNREST_SECONDS))
        self._unrest += rate.astype(np.float32) * (np.minimum(distance, 40) - self._unrest)


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each pixel differs beyond what all do: exposure steps move all alike."""
    difference = one - other
    result: NDArray[np.float32] = np.abs(difference - np.median(difference))
    return result


def _without_specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only the pixels most of whose 3x3 neighbourhood changed too."""
    padded = np.pad(mask, 1).astype(np.uint8)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    counts = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    result: NDArray[np.bool_] = mask & (counts >= NEIGHBOURS)
    return result
