"""Frigate's regions: where its detector looks, and how overlapping detections are merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from porchlight.vision.types import Box

# A region's side: a factor of what it holds, and the least, in pixels.
PEOPLE_FACTOR, MOTION_FACTOR, LEAST_SIDE = 1.35, 2.0, 320
# How far a cluster reaches from its first box's middle: the side of a region of which that box
# fills this share, less a little more than half the box.
CLUSTER_SHARE, HALF_BOX = 0.1, 0.55
# The least share of a region that each of a cluster's boxes fills, if it is larger than the least.
MEMBER_SHARE = 0.05
CLIPPED_SCORE, NMS_OVERLAP, CONTAINED = 0.6, 0.4, 0.9
# A box of less than this share of another is not merged with it.
COMPARABLE = 0.05
# Pixels from a region's border within which it cuts a box.
CLIPPED = 5


class Pixelled(NamedTuple):
    """A box in pixels."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(0.0, self.x2 - self.x1) * max(0.0, self.y2 - self.y1)

    def common(self, other: Pixelled) -> Pixelled:
        """The intersection; without area if there is none."""
        return Pixelled(
            max(self.x1, other.x1),
            max(self.y1, other.y1),
            min(self.x2, other.x2),
            min(self.y2, other.y2),
        )

    def meets(self, other: Pixelled) -> bool:
        """Whether they overlap."""
        return self.common(other).area > 0

    def iou(self, other: Pixelled) -> float:
        """Intersection over union."""
        common = self.common(other).area
        return common / max(1e-6, self.area + other.area - common)

    def within(self, other: Pixelled) -> bool:
        """Whether all of it lies in the other."""
        return (
            self.x1 >= other.x1
            and self.y1 >= other.y1
            and self.x2 <= other.x2
            and self.y2 <= other.y2
        )

    def joined(self, other: Pixelled) -> Pixelled:
        """The smallest box around both."""
        return Pixelled(
            min(self.x1, other.x1),
            min(self.y1, other.y1),
            max(self.x2, other.x2),
            max(self.y2, other.y2),
        )

    def inside(self, size: tuple[int, int]) -> Pixelled:
        """The part of it within a frame of this size; without area if there is none."""
        return self.common(Pixelled(0, 0, size[0] - 1, size[1] - 1))


class Seen(NamedTuple):
    """A detection: box, score, and whether its region cuts it."""

    box: Pixelled
    score: float
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Square:
    """A region: its left and top, and its side; what lies outside the frame is black."""

    x: int
    y: int
    side: int

    @property
    def box(self) -> Pixelled:
        """The region as a box."""
        return Pixelled(self.x, self.y, self.x + self.side, self.y + self.side)

    def cut(self, planar: np.ndarray[Any, Any], size: tuple[int, int]) -> np.ndarray[Any, Any]:
        """Its red, green and blue from planar YUV with half-sized chroma."""
        width, height = size
        right, foot = min(width, self.x + self.side), min(height, self.y + self.side)
        rows, columns = slice(self.y, foot), slice(self.x, right)
        half_rows = slice(self.y // 2, foot // 2)
        half_columns = slice(self.x // 2, right // 2)
        chroma = planar[height:].reshape(2, height // 2, width // 2)[:, half_rows, half_columns]
        part = np.concatenate(
            (planar[rows, columns].reshape(-1), np.ascontiguousarray(chroma).reshape(-1))
        ).reshape(-1, right - self.x)
        picture = cv2.cvtColor(part, cv2.COLOR_YUV2RGB_I420)
        down, across = self.side - picture.shape[0], self.side - picture.shape[1]
        if down or across:
            picture = cv2.copyMakeBorder(picture, 0, down, 0, across, cv2.BORDER_CONSTANT)
        return np.asarray(picture)

    def place(self, box: Box, score: float, size: tuple[int, int]) -> Seen | None:
        """A detection in fractions of the region, as seen in the frame; None if it is outside."""
        x1, y1, x2, y2 = (value * self.side for value in (box.x1, box.y1, box.x2, box.y2))
        found = Pixelled(self.x + x1, self.y + y1, self.x + x2, self.y + y2).inside(size)
        if found.area == 0:
            return None
        cut = (
            (x1 < CLIPPED and self.x > 0)
            or (y1 < CLIPPED and self.y > 0)
            or (x2 > self.side - CLIPPED and self.x + self.side < size[0])
            or (y2 > self.side - CLIPPED and self.y + self.side < size[1])
        )
        return Seen(found, score, cut)


def regions(
    people: Sequence[Pixelled], moved: Sequence[Pixelled], size: tuple[int, int]
) -> list[Square]:
    """Regions around clusters of people, and of motion that those do not cover."""
    squares = [square_about(members, size, PEOPLE_FACTOR) for members in clusters(people, size)]
    rest = [box for box in moved if not any(box.within(square.box) for square in squares)]
    return squares + [
        square_about(members, size, MOTION_FACTOR) for members in clusters(rest, size)
    ]


def clusters(boxes: Sequence[Pixelled], size: tuple[int, int]) -> list[list[Pixelled]]:
    """Groups of boxes that share a region."""
    left, found = list(boxes), []
    while left:
        members = [left.pop(0)]
        room = _reach(members[0])
        for other in list(left):
            if other.within(room) and _fit([*members, other], size):
                members.append(other)
                left.remove(other)
        found.append(members)
    return found


def _reach(box: Pixelled) -> Pixelled:
    """Where all of a box must lie to share a region with this one."""
    side = max(LEAST_SIDE, (box.area / CLUSTER_SHARE) ** 0.5)
    x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
    across, down = side - HALF_BOX * (box.x2 - box.x1), side - HALF_BOX * (box.y2 - box.y1)
    return Pixelled(x - across, y - down, x + across, y + down)


def _fit(boxes: list[Pixelled], size: tuple[int, int]) -> bool:
    """Whether no box is too small for their common region; the least region is for all."""
    side = square_about(boxes, size, PEOPLE_FACTOR).side
    return side <= LEAST_SIDE or all(box.area >= MEMBER_SHARE * side**2 for box in boxes)


def square_about(members: Sequence[Pixelled], size: tuple[int, int], factor: float) -> Square:
    """The region around these boxes, moved into the frame if it fits."""
    whole = members[0]
    for member in members[1:]:
        whole = whole.joined(member)
    longest = max(whole.x2 - whole.x1, whole.y2 - whole.y1)
    # Divisible by 4, as Frigate's.
    side = max(LEAST_SIDE, int(longest * factor) // 4 * 4)
    x = int((whole.x1 + whole.x2 - side) / 2)
    y = int((whole.y1 + whole.y2 - side) / 2)
    # Even, because chroma has half the pixels.
    return Square(
        max(0, min(x, size[0] - side)) // 2 * 2, max(0, min(y, size[1] - side)) // 2 * 2, side
    )


def consolidated(found: Sequence[Seen]) -> list[Seen]:
    """Each person once: by overlap, with boxes that a region cuts last; then by containment."""
    ranked = sorted(found, key=lambda one: CLIPPED_SCORE if one.cut else one.score, reverse=True)
    kept: list[Seen] = []
    for one in ranked:
        if not any(one.box.iou(other.box) > NMS_OVERLAP for other in kept):
            kept.append(one)
    return [one for one in kept if not any(_holds(other.box, one.box) for other in kept)]


def _holds(outer: Pixelled, inner: Pixelled) -> bool:
    """Whether nearly all of a box lies in a larger one, which is not very much larger."""
    return (
        inner.area < outer.area <= inner.area / COMPARABLE
        and inner.common(outer).area > CONTAINED * inner.area
    )
