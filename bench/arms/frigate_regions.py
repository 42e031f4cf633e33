"""Frigate's regions: where its detector looks, and how overlapping detections are merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from porchlight.vision.types import Box

# A region's side: a factor of what it holds, and the least, in pixels.
FACTOR, LEAST_SIDE = 1.35, 320
# The least share of a region's area for the first box of a cluster, and for every box.
CLUSTER_SHARE, MEMBER_SHARE = 0.1, 0.05
CLIPPED_SCORE, NMS_OVERLAP, CONTAINED = 0.6, 0.4, 0.9
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

    def place(self, box: Box, score: float, size: tuple[int, int]) -> tuple[Pixelled, float, bool]:
        """A detection in fractions of the region as box in the frame, score, whether it is cut."""
        x1, y1, x2, y2 = (value * self.side for value in (box.x1, box.y1, box.x2, box.y2))
        found = Pixelled(self.x + x1, self.y + y1, self.x + x2, self.y + y2)
        cut = (
            (x1 < CLIPPED and self.x > 0)
            or (y1 < CLIPPED and self.y > 0)
            or (x2 > self.side - CLIPPED and self.x + self.side < size[0])
            or (y2 > self.side - CLIPPED and self.y + self.side < size[1])
        )
        return found, score, cut


def regions(people: list[Pixelled], moved: list[Pixelled], size: tuple[int, int]) -> list[Square]:
    """Regions around clusters of moving people, and of motion that those do not cover."""
    squares = clusters(people, size)
    rest = [box for box in moved if not any(box.within(square.box) for square in squares)]
    return squares + clusters(rest, size)


def clusters(boxes: list[Pixelled], size: tuple[int, int]) -> list[Square]:
    """A region for each cluster of boxes."""
    left, found = list(boxes), []
    while left:
        first = left.pop(0)
        members = [first]
        side = (first.area / CLUSTER_SHARE) ** 0.5
        x, y = (first.x1 + first.x2) / 2, (first.y1 + first.y2) / 2
        room = Pixelled(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        for other in list(left):
            if not other.within(room):
                continue
            square = square_about([*members, other], size)
            if all(box.area >= MEMBER_SHARE * square.side**2 for box in [*members, other]):
                members.append(other)
                left.remove(other)
        found.append(square_about(members, size))
    return found


def square_about(members: list[Pixelled], size: tuple[int, int]) -> Square:
    """The region around these boxes, moved into the frame if it fits."""
    whole = members[0]
    for member in members[1:]:
        whole = whole.joined(member)
    longest = max(whole.x2 - whole.x1, whole.y2 - whole.y1)
    # Even, because chroma has half the pixels.
    side = int(max(LEAST_SIDE, longest * FACTOR)) // 2 * 2
    x = int((whole.x1 + whole.x2 - side) / 2)
    y = int((whole.y1 + whole.y2 - side) / 2)
    return Square(
        max(0, min(x, size[0] - side)) // 2 * 2, max(0, min(y, size[1] - side)) // 2 * 2, side
    )


def consolidated(found: list[tuple[Pixelled, float, bool]]) -> list[tuple[Pixelled, float]]:
    """Each person once: by overlap, with boxes that a region cuts last; then by containment."""
    ranked = sorted(found, key=lambda one: CLIPPED_SCORE if one[2] else one[1], reverse=True)
    kept: list[tuple[Pixelled, float]] = []
    for box, score, _ in ranked:
        if not any(box.iou(other) > NMS_OVERLAP for other, _ in kept):
            kept.append((box, score))
    return [
        (box, score)
        for box, score in kept
        if not any(
            other.area > box.area and box.common(other).area >= CONTAINED * box.area
            for other, _ in kept
        )
    ]
