"""Remembers what looks like a person at one place and is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .geometry import overlap
from .life import NEVER_A_PERSON
from .types import Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .types import Detection, Evidence

# A detection that overlaps a piece of furniture by this much is that piece, unless more of it than
# this is in front of the background: then it is someone before the piece.
SAME_PIECE = 0.6
SOMEONE = 0.3
# Sightings in one place, over NEVER_A_PERSON seconds, that make a piece: the detector sees some of
# them only now and then.
SIGHTINGS = 8
# Looks at a piece's place without detecting it after which it is gone.
LOOKS_TO_FORGET = 50
MOST_PIECES = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of furniture that the detector takes for a person."""

    box: Box
    missed: int = 0


@dataclass(frozen=True, slots=True)
class _Suspect:
    """What was seen in a place as a part of the background: perhaps a piece of furniture."""

    box: Box
    first: float
    sightings: int = 1
    missed: int = 0


class Furniture:
    """The furniture in one camera's picture."""

    def __init__(self, pieces: Sequence[Piece] = ()) -> None:
        self.pieces = tuple(pieces)
        self._suspects: list[_Suspect] = []

    def add(self, box: Box) -> None:
        """Remember an object that is not a person."""
        others = [piece for piece in self.pieces if not _same(piece.box, box)]
        self.pieces = (*others, Piece(box))[-MOST_PIECES:]

    def among(self, detections: Sequence[Detection], shown: Sequence[Evidence]) -> set[int]:
        """The indices of those that are furniture; `shown`: what their boxes show."""
        return {
            index
            for index, (detection, evidence) in enumerate(zip(detections, shown, strict=True))
            if evidence.foreground < SOMEONE
            and any(_same(piece.box, detection.box) for piece in self.pieces)
        }

    def suspect(self, boxes: Iterable[Box], at: float) -> None:
        """Record what is seen as a part of the background, and is not a person who stands there."""
        for box in boxes:
            for index, one in enumerate(self._suspects):
                if _same(one.box, box):
                    self._suspects[index] = replace(
                        one, box=box, sightings=one.sightings + 1, missed=0
                    )
                    break
            else:
                self._suspects = [*self._suspects, _Suspect(box, at)][-MOST_PIECES:]
        for one in self._suspects:
            if one.sightings >= SIGHTINGS and at - one.first >= NEVER_A_PERSON:
                self.add(one.box)
        self._suspects = [
            one
            for one in self._suspects
            if not any(_same(one.box, piece.box) for piece in self.pieces)
        ]

    def looked(self, detections: Sequence[Detection], regions: Sequence[Box]) -> None:
        """Process the detections in regions of the frame: pieces may be gone."""
        seen = [detection.box for detection in detections]
        pieces = (_after_look(one, seen, regions) for one in self.pieces)
        self.pieces = tuple(one for one in pieces if one.missed < LOOKS_TO_FORGET)
        suspects = (_after_look(one, seen, regions) for one in self._suspects)
        self._suspects = [one for one in suspects if one.missed < LOOKS_TO_FORGET]


def _after_look[One: (Piece, _Suspect)](
    one: One, seen: Sequence[Box], regions: Sequence[Box]
) -> One:
    """The same after a look at regions, in which these boxes were seen."""
    if any(_same(one.box, box) for box in seen):
        return replace(one, missed=0)
    if any(region.covers(one.box) for region in regions):
        return replace(one, missed=one.missed + 1)
    return one


def _same(one: Box, other: Box) -> bool:
    return overlap(one, other) >= SAME_PIECE
