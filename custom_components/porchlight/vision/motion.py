"""The motion gate: where something moved, from small gray pictures."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .types import UNKNOWN, Box, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .geometry import Pixels

    type Grey = NDArray[np.float32]
    type Mask = NDArray[np.bool_]

# The size of the gate's pictures, whatever the camera sends, and of their cells, in pixels.
WIDTH, HEIGHT = 320, 180
CELL = 10
ROWS, COLUMNS = HEIGHT // CELL, WIDTH // CELL
# Gray levels by which a pixel must differ, on top of three times its usual change (unrest).
STEP = 8.0
UNREST_FACTOR = 3.0
# Changed pixels in a 3x3 neighborhood without which its middle is noise.
NEIGHBOURS = 5
# Moved pixels in a cell and its neighbors that make the cell count as moving.
FEWEST_PIXELS = 4
# A change of this share of the picture is a new scene (infrared switch, lights, a knock).
NEW_SCENE = 0.6
# A moved pixel also differs from the picture this many before: ground that someone left does not.
RECENT = 3
# Pictures in a row in which something must have moved nearby.
LASTING = 2
# Time constants in seconds: of the background, and of a pixel's unrest.
BACKGROUND_SECONDS = 8.0
UNREST_SECONDS = 20.0
# Around a box, in units of its sides, lies what shows how the light changes.
SURROUNDINGS = 0.5
# Pictures after which the background is known.
SETTLED = 4
# The change of light in the whole picture is measured on every sixth row and column.
SPARSE = 6
DARK = 16.0
SAME_GAIN = 0.02


@dataclass(frozen=True, slots=True)
class Place:
    """Where something moves, and in how many pictures in a row something has moved near there."""

    box: Box
    lasted: int


@dataclass(frozen=True, slots=True)
class Motion:
    """What the gate saw: the share of the picture that changed, and where something moved.

    `places` come largest first. `stirred`: something may have moved; the next picture decides.
    """

    share: float
    places: tuple[Place, ...] = ()
    stirred: bool = False
    new_scene: bool = False

    @property
    def moving(self) -> bool:
        """Whether anything moved."""
        return bool(self.places)


class MotionGate:
    """Compares each small gray picture with a slowly adapting background."""

    def __init__(self) -> None:
        self._background: Grey | None = None
        self._unrest = np.zeros((HEIGHT, WIDTH), np.float32)
        self._recent: deque[Grey] = deque(maxlen=RECENT)
        self._lasted = np.zeros((ROWS, COLUMNS), np.int32)
        self._moved = np.zeros((HEIGHT, WIDTH), np.bool_)
        # The last picture, and the one that it was compared with.
        self._now: Grey | None = None
        self._before: Grey | None = None
        self._pictures = 0
        self._at = 0.0

    def update(self, grey: Pixels, at: float) -> Motion:
        """Process one picture (HEIGHT, WIDTH) taken at `at` seconds."""
        picture = grey.astype(np.float32)
        background = self._background
        if background is None:
            return self._start(picture, at)
        distance = _distance(picture, background)
        changed = _without_specks(distance > STEP + UNREST_FACTOR * self._unrest)
        share = float(changed.mean())
        if share > NEW_SCENE:
            return self._start(picture, at, new_scene=True)
        self._now, self._before = picture, self._recent[0]
        self._moved = changed & (_distance(picture, self._before) > STEP)
        stirred, places = self._places()
        self._recent.append(picture)
        self._follow(background, picture, distance, changed, at)
        return Motion(share, places, stirred=stirred)

    def evidence(self, box: Box) -> Evidence:
        """What the last picture shows in a box."""
        background, now, before = self._background, self._now, self._before
        if background is None or now is None or before is None or self._pictures < SETTLED:
            return UNKNOWN
        rows, columns = _pixels(box)
        outer = _hull((rows, columns), _pixels(box.grown(SURROUNDINGS)))
        around = np.ones((outer[0].stop - outer[0].start, outer[1].stop - outer[1].start), np.bool_)
        around[
            rows.start - outer[0].start : rows.stop - outer[0].start,
            columns.start - outer[1].start : columns.stop - outer[1].start,
        ] = False
        moved = self._moved[outer]
        if moved.any():
            moved = moved & _beyond_light(now[outer], before[outer], around, STEP)
        limit = STEP + UNREST_FACTOR * self._unrest[outer]
        front = _beyond_light(now[outer], background[outer], around, limit)
        motion = float(moved[~around].mean()) - (float(moved[around].mean()) if around.any() else 0)
        return Evidence(max(0.0, motion), float(front[~around].mean()))

    def places_beyond(self, boxes: Iterable[Box]) -> tuple[Place, ...]:
        """Where something moved in the last picture, other than in these boxes."""
        moved, lasted = self._moved.copy(), self._lasted.copy()
        for box in boxes:
            moved[_pixels(box)] = False
        return _clusters(np.where(_stirred(_count_by_cell(moved)), lasted, 0), moved)

    def _places(self) -> tuple[bool, tuple[Place, ...]]:
        stirred = _stirred(_count_by_cell(self._moved))
        # Rain and noise appear somewhere else each time; what really moves stays near.
        self._lasted = np.where(stirred, _most_nearby(self._lasted) + 1, 0)
        return bool(stirred.any()), _clusters(self._lasted, self._moved)

    def _start(self, picture: Grey, at: float, *, new_scene: bool = False) -> Motion:
        self._background = picture.copy()
        self._recent.clear()
        self._recent.append(picture)
        self._now = self._before = picture
        self._lasted.fill(0)
        self._moved.fill(0)
        self._unrest.fill(0)
        self._pictures = 0
        self._at = at
        return Motion(1.0 if new_scene else 0.0, new_scene=new_scene)

    def _follow(
        self, background: Grey, picture: Grey, distance: Grey, changed: Mask, at: float
    ) -> None:
        elapsed = max(0.0, at - self._at)
        self._at = at
        # Moving pixels adapt four times as slowly, or a slow walker would become background.
        slower = np.where(changed, np.float32(0.25), np.float32(1.0))
        rate = np.float32(1 - np.exp(-elapsed / BACKGROUND_SECONDS)) * slower
        background += rate * (picture - background)
        # The first pictures count more, so that the usual unrest is known soon.
        self._pictures += 1
        steady = max(1 - np.exp(-elapsed / UNREST_SECONDS), 1 / (self._pictures + 1))
        rate = np.float32(steady) * slower
        self._unrest += rate * (np.minimum(distance, 40) - self._unrest)


def _distance(one: Grey, other: Grey) -> Grey:
    """How much each pixel differs, less the offset or gain that exposure gives all pixels."""
    moved = _beyond_all(one - other)
    few, few_other = one[::SPARSE, ::SPARSE], other[::SPARSE, ::SPARSE]
    gain = float(np.median((few + DARK) / (few_other + DARK)))
    if abs(gain - 1) < SAME_GAIN:
        return moved
    return np.minimum(moved, _beyond_all(one - other * np.float32(gain)))


def _beyond_all(difference: Grey) -> Grey:
    difference -= np.median(difference[::SPARSE, ::SPARSE])
    return np.abs(difference, out=difference)


def _pixels(box: Box) -> tuple[slice, slice]:
    """The pixels of a box in the gate's picture, at least one."""

    def span(low: float, high: float, length: int) -> slice:
        first = min(max(round(low * length), 0), length - 1)
        return slice(first, min(max(round(high * length), first + 1), length))

    return span(box.y1, box.y2, HEIGHT), span(box.x1, box.x2, WIDTH)


def _hull(one: tuple[slice, slice], other: tuple[slice, slice]) -> tuple[slice, slice]:
    """The least pixels that hold both; a box without size or upside down does not grow."""
    down, across = (
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return down, across


def _beyond_light(now: Grey, before: Grey, around: Mask, limit: Grey | float) -> Mask:
    """The pixels that differ by more than another light explains.

    The light is as in most of what is around, or as in most of the rest, or it has not changed.
    """
    ratio = (now + DARK) / (before + DARK)
    differ: Mask = np.abs(now - before) > limit
    for part in (around, ~around):
        if part.any() and differ.any():
            gain = np.float32(np.median(ratio[part]))
            differ = differ & (np.abs(now + DARK - (before + DARK) * gain) > limit)
    return differ


def _without_specks(mask: Mask) -> Mask:
    """Only the pixels whose 3x3 neighborhood mostly changed, too."""
    if not mask.any():
        return mask
    result: Mask = mask & (_neighbourhood(mask.astype(np.uint8)) >= NEIGHBOURS)
    return result


def _count_by_cell(mask: Mask) -> NDArray[np.int32]:
    cells = mask.reshape(ROWS, CELL, COLUMNS, CELL)
    result: NDArray[np.int32] = cells.sum(axis=(1, 3), dtype=np.int32)
    return result


def _stirred(counts: NDArray[np.int32]) -> Mask:
    """The cells with enough moved pixels, with their neighbors'."""
    result: Mask = (counts > 0) & (_neighbourhood(counts) >= FEWEST_PIXELS)
    return result


def _neighbourhood[Number: np.integer](values: NDArray[Number]) -> NDArray[Number]:
    """Each value's sum with its eight neighbors."""
    padded = np.pad(values, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    result: NDArray[Number] = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return result


def _most_nearby(cells: NDArray[np.int32]) -> NDArray[np.int32]:
    """The largest of each cell and its eight neighbors."""
    padded = np.pad(cells, 1)
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    result: NDArray[np.int32] = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    return result


def _clusters(lasted: NDArray[np.int32], moved: Mask) -> tuple[Place, ...]:
    """Groups of neighboring cells that moved for LASTING pictures, most moved pixels first."""
    left = {(int(row), int(column)) for row, column in np.argwhere(lasted >= LASTING)}
    found: list[tuple[int, Place]] = []
    while left:
        cluster, edge = [], [left.pop()]
        while edge:
            row, column = edge.pop()
            cluster.append((row, column))
            near = left & {(row + y, column + x) for y in (-1, 0, 1) for x in (-1, 0, 1)}
            left -= near
            edge += near
        rows, columns = zip(*cluster, strict=True)
        top, start = min(rows) * CELL, min(columns) * CELL
        part = moved[top : (max(rows) + 1) * CELL, start : (max(columns) + 1) * CELL]
        longest = max(int(lasted[row, column]) for row, column in cluster)
        down, across = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        box = Box(
            (start + int(across[0])) / WIDTH,
            (top + int(down[0])) / HEIGHT,
            (start + int(across[-1]) + 1) / WIDTH,
            (top + int(down[-1]) + 1) / HEIGHT,
        )
        found.append((int(np.count_nonzero(part)), Place(box, longest)))
    return tuple(place for _, place in sorted(found, key=lambda one: -one[0]))
