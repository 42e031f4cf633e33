"""Follows people over frames, and separates a person from a brief false detection."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from .geometry import as_array, iou
from .life import NEVER_A_PERSON, NO_LONGER_A_PERSON, Furniture, Life
from .settings import BALANCED
from .types import EDGE, NEVER, WHOLE, Box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .types import Detection

SCORES_TO_CONFIRM = 3
SCORES_KEPT = 5
# Small people are detected only now and then: this many sightings among the last looks suffice.
SIGHTINGS_TO_CONFIRM = 5
LOOKS_KEPT = 10
# Seconds unseen after which a person has left: last seen at the picture's border, and elsewhere.
GONE_AT_EDGE = 2.0
GONE_AMID = 6.0
# Leaving causes motion. A person who stood still, without motion nearby since, is still there but
# not recognized; for no longer than this, because motion may be missed.
GONE_STILL = 60.0
# Motion within this distance of a person, in units of their size, may be theirs.
NEAR = 0.25
# A person who will reach the border within so many seconds is about to leave.
AHEAD = 0.6
# A track that never became a person is dropped sooner.
GONE_UNCONFIRMED = 2.0
# Looks without a sighting that are needed before a track is gone, however far apart they are.
MISSES_TO_GO = 3
# The weight of a new speed against the previous one.
SPEED_RATE = 0.5
# The weight of a detection's score in how well it continues a track.
SCORE_WEIGHT = 0.3
# Distance between centres, in the larger box's sides, at which boxes can still be one person.
REACH = 0.8
LEAST_MATCH = 0.1


@dataclass(slots=True)
class Track:
    """One object followed over frames; times are in seconds."""

    number: int
    box: Box
    scores: list[float]
    first_seen: float
    last_seen: float
    looked_at: float
    life: Life
    confirmed: bool = False
    misses: int = 0
    peak: float = field(default=0.0)
    speed: tuple[float, float] = (0.0, 0.0)
    # When it may have begun to leave: at the last sighting, or when something moved near it after
    # it stood still; None while it stands.
    leaving_since: float | None = NEVER

    @property
    def score(self) -> float:
        """Median of the last scores; a frame without the object counts as 0."""
        return median(self.scores[-SCORES_KEPT:])

    def see(
        self,
        detection: Detection,
        at: float,
        activity: float,
        confirm: float = BALANCED.confirm,
    ) -> None:
        """Process a sighting, the share of its pixels that move, and the score of a person."""
        elapsed = at - self.last_seen
        if elapsed > 0:
            (x, y), (was_x, was_y) = detection.box.centre, self.box.centre
            speed = ((x - was_x) / elapsed, (y - was_y) / elapsed)
            # Without a previous speed, the new one counts fully.
            rate = SPEED_RATE if self.speed != (0.0, 0.0) else 1.0
            self.speed = (
                self.speed[0] + rate * (speed[0] - self.speed[0]),
                self.speed[1] + rate * (speed[1] - self.speed[1]),
            )
        self.box, self.misses = detection.box, 0
        self.last_seen = self.looked_at = at
        self.life.note(detection.box, activity, at)
        self.leaving_since = None if self.life.standing else at
        self._add(detection.score)
        proof = self._proof()
        self.confirmed = self.confirmed or (proof >= confirm and self.life.shown)
        if self.confirmed:
            self.peak = max(self.peak, proof)

    def _proof(self) -> float:
        """The score that can confirm a person: of the last looks, or of enough sightings."""
        proof = self.score if len(self.scores) >= SCORES_TO_CONFIRM else 0.0
        sightings = [score for score in self.scores if score > 0]
        if len(sightings) >= SIGHTINGS_TO_CONFIRM:
            proof = max(proof, median(sightings))
        return proof

    def expected(self, at: float) -> Box:
        """Where it should be by now."""
        elapsed = min(1.0, max(0.0, at - self.last_seen))
        return self.box.moved(self.speed[0] * elapsed, self.speed[1] * elapsed)

    def furniture(self, at: float) -> bool:
        """Whether it has shown no sign of life for too long to be a person."""
        patience = NO_LONGER_A_PERSON if self.confirmed else NEVER_A_PERSON
        unmoved = self.misses == 0 and self.life.standing
        return unmoved and at - self.life.last_sign >= patience

    def miss(self, at: float) -> None:
        """Process a look without a sighting."""
        self.looked_at = at
        self.misses += 1
        self._add(0.0)

    def moved(self, at: float) -> None:
        """Process motion near where it was last seen."""
        if self.standing:
            self.leaving_since = at

    @property
    def standing(self) -> bool:
        """Whether it stood still when last seen, and nothing has moved near it since."""
        return self.leaving_since is None

    @property
    def leaves_at(self) -> float:
        """When it has left, unless it is seen again."""
        since = self.last_seen if self.leaving_since is None else self.leaving_since
        return since + self._patience()

    def _patience(self) -> float:
        if not self.confirmed:
            return GONE_UNCONFIRMED
        if self.standing:
            return GONE_STILL
        heading = self.expected(self.last_seen + AHEAD)
        return GONE_AT_EDGE if self.box.at_edge or heading.at_edge else GONE_AMID

    def gone(self, at: float) -> bool:
        """Whether it has been unseen long enough to have left."""
        return self.misses >= MISSES_TO_GO and at >= self.leaves_at

    def likeness(self, box: Box, overlap: float, at: float) -> float:
        """How well a box continues this track: 0 (not at all) to 2."""
        elapsed = min(1.0, max(0.0, at - self.last_seen))
        side = max(
            self.box.x2 - self.box.x1,
            self.box.y2 - self.box.y1,
            box.x2 - box.x1,
            box.y2 - box.y1,
        )
        (x, y), (own_x, own_y) = box.centre, self.box.centre
        away = min(
            np.hypot(x - own_x, y - own_y),
            np.hypot(x - own_x - self.speed[0] * elapsed, y - own_y - self.speed[1] * elapsed),
        )
        nearness = max(0.0, 1 - float(away) / (REACH * side)) if side > 0 else 0.0
        return overlap + nearness

    def _add(self, score: float) -> None:
        self.scores = [*self.scores, score][-LOOKS_KEPT:]


class Tracker:
    """Assigns each look's detections to tracks, best likeness first."""

    def __init__(self, furniture: Furniture | None = None) -> None:
        self.tracks: list[Track] = []
        self.furniture = furniture or Furniture()
        self.rules = BALANCED
        self._next = 1

    @property
    def people(self) -> list[Track]:
        """The tracks that are people."""
        return [track for track in self.tracks if track.confirmed]

    def update(
        self,
        detections: Sequence[Detection],
        at: float,
        activity: Callable[[Box], float] = lambda _: 1.0,
        regions: Sequence[Box] = (WHOLE,),
        *,
        known: bool = False,
    ) -> None:
        """Process one look at regions of the picture; `at`, in seconds, never goes back.

        `activity` gives the share of a box's pixels that move; `known`: a person is known to be
        there, so new tracks need no sign of life.
        """
        pairs = self._pair(detections, at)
        for track in self.tracks:
            if track.number not in pairs and _looked_at(track.expected(at), regions):
                track.miss(at)
        for track in self.tracks:
            if track.number in pairs:
                seen = detections[pairs[track.number]]
                track.see(seen, at, activity(seen.box), self.rules.confirm)
        taken = set(pairs.values()) | self.furniture.among(detections)
        for index, detection in enumerate(detections):
            if index not in taken and detection.score >= self.rules.enter:
                life = Life(detection.box, at, known=known)
                life.note(detection.box, activity(detection.box), at)
                self._enter(detection, at, life)
        for track in self.tracks:
            if track.furniture(at):
                self.furniture.add(track.box)
        self.tracks = [
            track for track in self.tracks if not (track.gone(at) or track.furniture(at))
        ]

    def moved(self, places: Sequence[Box], at: float) -> None:
        """Process motion in these places: people who stood there may be leaving."""
        for track in self.tracks:
            around = track.box.grown(NEAR)
            if any(around.touches(place) for place in places):
                track.moved(at)

    def clear(self) -> None:
        """Forget all tracks."""
        self.tracks = []

    def _enter(self, detection: Detection, at: float, life: Life) -> None:
        track = Track(
            self._next, detection.box, [detection.score], at, at, at, life, leaving_since=at
        )
        self._next += 1
        self.tracks.append(track)

    def _pair(self, detections: Sequence[Detection], at: float) -> dict[int, int]:
        if not detections or not self.tracks:
            return {}
        overlaps = iou(
            as_array([track.box for track in self.tracks]),
            as_array([detection.box for detection in detections]),
        )
        candidates = []
        for row, track in enumerate(self.tracks):
            for column, detection in enumerate(detections):
                likeness = track.likeness(detection.box, float(overlaps[row, column]), at)
                if likeness >= LEAST_MATCH:
                    candidates.append((likeness + SCORE_WEIGHT * detection.score, row, column))
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for _, row, column in sorted(candidates, reverse=True):
            number = self.tracks[row].number
            if number not in pairs and column not in taken:
                pairs[number] = column
                taken.add(column)
        return pairs


def _looked_at(box: Box, regions: Sequence[Box]) -> bool:
    """Whether these regions show the middle of a box."""
    # Within the border: regions end at even pixels, which need not be the frame's last.
    x, y = (min(max(edge, EDGE), 1 - EDGE) for edge in box.centre)
    return any(one.x1 <= x <= one.x2 and one.y1 <= y <= one.y2 for one in regions)
