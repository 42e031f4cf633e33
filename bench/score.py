"""Scores an arm's visits against the ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .arms.protocol import SeenVisit, Stage
    from .run import Outcome
    from .truth import TrueWalk

# Seconds after its end for which a visit still covers a walk.
LINGER = 3.0
# Seconds by which a visit may miss all walks without being false; an earlier one is not an arrival.
SLACK = 2.0
DAY = 86400.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A walk: how many visits cover it, and the seconds until one arrived for it."""

    visits: int
    arrival: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A case's walks, and which visits are false."""

    walks: tuple[Found, ...]
    visits: int
    false: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The score of some cases: shares from 0 to 1, seconds, and counts; None without data."""

    walks: int
    visits: int
    false: int
    recall: float | None
    precision: float | None
    visits_per_walk: float | None
    arrival_median: float | None
    arrival_95: float | None
    false_per_day: float
    hours: float


def judge(walks: Sequence[TrueWalk], visits: Sequence[SeenVisit]) -> Judgement:
    """Compare a case's visits with its walks."""
    return Judgement(
        walks=tuple(_found(walk, visits) for walk in walks),
        visits=len(visits),
        false=sum(
            not any(
                visit.arrived_at <= walk.gone + SLACK and visit.left_at >= walk.first - SLACK
                for walk in walks
            )
            for visit in visits
        ),
    )


def score(outcomes: Iterable[Outcome]) -> Score:
    """Score all cases together."""
    outcomes = list(outcomes)
    judged = [judge(outcome.walks, outcome.visits) for outcome in outcomes]
    walks = [walk for judgement in judged for walk in judgement.walks]
    found = [walk for walk in walks if walk.visits]
    arrivals = sorted(walk.arrival for walk in found if walk.arrival is not None)
    visits = sum(judgement.visits for judgement in judged)
    false = sum(judgement.false for judgement in judged)
    seconds = sum(outcome.seconds for outcome in outcomes)
    covering = sum(_covering(outcome) for outcome in outcomes)
    return Score(
        walks=len(walks),
        visits=visits,
        false=false,
        recall=len(found) / len(walks) if walks else None,
        precision=(visits - false) / visits if visits else None,
        visits_per_walk=covering / len(found) if found else None,
        arrival_median=median(arrivals) if arrivals else None,
        arrival_95=percentile_95(arrivals),
        false_per_day=false / seconds * DAY if seconds else 0.0,
        hours=seconds / HOUR,
    )


def percentile_95(values: Sequence[float]) -> float | None:
    """The 95th percentile; None without values."""
    if len(values) < 2:  # noqa: PLR2004 - one value is all percentiles
        return values[0] if values else None
    return quantiles(values, n=20, method="inclusive")[-1]


def cost(outcomes: Iterable[Outcome]) -> dict[Stage, float]:
    """CPU seconds for each hour of one camera, by stage."""
    outcomes = list(outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    stages: dict[Stage, float] = {}
    for outcome in outcomes:
        for stage, spent in outcome.cpu.items():
            stages[stage] = stages.get(stage, 0.0) + spent / seconds * HOUR
    return stages


def inferences_per_minute(outcomes: Iterable[Outcome]) -> float:
    """How often the model ran."""
    outcomes = list(outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    return sum(outcome.counts["inference"] for outcome in outcomes) / seconds * 60


def _found(walk: TrueWalk, visits: Sequence[SeenVisit]) -> Found:
    covering = [visit for visit in visits if _covers(visit, walk)]
    # A visit that was already open when the walk began is not its arrival.
    own = [visit.arrived_at for visit in covering if visit.arrived_at >= walk.first - SLACK]
    return Found(visits=len(covering), arrival=max(0.0, min(own) - walk.first) if own else None)


def _covers(visit: SeenVisit, walk: TrueWalk) -> bool:
    return visit.arrived_at <= walk.gone and visit.left_at + LINGER >= walk.first


def _covering(outcome: Outcome) -> int:
    """Visits that cover any walk."""
    return sum(any(_covers(visit, walk) for walk in outcome.walks) for visit in outcome.visits)
