"""The figures as Markdown tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cases import CLIP
from .score import cost, inferences_per_minute, score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .run import Outcome
    from .score import Score

type Outcomes = Mapping[str, Sequence[Outcome]]
QUIET = "nobody"


def tables(outcomes: Outcomes) -> str:
    """All tables."""
    parts = [
        ("By height", by_height(outcomes)),
        ("By condition", by_condition(outcomes)),
        ("Cost", costs(outcomes)),
    ]
    return "\n".join(f"## {title}\n\n{table}" for title, table in parts)


def by_height(outcomes: Outcomes) -> str:
    """One row for each arm and height."""
    rows = []
    for arm, all_of_it in outcomes.items():
        for height in sorted({outcome.height for outcome in all_of_it}, reverse=True):
            chosen = [outcome for outcome in all_of_it if outcome.height == height]
            rows.append(
                [arm, f"{height} px" if height else "clips, nobody", *_cells(score(chosen))]
            )
        rows.append([arm, "all", *_cells(score(all_of_it))])
    return table(("arm", "height", *_HEADS), rows)


def by_condition(outcomes: Outcomes) -> str:
    """One row for each condition and arm."""
    names = list(dict.fromkeys(o.condition for rows in outcomes.values() for o in rows))
    rows = []
    for name in names:
        for arm, all_of_it in outcomes.items():
            chosen = [outcome for outcome in all_of_it if outcome.condition == name]
            if chosen:
                rows.append([name, arm, *_cells(score(chosen))])
    return table(("condition", "arm", *_HEADS), rows)


def costs(outcomes: Outcomes) -> str:
    """What each arm costs on quiet scenes (nobody, all weathers), busy ones and clips."""
    rows = []
    for arm, all_of_it in outcomes.items():
        kinds = {
            "quiet": [o for o in all_of_it if o.condition.startswith(QUIET)],
            "busy": [o for o in all_of_it if o.height],
            "clips": [o for o in all_of_it if o.condition == CLIP],
        }
        for kind, chosen in kinds.items():
            if not chosen:
                continue
            spent = cost(chosen)
            rows.append(
                [
                    arm,
                    kind,
                    f"{inferences_per_minute(chosen):.1f}",
                    *(f"{seconds:.1f}" for seconds in spent.values()),
                    f"{sum(spent.values()):.0f}",
                    f"{sum(spent.values()) / 36:.2f} %",
                    f"{max(outcome.memory for outcome in chosen):.0f}",
                ]
            )
    stages = next((list(rows_[0].cpu) for rows_ in outcomes.values() if rows_), [])
    heads = ("arm", "scenes", "inferences/min", *stages, "CPU s/h", "of a core", "MB")
    return table(heads, rows)


_HEADS = (
    "walks",
    "recall",
    "precision",
    "false",
    "false/day",
    "visits/walk",
    "arrival median",
    "arrival 95 %",
)


def _cells(values: Score) -> list[str]:
    return [
        str(values.walks),
        _number(values.recall),
        _number(values.precision),
        str(values.false),
        f"{values.false_per_day:.0f}",
        _number(values.visits_per_walk),
        _number(values.arrival_median, " s"),
        _number(values.arrival_95, " s"),
    ]


def _number(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:.2f}{unit}"  # noqa: RUF001 - nothing to tell


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
