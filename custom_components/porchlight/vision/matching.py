"""Decides which detection continues which track: by size, place and speed."""

from __future__ import annotations

from itertools import combinations
from math import hypot
from typing import TYPE_CHECKING

from .geometry import overlap
from .types import EDGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tracks import Track
    from .types import Box, Detection, Evidence

# The weight of a detection's score in how well it continues a track.
SCORE_WEIGHT = 0.3
# How far from where it should be an object may be seen, in units of its larger side: at once, more
# with each second, and at most.
REACH, REACH_A_SECOND, MOST_REACH = 0.4, 1.0, 0.8
# How much larger one of two sightings may be than the other: in height, and in width, because
# limbs swing. Each second allows for more.
TALLER, WIDER, MORE_A_SECOND = 1.5, 2.2, 0.3
# Of someone half hidden, at least the top stays, within this share of the height.
SAME_TOP = 0.15
# The weight of what has been there all the time and now moves, against someone who passes.
RISEN = 0.3
# What stands still overlaps its earlier box by this much.
SAME_PLACE = 0.5
# A box is a part of another one's person if this much of it lies there, and their tops agree.
PART = 0.85
LEAST_MATCH = 0.1
# A part that a region's border leaves of a person lies in the person's box, grown by this share of
# its sides, with at least this share of itself.
AROUND_PART, LEAST_PART = 0.15, 0.7
# The weight of where a track was last seen against where it should be by now.
STOPPED = 0.6


def assign(
    tracks: Sequence[Track],
    detections: Sequence[Detection],
    shown: Sequence[Evidence],
    furniture: set[int],
    at: float,
) -> dict[int, int]:
    """The index of the detection that continues each track, by the track's number.

    `shown`: what the picture shows in each detection's box; `furniture`: the indices of those that
    are none of a person.
    """
    if not detections or not tracks:
        return {}
    worth: dict[tuple[int, int], float] = {}
    for row, track in enumerate(tracks):
        for column, (detection, evidence) in enumerate(zip(detections, shown, strict=True)):
            if not _may_continue(track, detection.box, evidence, furniture=column in furniture):
                continue
            likely = likeness(track, detection, at)
            if track.rooted and not (track.confirmed or evidence.background):
                likely *= RISEN
            if likely >= LEAST_MATCH:
                worth[row, column] = likely + SCORE_WEIGHT * detection.score
    pairs = _best_pairs(worth)
    return {tracks[row].number: column for row, column in pairs.items()}


def likeness(track: Track, detection: Detection, at: float) -> float:
    """How well a detection continues a track: 0 (not at all) to 2."""
    elapsed, box = max(0.0, at - track.last_seen), detection.box
    if bool(detection.cut) != track.cut:
        return _part_likeness(track, detection, at)
    if not agree(track.box, box, elapsed):
        return 0.0
    side = max(
        track.box.x2 - track.box.x1, track.box.y2 - track.box.y1, box.x2 - box.x1, box.y2 - box.y1
    )
    # A first sighting has no speed yet.
    first = track.speed == (0.0, 0.0)
    reach = side * (MOST_REACH if first else min(MOST_REACH, REACH + REACH_A_SECOND * elapsed))
    # Who walks on is more likely than who has stopped since.
    return max(
        _nearness(track.expected(at), box, reach), STOPPED * _nearness(track.box, box, reach)
    )


def _part_likeness(track: Track, detection: Detection, at: float) -> float:
    """The same if either shows only a part of the person: how much of it lies in the whole."""
    box, place = detection.box, track.expected(at)
    part, whole = (box, place) if detection.cut else (place, box)
    share = whole.grown(AROUND_PART).share_of(part)
    return share if share >= LEAST_PART else 0.0


def _nearness(place: Box, box: Box, reach: float) -> float:
    (x, y), (other_x, other_y) = box.centre, place.centre
    away = hypot(x - other_x, y - other_y)
    if reach <= 0 or away >= reach:
        return 0.0
    return overlap(place, box) + 1 - away / reach


def agree(one: Box, other: Box, elapsed: float = 0.0) -> bool:
    """Whether two boxes can show one person, by their sizes, so many seconds apart."""
    more = 1 + MORE_A_SECOND * min(elapsed, 1.0)
    taller = _ratio(one.y2 - one.y1, other.y2 - other.y1)
    wider = _ratio(one.x2 - one.x1, other.x2 - other.x1)
    same_height, same_width = taller <= TALLER * more, wider <= WIDER * more
    if _cut_aside(one) or _cut_aside(other):
        return same_height
    higher = max(one.height, other.height)
    hidden = abs(one.y1 - other.y1) <= SAME_TOP * higher or one.y2 > 1 - EDGE or other.y2 > 1 - EDGE
    return same_width and (same_height or hidden)


def parts(detections: Sequence[Detection]) -> set[int]:
    """The indices of those that show only the upper part of a person whom another one shows."""
    return {
        index
        for index, one in enumerate(detections)
        if any(
            other.box.area > one.box.area
            and other.box.share_of(one.box) >= PART
            and abs(other.box.y1 - one.box.y1) <= SAME_TOP * other.box.height
            for other in detections
        )
    }


def _may_continue(track: Track, box: Box, evidence: Evidence, *, furniture: bool) -> bool:
    """Whether what stands still and what moves are not mistaken for each other."""
    at_home = any(overlap(place, box) >= SAME_PLACE for place in track.places)
    if furniture or evidence.background:
        # Only who has stood there; nobody walks into the background.
        return at_home and (track.confirmed or not furniture)
    # Something that has been there all the time does not walk away: someone else passes it.
    return at_home or track.confirmed or not track.rooted


def _best_pairs(worth: dict[tuple[int, int], float]) -> dict[int, int]:
    """Pairs of row and column: the best first, then what is better together."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for (row, column), _ in sorted(worth.items(), key=lambda item: -item[1]):
        if row not in pairs and column not in taken:
            pairs[row] = column
            taken.add(column)
    for one, other in combinations(list(pairs), 2):
        here, there = pairs[one], pairs[other]
        if (one, there) in worth and (other, here) in worth:
            swapped = worth[one, there] + worth[other, here]
            if swapped > worth[one, here] + worth[other, there]:
                pairs[one], pairs[other] = there, here
    return pairs


def _cut_aside(box: Box) -> bool:
    """Whether the left or right border cuts a box."""
    return box.x1 <= EDGE or box.x2 >= 1 - EDGE


def _ratio(one: float, other: float) -> float:
    return max(one, other) / max(min(one, other), 1e-6)
