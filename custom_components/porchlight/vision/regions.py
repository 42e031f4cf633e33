"""Chooses the fewest regions of a frame for the detector, at native resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .geometry import as_array, suppress
from .types import EDGE, Box, Cut, Detection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Heights of a person as shares of the model's input: the wanted ones, in turns, because a detector
# sees the same person better at some sizes than at others; and the least one, when a region serves
# several people.
GOOD_HEIGHTS = (0.24, 0.3, 0.2)
LEAST_HEIGHT = 0.17
# The height at which the whole frame is preferred to several regions.
ENOUGH_HEIGHT = 0.12
# The margin around a person, in units of the person's size.
MARGIN = 0.25
# The most by which a frame's pixels are enlarged.
STRETCH = 2.0
# A region with this share of the longer side becomes the whole frame.
NEARLY_ALL = 0.9
MOST_REGIONS = 3
# Two regions' boxes are the same person if they overlap by this much, or if this share of one lies
# in the other.
OVERLAP = 0.45
INSIDE = 0.8
# Factor for the score of a box that is cut by its region's border.
CUT = 0.8


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of a frame, in even numbers of pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """A frame's size and the side of the model's input."""

    width: int
    height: int
    side: int

    @property
    def whole(self) -> Region:
        """The whole frame."""
        return Region(0, 0, self.width // 2 * 2, self.height // 2 * 2)

    def share(self, region: Region) -> Box:
        """A region in fractions of the frame."""
        return Box(
            region.x / self.width,
            region.y / self.height,
            (region.x + region.width) / self.width,
            (region.y + region.height) / self.height,
        )


@dataclass(slots=True)
class _Group:
    """Targets of one region: their edges in pixels, the region's best and largest side."""

    x1: float
    y1: float
    x2: float
    y2: float
    good: float
    largest: float

    @property
    def side(self) -> float:
        return max(self.x2 - self.x1, self.y2 - self.y1, self.good)

    def joined(self, other: _Group) -> _Group:
        return _Group(
            min(self.x1, other.x1),
            min(self.y1, other.y1),
            max(self.x2, other.x2),
            max(self.y2, other.y2),
            max(self.good, other.good),
            min(self.largest, other.largest),
        )


def around(
    targets: Sequence[Box], view: View, turn: int = 0, most: int = MOST_REGIONS
) -> tuple[Region, ...]:
    """The fewest regions that show these targets well; the most important target comes first.

    `turn` counts the looks: each shows the targets at another size. `most`: how many regions.
    """
    height = GOOD_HEIGHTS[turn % len(GOOD_HEIGHTS)]
    groups = _joined([_group(target, view, height, LEAST_HEIGHT) for target in targets])
    if len(groups) > 1 and _shows(targets, view):
        return (view.whole,)
    if len(groups) > most:
        # All of them a little smaller is better than some of them not at all.
        groups = _joined([_group(target, view, height, ENOUGH_HEIGHT) for target in targets])
    return tuple(dict.fromkeys(_region(group, view) for group in groups[:most]))


def tiles(view: View) -> tuple[Region, ...]:
    """The whole frame, and squares of its shorter side that cover it."""
    whole = view.whole
    side, length = sorted((whole.width, whole.height))
    if side <= view.side // 2 or length <= view.side:
        return (whole,)
    number = -(-length // side)
    starts = [round((length - side) * i / max(1, number - 1)) // 2 * 2 for i in range(number)]
    if whole.width >= whole.height:
        return (whole, *(Region(start, 0, side, side) for start in starts))
    return (whole, *(Region(0, start, side, side) for start in starts))


def gather(seen: Sequence[tuple[Region, Sequence[Detection]]], view: View) -> tuple[Detection, ...]:
    """The detections of all regions, in fractions of the frame, each person once."""
    found = []
    for region, ones in seen:
        share = view.share(region)
        for one in ones:
            cut = _cut(one.box, share)
            score = one.score * CUT if cut else one.score
            found.append(Detection(_on_frame(one.box, share), score, cut=cut))
    if len(seen) == 1 or not found:
        return tuple(found)
    boxes = as_array([one.box for one in found])
    scores = np.array([one.score for one in found], np.float32)
    kept = suppress(boxes, scores, overlap=OVERLAP, limit=len(found))
    return tuple(
        found[index]
        for index in kept
        if not (found[index].cut and any(_inside(found[index].box, found[i].box) for i in kept))
    )


def _shows(targets: Iterable[Box], view: View) -> bool:
    """Whether the whole frame shows these targets large enough."""
    scale = view.side / max(view.width, view.height)
    return all(
        max((one.x2 - one.x1) * view.width, one.height * view.height) * scale
        >= ENOUGH_HEIGHT * view.side
        for one in targets
    )


def _joined(targets: Iterable[_Group]) -> list[_Group]:
    """Groups as large as they may be."""
    groups: list[_Group] = []
    for group in targets:
        for index, other in enumerate(groups):
            joined = group.joined(other)
            if joined.side <= joined.largest:
                groups[index] = joined
                break
        else:
            groups.append(group)
    return groups


def _group(target: Box, view: View, height: float, smallest: float) -> _Group:
    x1, x2 = target.x1 * view.width, target.x2 * view.width
    y1, y2 = target.y1 * view.height, target.y2 * view.height
    edge = max(x2 - x1, y2 - y1, 1.0)
    margin = MARGIN * edge
    least = view.side / STRETCH
    return _Group(
        x1 - margin,
        y1 - margin,
        x2 + margin,
        y2 + margin,
        max(least, edge / height),
        max(least, edge / smallest, edge + 2 * margin),
    )


def _region(group: _Group, view: View) -> Region:
    whole = view.whole
    side = group.side
    if side >= NEARLY_ALL * max(whole.width, whole.height):
        return whole
    x, width = _placed((group.x1 + group.x2) / 2, side, whole.width)
    y, height = _placed((group.y1 + group.y2) / 2, side, whole.height)
    return Region(x, y, width, height)


def _placed(centre: float, side: float, limit: int) -> tuple[int, int]:
    length = min(int(side) // 2 * 2, limit)
    start = int(min(max(centre - length / 2, 0), limit - length)) // 2 * 2
    return start, length


def _on_frame(box: Box, region: Box) -> Box:
    width, height = region.x2 - region.x1, region.y2 - region.y1
    return Box(
        region.x1 + box.x1 * width,
        region.y1 + box.y1 * height,
        region.x1 + box.x2 * width,
        region.y1 + box.y2 * height,
    )


def _cut(box: Box, region: Box) -> Cut:
    """Where a region's border cuts a box, other than at the frame's own border."""
    return Cut(
        left=box.x1 <= EDGE and region.x1 > EDGE,
        top=box.y1 <= EDGE and region.y1 > EDGE,
        right=box.x2 >= 1 - EDGE and region.x2 < 1 - EDGE,
        bottom=box.y2 >= 1 - EDGE and region.y2 < 1 - EDGE,
    )


def _inside(box: Box, other: Box) -> bool:
    """Whether nearly all of a box lies in a larger one."""
    return box.area < other.area and other.share_of(box) >= INSIDE
