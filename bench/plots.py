"""The figures as plots."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import matplotlib as mpl

from .arms import GUIDED
from .arms.protocol import STAGES
from .scenes import HEIGHTS, QUIET, counted
from .score import cost, judge, score

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from .grown import Growth
    from .run import Outcome

mpl.use("svg")
# So that the same figures give the same file.
mpl.rcParams["svg.hashsalt"] = "porchlight"
from matplotlib import pyplot as plt  # noqa: E402 - after the backend is chosen

type Outcomes = Mapping[str, Sequence[Outcome]]
SIZE = (9.0, 4.2)
GROWTH = "growth.svg"


def draw(outcomes: Outcomes, folder: Path, grown: Sequence[Growth] = ()) -> list[str]:
    """Draw all plots into a folder; returns the files' names."""
    folder.mkdir(parents=True, exist_ok=True)
    # The plots show walks of single people and of two; the tables show how people are counted.
    outcomes = {
        arm: [one for one in rows if not counted(one.condition)] for arm, rows in outcomes.items()
    }
    drawn = {
        "recall.svg": (_recall, "Recall of visits by height of people in 720 lines"),
        "arrival.svg": (_arrivals, "Arrivals within seconds after first visible (120 and 60 px)"),
        "cost.svg": (_costs, "CPU seconds for each hour of one camera, quiet and busy"),
        "conditions.svg": (_conditions, "Recall of visits by condition, all heights"),
    }
    for name, (plot, title) in drawn.items():
        with _page(folder / name, title) as axes:
            plot(axes, outcomes)
    if not grown:
        return list(drawn)
    with _page(folder / GROWTH, "One worker, two busy cameras and ever more quiet ones") as axes:
        _growth(axes, grown)
    return [*drawn, GROWTH]


@contextmanager
def _page(path: Path, title: str) -> Iterator[Axes]:
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    yield axes
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _recall(axes: Axes, outcomes: Outcomes) -> None:
    groups = {
        arm: [score(o for o in rows if o.height == height).recall or 0 for height in HEIGHTS]
        for arm, rows in outcomes.items()
    }
    _bars(axes, [f"{height} px" for height in HEIGHTS], groups)
    axes.set_ylim(0, 1.2)


def _conditions(axes: Axes, outcomes: Outcomes) -> None:
    names = list(dict.fromkeys(o.condition for rows in outcomes.values() for o in rows if o.height))
    groups = {
        arm: [score(o for o in rows if o.condition == name).recall or 0 for name in names]
        for arm, rows in outcomes.items()
    }
    _bars(axes, names, groups)
    axes.tick_params("x", rotation=35)
    axes.set_ylim(0, 1.2)


def _arrivals(axes: Axes, outcomes: Outcomes) -> None:
    for arm, rows in outcomes.items():
        walks = [
            walk
            for outcome in rows
            if outcome.height in HEIGHTS[:2]
            for walk in judge(outcome.walks, outcome.visits).walks
        ]
        late = sorted(walk.arrival for walk in walks if walk.arrival is not None)
        shares = [(index + 1) / len(walks) for index in range(len(late))]
        axes.step(late, shares, where="post", label=arm)
    axes.set_xlim(0, 5)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("seconds")
    axes.set_ylabel("share of all walks")
    axes.legend(frameon=False)


def _costs(axes: Axes, outcomes: Outcomes) -> None:
    labels, stacks = [], []
    for arm, rows in outcomes.items():
        if arm == GUIDED:
            continue
        for kind, chosen in (
            ("quiet", [o for o in rows if o.condition == QUIET]),
            ("busy", [o for o in rows if o.height]),
        ):
            if chosen:
                labels.append(f"{arm}\n{kind}")
                stacks.append(cost(chosen))
    foot = [0.0] * len(labels)
    for stage in STAGES:
        heights = [stack[stage] for stack in stacks]
        axes.bar(labels, heights, bottom=foot, label=stage)
        foot = [low + high for low, high in zip(foot, heights, strict=True)]
    axes.set_ylabel("CPU s per hour")
    axes.legend(frameon=False)


def _growth(axes: Axes, grown: Sequence[Growth]) -> None:
    cameras = [row.cameras for row in grown]
    axes.plot(cameras, [row.late for row in grown], "o-", label="arrival 95 %, seconds")
    axes.plot(cameras, [row.usual for row in grown], "o-", label="arrival median, seconds")
    axes.plot(cameras, [row.cores for row in grown], "o-", label="worker, cores")
    axes.set_xticks(cameras)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("cameras")
    axes.legend(frameon=False)


def _bars(axes: Axes, labels: list[str], groups: dict[str, list[float]]) -> None:
    width = 0.8 / max(1, len(groups))
    for index, (arm, values) in enumerate(groups.items()):
        places = [place + (index - (len(groups) - 1) / 2) * width for place in range(len(labels))]
        axes.bar(places, values, width, label=arm)
    axes.set_xticks(range(len(labels)), labels)
    axes.legend(frameon=False, ncols=len(groups), loc="upper center")
