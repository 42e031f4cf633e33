"""Scores how an arm counts, follows and lets go of people, against the ground truth."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from porchlight.vision.geometry import iou

from .score import SLACK, inferences_per_minute, percentile_95
from .truth import STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .run import Outcome
    from .truth import Corners

# The least overlap of a track's box with a person's for the track to be the person's.
SAME = 0.3
# Seconds by which a crossing may be reported too early or too late.
CROSSED = 2.0
# Inferences a minute of five whole frames a second.
WHOLE_FRAMES = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Crossings: true ones, reported ones, and those that match."""

    true: int
    reported: int
    matched: int

    @property
    def recall(self) -> float | None:
        """The share of the true crossings that were reported."""
        return self.matched / self.true if self.true else None

    @property
    def precision(self) -> float | None:
        """The share of the reported crossings that are true."""
        return self.matched / self.reported if self.reported else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outliving:
    """Seconds from the last person's leaving until the visit's end was reported, each time.

    A visit that was still open when the next person came or the recording ended counts until then
    and is one of the `unended`.
    """

    seconds: tuple[float, ...]
    unended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """The figures of some cases; None without data, `lines` also for arms that know no lines.

    `error` is the count's mean error as a share of the true number, `over` the part of it by which
    the count is too high; `error_95` the 95th percentile in people; `switches` are those of
    identity for each minute of a person.
    """

    error: float | None
    over: float | None
    error_95: float | None
    switches: float | None
    lines: Lines | None
    outliving: Outliving
    inferences: float

    @property
    def effort(self) -> float:
        """Inferences as a share of those of five whole frames a second."""
        return self.inferences / WHOLE_FRAMES


def counting(outcomes: Iterable[Outcome]) -> Counting:
    """The figures of all cases together."""
    outcomes = list(outcomes)
    errors = [error for one in outcomes for error in count_errors(one)]
    true = sum(len(moment.people) for one in outcomes for moment in one.moments)
    away = sorted(float(abs(error)) for error in errors)
    tracked = all(sample.tracks is not None for one in outcomes for sample in one.samples)
    minutes = true * STEP / 60
    lined = [one for one in outcomes if one.true_crossings or one.crossings]
    crossed = [lines for one in lined if (lines := crossings(one)) is not None]
    ends = [outliving(one) for one in outcomes]
    return Counting(
        error=sum(away) / true if true else None,
        over=sum(error for error in errors if error > 0) / true if true else None,
        error_95=percentile_95(away),
        switches=sum(map(switches, outcomes)) / minutes if minutes and tracked else None,
        lines=Lines(
            true=sum(lines.true for lines in crossed),
            reported=sum(lines.reported for lines in crossed),
            matched=sum(lines.matched for lines in crossed),
        )
        if crossed
        else None,
        outliving=Outliving(
            seconds=tuple(seconds for one in ends for seconds in one.seconds),
            unended=sum(one.unended for one in ends),
        ),
        inferences=inferences_per_minute(outcomes),
    )


def count_errors(outcome: Outcome) -> list[int]:
    """By how many people the count is wrong, at each moment with people there or counted.

    The last count holds until the next one is known. Any number between those who surely count
    and those who may is right.
    """
    known = [sample.known_at for sample in outcome.samples]
    errors = []
    for moment in outcome.moments:
        index = bisect_right(known, moment.at) - 1
        counted = outcome.samples[index].people if index >= 0 else 0
        if moment.most or counted:
            errors.append(max(0, counted - moment.most) - max(0, moment.least - counted))
    return errors


def switches(outcome: Outcome) -> int:
    """How often the track that follows a person becomes another one."""
    found = 0
    followed: dict[int, int] = {}
    for people, tracks in _looks(outcome):
        pairs = _pairs(people, tracks, followed)
        found += sum(followed.get(person, number) != number for person, number in pairs.items())
        followed |= pairs
    return found


def crossings(outcome: Outcome) -> Lines | None:
    """The crossings of a case; None if the arm knows no lines."""
    if outcome.crossings is None:
        return None
    left = list(outcome.crossings)
    pairs = sorted(
        (abs(seen.at - true.at), number, index)
        for number, true in enumerate(outcome.true_crossings)
        for index, seen in enumerate(left)
        if seen[1:] == true[1:] and abs(seen.at - true.at) <= CROSSED
    )
    matched: set[int] = set()
    taken: set[int] = set()
    for _, number, index in pairs:
        if number not in matched and index not in taken:
            matched.add(number)
            taken.add(index)
    return Lines(true=len(outcome.true_crossings), reported=len(left), matched=len(matched))


def outliving(outcome: Outcome) -> Outliving:
    """For each time at which the last person left while a visit was open."""
    times: list[float] = []
    unended = 0
    for gone, until in _absences(outcome):
        ends = [
            float("inf") if visit.ended_at is None else visit.ended_at
            for visit in outcome.visits
            if visit.arrived_at <= gone + SLACK
        ]
        open_until = max((end for end in ends if end > gone), default=None)
        if open_until is not None:
            unended += open_until >= until
            times.append(min(open_until, until) - gone)
    return Outliving(seconds=tuple(times), unended=unended)


def _absences(outcome: Outcome) -> list[tuple[float, float]]:
    """When the last person had left, and when the next one came or the recording ended."""
    walks = sorted(outcome.walks, key=lambda walk: walk.first)
    absences, gone = [], 0.0
    for walk, later in pairwise([*walks, None]):
        if walk is None:
            continue
        gone = max(gone, walk.gone)
        until = outcome.seconds if later is None else later.first
        if until > gone:
            absences.append((gone, until))
    return absences


def _looks(outcome: Outcome) -> Iterator[tuple[dict[int, Corners], dict[int, Corners]]]:
    """The half visible people at the time of each sample, and the arm's tracks."""
    moments = outcome.moments
    for sample in outcome.samples:
        if sample.tracks is None or not moments:
            continue
        index = max(0, bisect_right(moments, sample.at, key=lambda moment: moment.at) - 1)
        before, after = moments[index], moments[min(index + 1, len(moments) - 1)]
        share = (sample.at - before.at) / (after.at - before.at) if after.at > before.at else 0.0
        yield _between(dict(before.people), dict(after.people), share), dict(sample.tracks)


def _between(
    before: dict[int, Corners], after: dict[int, Corners], share: float
) -> dict[int, Corners]:
    """The people between two moments; those who are in one of them are where they are there."""
    people = before | after
    for person in before.keys() & after.keys():
        x1, y1, x2, y2 = (
            here + share * (there - here)
            for here, there in zip(before[person], after[person], strict=True)
        )
        people[person] = (x1, y1, x2, y2)
    return people


def _pairs(
    people: dict[int, Corners], tracks: dict[int, Corners], followed: dict[int, int]
) -> dict[int, int]:
    """Each person's track: the one before if it still overlaps, otherwise the best that is left."""
    if not people or not tracks:
        return {}
    overlaps = iou(np.array([*people.values()]), np.array([*tracks.values()]))
    order = sorted(
        (
            (followed.get(person) != number, -float(overlaps[row, column]), person, number)
            for row, person in enumerate(people)
            for column, number in enumerate(tracks)
            if overlaps[row, column] >= SAME
        ),
    )
    pairs: dict[int, int] = {}
    for _, _, person, number in order:
        if person not in pairs and number not in pairs.values():
            pairs[person] = number
    return pairs
