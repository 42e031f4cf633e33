"""How soon to look again where something moves and no person was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from .motion import Place
    from .types import Box

ROWS, COLUMNS = 9, 16
# Seconds until the next look, by the number of futile looks; the last one repeats.
INTERVALS = np.array([0.2] * 4 + [0.5] * 8 + [1.0])
# Rain, snow and insects move briefly in ever new places. While there are on average this many such
# places at once, only places that moved for LASTING pictures are looked at.
SHOWER = 1.0
LASTING = 4
SHOWER_RATE = 0.04
# Seconds without motion after which a place's futile looks are forgotten.
FORGET = 20.0


class Patience:
    """Counts futile looks by place, so that leaves in the wind are soon looked at less."""

    def __init__(self) -> None:
        self._futile = np.zeros((ROWS, COLUMNS), np.int32)
        self._moved_at = np.full((ROWS, COLUMNS), -np.inf)
        self._looked_at = np.full((ROWS, COLUMNS), -np.inf)
        self._fleeting = 0.0

    def moved(self, places: Sequence[Place], at: float) -> None:
        """Record the places in which the motion gate's next picture shows motion."""
        fleeting = sum(place.lasted < LASTING for place in places)
        self._fleeting += SHOWER_RATE * (fleeting - self._fleeting)
        for place in places:
            cells = _cells(place.box)
            self._futile[cells][at - self._moved_at[cells] > FORGET] = 0
            self._moved_at[cells] = at

    def looked(self, regions: Iterable[Box], people: Iterable[Box], at: float) -> None:
        """Record the regions that were analyzed, and the people found there."""
        looked = self._mask(regions)
        self._looked_at[looked] = at
        self._futile[looked & (self._moved_at >= at - 1)] += 1
        self._futile[self._mask(people)] = 0

    def due(self, place: Place, pace: float = 1.0) -> float:
        """When a place in which something moves should be looked at next; inf if not yet."""
        cells = _cells(place.box)
        if place.lasted < LASTING and self._fleeting >= SHOWER:
            return np.inf
        futile = np.minimum(self._futile[cells], len(INTERVALS) - 1)
        return float((self._looked_at[cells] + INTERVALS[futile] / pace).min())

    @staticmethod
    def _mask(boxes: Iterable[Box]) -> NDArray[np.bool_]:
        mask = np.zeros((ROWS, COLUMNS), np.bool_)
        for box in boxes:
            mask[_cells(box)] = True
        return mask


def _cells(box: Box) -> tuple[slice, slice]:
    """The cells that a box touches, at least one."""

    def span(low: float, high: float, number: int) -> slice:
        first = min(max(int(low * number), 0), number - 1)
        return slice(first, min(max(int(np.ceil(high * number)), first + 1), number))

    return span(box.y1, box.y2, ROWS), span(box.x1, box.x2, COLUMNS)
