"""Follows people over frames, and separates a person from a brief false detection."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from .furniture import Furniture
from .geometry import overlap
from .life import Life
from .matching import SAME_PLACE, assign, parts
from .settings import BALANCED
from .types import ALIVE, EDGE, NEVER, UNKNOWN, WHOLE, Box, Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .types import Detection

SCORES_TO_CONFIRM = 3
SCORES_KEPT = 5
# Small people are detected only now and then: this many sightings among the last looks suffice.
SIGHTINGS_TO_CONFIRM = 5
LOOKS_KEPT = 10
PLACES_KEPT = 4
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
# Seconds unseen after which a person no longer counts, unless they stood still.
UNCOUNTED = 1.0
# Looks without a sighting that are needed before a track is gone, however far apart they are.
MISSES_TO_GO = 3
# The weight of a new speed against the previous one.
SPEED_RATE = 0.5


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
    # Where it was a part of the background, or stood until it became one; the last place first.
    places: tuple[Box, ...] = ()
    # Whether it was last seen in such a place.
    rooted: bool = False
    # Whether the box shows only a part of the object, because a region's border cut the rest off.
    cut: bool = False
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
        evidence: Evidence,
        confirm: float = BALANCED.confirm,
    ) -> None:
        """Process a sighting, what the picture shows there, and the score of a person."""
        part = bool(detection.cut)
        if part and not self.cut:
            # A part shows where it is, and not how large it is.
            self._place(detection.beside(self.expected(at)), at)
        elif self.cut and not part:
            self.box, self.cut = detection.box, False
        else:
            self._place(detection.box, at)
        self.misses = 0
        self.last_seen = self.looked_at = at
        self.life.note(self.box, evidence, at)
        self.root(evidence)
        self.leaving_since = None if self.life.standing else at
        self._add(detection.score)
        proof = self._proof()
        if not self.confirmed and proof >= confirm and self.life.shown:
            self.confirmed = True
            # Where something was before need not be where a person stood.
            self.places = (self.box,) if self.rooted else ()
        if self.confirmed:
            self.peak = max(self.peak, proof)

    def _place(self, box: Box, at: float) -> None:
        """Move to where it is seen."""
        elapsed = at - self.last_seen
        if elapsed > 0:
            (x, y), (was_x, was_y) = box.centre, self.box.centre
            speed = ((x - was_x) / elapsed, (y - was_y) / elapsed)
            # Without a previous speed, the new one counts fully.
            rate = SPEED_RATE if self.speed != (0.0, 0.0) else 1.0
            self.speed = (
                self.speed[0] + rate * (speed[0] - self.speed[0]),
                self.speed[1] + rate * (speed[1] - self.speed[1]),
            )
        self.box = box

    def root(self, evidence: Evidence) -> None:
        """Remember where it is, if it may become, or may be, a part of the background there."""
        self.rooted = evidence.background or evidence == UNKNOWN or self.life.standing
        if self.rooted:
            others = [place for place in self.places if overlap(place, self.box) < SAME_PLACE]
            self.places = (self.box, *others)[:PLACES_KEPT]

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
        patience = self.life.patience(person=self.confirmed)
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

    def counts(self, at: float) -> bool:
        """Whether it is a person who is there now."""
        seen = self.misses < MISSES_TO_GO or at - self.last_seen < UNCOUNTED
        return self.confirmed and (seen or self.standing)

    def gone(self, at: float) -> bool:
        """Whether it has been unseen long enough to have left."""
        return self.misses >= MISSES_TO_GO and at >= self.leaves_at

    def _add(self, score: float) -> None:
        self.scores = [*self.scores, score][-LOOKS_KEPT:]


class Tracker:
    """Assigns each look's detections to tracks."""

    def __init__(self, furniture: Furniture | None = None) -> None:
        self.tracks: list[Track] = []
        self.furniture = furniture or Furniture()
        self.rules = BALANCED
        self._next = 1

    @property
    def people(self) -> list[Track]:
        """The tracks that are people, also those who may have left."""
        return [track for track in self.tracks if track.confirmed]

    def present(self, at: float) -> list[Track]:
        """The people who are there now."""
        return [track for track in self.tracks if track.counts(at)]

    def update(
        self,
        detections: Sequence[Detection],
        at: float,
        evidence: Callable[[Box], Evidence] = lambda _: ALIVE,
        regions: Sequence[Box] = (WHOLE,),
        *,
        known: bool = False,
    ) -> None:
        """Process one look at regions of the picture; `at`, in seconds, never goes back.

        `evidence` is what the picture shows in a box; `known`: a person is known to be there, so
        new tracks need no sign of life.
        """
        hidden = parts(detections)
        detections = [one for index, one in enumerate(detections) if index not in hidden]
        shown = [evidence(detection.box) for detection in detections]
        furniture = self.furniture.among(detections, shown)
        pairs = assign(self.tracks, detections, shown, furniture, at)
        for track in self.tracks:
            if track.number not in pairs and _looked_at(track.expected(at), regions):
                track.miss(at)
        for track in self.tracks:
            if track.number in pairs:
                index = pairs[track.number]
                track.see(detections[index], at, shown[index], self.rules.confirm)
        taken = set(pairs.values()) | furniture
        for index, detection in enumerate(detections):
            if index not in taken and detection.score >= self.rules.enter:
                self._enter(detection, at, shown[index], known=known)
        self._furnish(detections, shown, at)
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

    def _enter(self, detection: Detection, at: float, evidence: Evidence, *, known: bool) -> None:
        life = Life(detection.box, at, known=known)
        life.note(detection.box, evidence, at)
        track = Track(
            self._next,
            detection.box,
            [detection.score],
            at,
            at,
            at,
            life,
            cut=bool(detection.cut),
            leaving_since=at,
        )
        track.root(evidence)
        self._next += 1
        self.tracks.append(track)

    def _furnish(
        self, detections: Sequence[Detection], shown: Sequence[Evidence], at: float
    ) -> None:
        """Remember what looks like a person and never moves."""
        people = {track.box for track in self.people if track.misses == 0}
        self.furniture.suspect(
            [
                detection.box
                for detection, evidence in zip(detections, shown, strict=True)
                if evidence.background and detection.box not in people
            ],
            at,
        )
        for track in self.tracks:
            if track.furniture(at):
                self.furniture.add(track.box)


def _looked_at(box: Box, regions: Sequence[Box]) -> bool:
    """Whether these regions show the middle of a box."""
    # Within the border: regions end at even pixels, which need not be the frame's last.
    x, y = (min(max(edge, EDGE), 1 - EDGE) for edge in box.centre)
    return any(one.x1 <= x <= one.x2 and one.y1 <= y <= one.y2 for one in regions)
