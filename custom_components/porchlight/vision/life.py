"""Separates people from pictures, coats and statues: by whether they ever move."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import Box, Evidence

# A box has moved if its centre is this far from where it was, in units of its height.
DISTANCE = 0.2
# Looks with a sign of life that are needed: usually, and after STILL_LOOKS without one.
LOOKS_TO_LIVE = 2
LOOKS_AFTER_STILLNESS = 6
LOOKS_KEPT = 8
STILL_LOOKS = 5
# After so many looks without life, a person counts as standing still.
LOOKS_TO_STAND = 3
# Seconds without a sign of life after which a track is furniture: one that never was a person, a
# person who has never walked, and one who has.
NEVER_A_PERSON = 60.0
NEVER_WALKED = 180.0
NO_LONGER_A_PERSON = 900.0
# How far someone who walks gets, in units of their height.
WALKED = 0.6


class Life:
    """The signs of life of one track."""

    def __init__(self, box: Box, at: float, *, known: bool = False) -> None:
        """`known`: it is already known to be alive."""
        self._known = known
        self._start = self._anchor = box
        self._signs: deque[bool] = deque(maxlen=LOOKS_KEPT)
        self._still = 0
        self._settled = False
        self._walked = known
        self.last_sign = at

    def note(self, box: Box, evidence: Evidence, at: float) -> None:
        """Record where it is now, and what the picture shows there."""
        # A detector's boxes move over what stands still, too.
        gone = not evidence.background and _apart(box, self._anchor) >= DISTANCE
        if gone:
            self._anchor = box
            self._walked = self._walked or _apart(box, self._start) >= WALKED
        sign = gone or evidence.moves
        self._signs.append(sign)
        if sign:
            self.last_sign, self._still = at, 0
        else:
            self._still += 1
            # A part of the background has stood still before the first look.
            still = evidence.background or self._still >= STILL_LOOKS
            self._settled = self._settled or still

    @property
    def standing(self) -> bool:
        """Whether it has stood still for some looks."""
        return self._still >= LOOKS_TO_STAND

    @property
    def shown(self) -> bool:
        """Whether it is alive; after standing still it must move for longer."""
        needed = LOOKS_AFTER_STILLNESS if self._settled else LOOKS_TO_LIVE
        return self._known or sum(self._signs) >= needed

    def patience(self, *, person: bool) -> float:
        """Seconds that it may be without a sign of life until it is furniture."""
        if not person:
            return NEVER_A_PERSON
        return NO_LONGER_A_PERSON if self._walked else NEVER_WALKED


def _apart(one: Box, other: Box) -> float:
    """The distance of two boxes' centres, in heights of the first."""
    (x, y), (other_x, other_y) = one.centre, other.centre
    return max(abs(x - other_x), abs(y - other_y)) / max(one.height, 1e-6)
