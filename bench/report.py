"""Writes the figures as Markdown tables."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from .arms import GUIDED
from .cases import CLIP
from .counting import counting
from .scenes import NOBODY, QUIET, counted
from .score import cost, inferences_per_minute, judge, score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .counting import Counting
    from .grown import Growth
    from .reach import Seen
    from .run import Outcome
    from .score import Score

type Outcomes = Mapping[str, Sequence[Outcome]]
PORTRAIT = "portrait"
# The least height for which an early arrival is required.
NEAR = 60


def tables(outcomes: Outcomes, grown: Sequence[Growth] = ()) -> str:
    """All tables."""
    parts = [
        ("By height", by_height(outcomes)),
        ("False visits by kind", false_visits(outcomes)),
        ("Counting", counts(outcomes)),
        ("By condition", by_condition(outcomes)),
        ("Cost", costs(outcomes)),
        *([("Growth", growth(grown))] if grown else []),
        ("Missed walks, repeated and false visits", faults(outcomes)),
    ]
    return "\n".join(f"## {title}\n\n{table}" for title, table in parts)


def growth(rows: Sequence[Growth]) -> str:
    """One row for each number of cameras."""
    heads = ("cameras", "busy", "walks found", "arrival median", "arrival 95 %")
    cells = [
        [
            str(row.cameras),
            str(row.busy),
            f"{row.found} of {row.walks}",
            f"{row.usual:.2f} s",
            f"{row.late:.2f} s",
            f"{row.cores:.2f}",
            f"{row.pace:.0%}",
            f"{row.memory:.0f}",
        ]
        for row in rows
    ]
    return table((*heads, "worker, cores", "lowest pace", "MB"), cells)


def reach_table(seen: Sequence[Seen]) -> str:
    """The model's scores in crops around people and on whole frames, by height and condition."""
    rows = []
    for height in sorted({one.scene.height for one in seen}, reverse=True):
        of_height = [one for one in seen if one.scene.height == height]
        rows.append([f"{height} px", "all", *_distribution(of_height)])
        for condition in dict.fromkeys(one.scene.condition for one in of_height):
            chosen = [one for one in of_height if one.scene.condition == condition]
            rows.append([f"{height} px", condition, *_distribution(chosen)])
    heads = ("people", "condition", "looks", "10 %", "median", "90 %", "at least .5", "at least .6")
    return table((*heads, "frame: median", "frame: at least .5"), rows)


def _distribution(seen: Sequence[Seen]) -> list[str]:
    crops, frames = sorted(one.crop for one in seen), [one.frame for one in seen]
    return [
        str(len(crops)),
        *(f"{crops[int(share * (len(crops) - 1))]:.2f}" for share in (0.1, 0.5, 0.9)),
        *(f"{sum(score >= least for score in crops) / len(crops):.2f}" for least in (0.5, 0.6)),
        f"{median(frames):.2f}",
        f"{sum(score >= 0.5 for score in frames) / len(frames):.2f}",  # noqa: PLR2004 - as headed
    ]


def write(title: str, text: str, path: Path, pictures: Sequence[str] = ()) -> None:
    """Write tables and plots as one page that begins with the date and the processor."""
    today = datetime.now(UTC).date().isoformat()
    head = (
        f"# Benchmark of decisions: {title[0].lower()}{title[1:]}\n\n"
        "Made by `scripts/bench decisions`; [what is measured and how](README.md).\n"
        f"{today}, {processor()}.\n\n"
    )
    shown = "".join(f"![{Path(name).stem}]({name})\n" for name in pictures)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}{shown}\n{text}" if shown else f"{head}{text}", encoding="utf-8")


def processor() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def by_height(outcomes: Outcomes) -> str:
    """One row for each arm and height, of the composed walks."""
    rows = []
    for arm, whole in outcomes.items():
        chosen = _walks(whole)
        for height in sorted({outcome.height for outcome in chosen}, reverse=True):
            values = score(outcome for outcome in chosen if outcome.height == height)
            rows.append([arm, f"{height} px", *_cells(values)])
        near = [outcome for outcome in chosen if outcome.height >= NEAR]
        rows.append([arm, f"{NEAR} px and more", *_cells(score(near))])
        rows.append([arm, "all cases", *_cells(score(whole))])
    return table(("arm", "people", *_HEADS), rows)


def false_visits(outcomes: Outcomes) -> str:
    """False visits in scenes and clips without people, and in those about counting."""
    rows = []
    for arm, whole in outcomes.items():
        empty = [outcome for outcome in whole if not outcome.walks]
        kinds = {
            "quiet and weather": [o for o in empty if o.condition.startswith(NOBODY)],
            "portrait": [o for o in empty if o.condition == PORTRAIT],
            "clips": [o for o in empty if o.condition == CLIP],
            **{
                condition: [o for o in whole if o.condition == condition]
                for condition in _conditions(outcomes)
                if counted(condition)
            },
        }
        for kind, chosen in kinds.items():
            if chosen:
                values = score(chosen)
                hours = f"{values.hours * 60:.1f}"
                rows.append([arm, kind, hours, str(values.false), f"{values.false_per_day:.0f}"])
    return table(("arm", "scenes", "minutes", "false", "false/day"), rows)


def counts(outcomes: Outcomes) -> str:
    """How people are counted, followed and let go of; one row for each kind of scene and arm."""
    rows = []
    kinds: dict[str, Callable[[Sequence[Outcome]], list[Outcome]]] = {
        "walks": _walks,
        **{
            condition: partial(_of_condition, condition)
            for condition in _conditions(outcomes)
            if counted(condition)
        },
    }
    for kind, choose in kinds.items():
        for arm, whole in outcomes.items():
            chosen = [outcome for outcome in choose(whole) if outcome.moments]
            if chosen:
                rows.append([kind, arm, *_counted_cells(counting(chosen))])
    return table(("scenes", "arm", *_COUNTED_HEADS), rows)


def _walks(whole: Sequence[Outcome]) -> list[Outcome]:
    """The composed walks of single people and of two."""
    return [outcome for outcome in whole if outcome.height and not counted(outcome.condition)]


def _of_condition(condition: str, whole: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in whole if outcome.condition == condition]


def _conditions(outcomes: Outcomes) -> list[str]:
    return list(dict.fromkeys(o.condition for rows in outcomes.values() for o in rows))


_COUNTED_HEADS = (
    "count error",
    "too many",
    "error 95 %",
    "switches/person-min",
    "crossings",
    "recall",
    "precision",
    "visit outlives: median",
    "most",
    "unended",
    "inferences/min",
    "of 5 whole frames/s",
)


def _counted_cells(values: Counting) -> list[str]:
    lines, times = values.lines, values.outliving.seconds
    crossed = ["knows no lines", "", ""]
    if lines is not None:
        crossed = [str(lines.true), _number(lines.recall), _number(lines.precision)]
    return [
        _percent(values.error),
        _percent(values.over),
        _number(values.error_95),
        _number(values.switches),
        *crossed,
        _number(median(times) if times else None, " s"),
        _number(max(times, default=None), " s"),
        str(values.outliving.unended),
        f"{values.inferences:.0f}",
        f"{values.effort:.2f}",
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"  # noqa: RUF001 - no value


def faults(outcomes: Outcomes) -> str:
    """The cases in which an arm was wrong."""
    rows = []
    for arm, whole in outcomes.items():
        for outcome in whole:
            judged = judge(outcome.walks, outcome.visits)
            missed = [
                f"{walk.first:.0f} s"
                for walk, found in zip(outcome.walks, judged.walks, strict=True)
                if not found.visits
            ]
            repeated = sum(found.visits > 1 for found in judged.walks)
            if missed or repeated or judged.false:
                cells = (", ".join(missed), str(repeated or ""), str(judged.false or ""))
                rows.append([arm, outcome.case, *cells])
    return table(("arm", "case", "missed", "repeated", "false"), rows)


def by_condition(outcomes: Outcomes) -> str:
    """One row for each condition and arm."""
    rows = []
    for name in _conditions(outcomes):
        for arm, all_of_it in outcomes.items():
            chosen = [outcome for outcome in all_of_it if outcome.condition == name]
            if chosen:
                rows.append([name.replace(NOBODY, "no people"), arm, *_cells(score(chosen))])
    return table(("condition", "arm", *_HEADS), rows)


def costs(outcomes: Outcomes) -> str:
    """What each arm costs when nothing happens, in weather without people, busy, and on clips."""
    rows = []
    for arm, all_of_it in outcomes.items():
        if arm == GUIDED:
            continue
        kinds = {
            "quiet": [o for o in all_of_it if o.condition == QUIET],
            "weather": [o for o in all_of_it if _weather(o)],
            "busy": _walks(all_of_it),
            "counting": [o for o in all_of_it if counted(o.condition)],
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


def _weather(outcome: Outcome) -> bool:
    return outcome.condition.startswith(NOBODY) and outcome.condition != QUIET


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
    return "–" if value is None else f"{value:.2f}{unit}"  # noqa: RUF001 - no value


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
