"""Separates people from pictures, coats and statues: by whether they ever move."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .geometry import as_array, iou
from .types import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .types import Detection

# A sign of life: this share of a box's pixels moves, or it has moved by this share of its height.
PIXELS = 0.04
DISTANCE = 0.2
# Looks with a sign of life that are needed: usually, and after STILL_LOOKS without one.
LOOKS_TO_LIVE = 2
LOOKS_AFTER_STILLNESS = 6
LOOKS_KEPT = 8
STILL_LOOKS = 5
# After so many looks without life, a person counts as standing still.
LOOKS_TO_STAND = 3
# Seconds without a sign of life after which a track is furniture: one that never was a person, and
# one that was.
NEVER_A_PERSON = 60.0
NO_LONGER_A_PERSON = 900.0
# A detection that overlaps a piece of furniture by this much is that piece.
SAME_PIECE = 0.6
# Looks at a piece's place without detecting it after which it is gone.
LOOKS_TO_FORGET = 50
MOST_PIECES = 20


class Life:
    """The signs of life of one track."""

    def __init__(self, box: Box, at: float, *, known: bool = False) -> None:
        """`known`: it is already known to be alive."""
        self._known = known
        self._anchor = box
        self._signs: deque[bool] = deque(maxlen=LOOKS_KEPT)
        self._still = 0
        self._settled = False
        self.last_sign = at

    def note(self, box: Box, activity: float, at: float) -> None:
        """Record where it is now, and the share of its pixels that move."""
        (x, y), (was_x, was_y) = box.centre, self._anchor.centre
        height = max(box.height, 1e-6)
        gone = max(abs(x - was_x), abs(y - was_y)) >= DISTANCE * height
        if gone:
            self._anchor = box
        sign = gone or activity >= PIXELS
        self._signs.append(sign)
        if sign:
            self.last_sign, self._still = at, 0
        else:
            self._still += 1
            self._settled = self._settled or self._still >= STILL_LOOKS

    @property
    def standing(self) -> bool:
        """Whether it has stood still for some looks."""
        return self._still >= LOOKS_TO_STAND

    @property
    def shown(self) -> bool:
        """Whether it is alive; after standing still it must move for longer."""
        needed = LOOKS_AFTER_STILLNESS if self._settled else LOOKS_TO_LIVE
        return self._known or sum(self._signs) >= needed


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of furniture that the detector takes for a person."""

    box: Box
    missed: int = 0


class Furniture:
    """The furniture in one camera's picture."""

    def __init__(self, pieces: Sequence[Piece] = ()) -> None:
        self.pieces = tuple(pieces)

    def add(self, box: Box) -> None:
        """Remember an object that is not a person."""
        others = [piece for piece in self.pieces if not _same(piece.box, box)]
        self.pieces = (*others, Piece(box))[-MOST_PIECES:]

    def among(self, detections: Sequence[Detection]) -> set[int]:
        """The indices of those detections that are furniture."""
        return {
            index
            for index, detection in enumerate(detections)
            if any(_same(piece.box, detection.box) for piece in self.pieces)
        }

    def looked(self, detections: Sequence[Detection], regions: Sequence[Box]) -> None:
        """Process the detections in regions of the frame: pieces may be gone."""
        kept = []
        for piece in self.pieces:
            if any(_same(piece.box, detection.box) for detection in detections):
                kept.append(replace(piece, missed=0))
            elif any(region.covers(piece.box) for region in regions):
                if piece.missed + 1 < LOOKS_TO_FORGET:
                    kept.append(replace(piece, missed=piece.missed + 1))
            else:
                kept.append(piece)
        self.pieces = tuple(kept)


def _same(one: Box, other: Box) -> bool:
    return float(iou(as_array([one]), as_array([other]))[0, 0]) >= SAME_PIECE
