"""Both engines on the four models, on one machine in one run: agreement, speed, cost."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from scripts.lib.assets import AssetError, asset
from tests.accuracy import MODELS, PICTURES, Found, agreement_on_all, average_precision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Runs of one engine before the next one's turn; the first is a warm-up.
TURN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """An engine on a C library: how to start its processes."""

    title: str
    engine: str
    command: tuple[str, ...] = (sys.executable,)
    environment: dict[str, str] = field(default_factory=dict)


LITERT = Lane(title="LiteRT", engine="litert")
NCNN = Lane(title="ncnn", engine="ncnn")


def on_musl(python: str, wheels: str) -> Lane:
    """The lane of a musl interpreter with wheels in a folder."""
    return Lane(
        title="ncnn, musl",
        engine="ncnn",
        command=(python, "-S"),
        environment={"PYTHONPATH": f"{wheels}:."},
    )


class Running:
    """A process of a lane, with one model."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.cost: dict[str, Any] = self._answer()

    def pace(self, runs: int) -> list[float]:
        """Milliseconds of each run."""
        milliseconds: list[float] = self._ask(f"pace {runs}")
        return milliseconds

    def find(self, how: str = "") -> dict[str, Found]:
        """The detections on each picture."""
        return {name: _found(rows) for name, rows in self._ask(f"find {how}").items()}

    def _ask(self, line: str) -> Any:
        print(line, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise ChildProcessError(f"{self._process.args!r} gave no answer")
        return json.loads(line)


def _found(rows: list[list[float]]) -> Found:
    array = np.array(rows, np.float32).reshape(-1, 5)
    return Found(array[:, :4], array[:, 4])


@contextmanager
def running(lane: Lane, model: str, threads: int) -> Iterator[Running]:
    """A process of a lane, which ends with the context."""
    command = [*lane.command, "-m", "bench.one_engine", lane.engine, str(asset(model))]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, str(threads)],
        env=os.environ | lane.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Running(process)
        if process.stdin:
            process.stdin.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The results of one model in each lane, LiteRT's first."""

    name: str
    found: list[dict[str, Found]]
    nudged: dict[str, Found]
    costs: list[dict[str, Any]]
    paces: dict[int, list[float]]


def measure(name: str, lanes: Sequence[Lane], runs: int) -> Measured:
    """Measure one model in all lanes. Raises AssetError, ChildProcessError."""
    paces = {}
    for threads in (1, 2):
        print(f"{Path(name).stem}, {threads} threads", file=sys.stderr)
        with ExitStack() as stack:
            engines = [stack.enter_context(running(lane, name, threads)) for lane in lanes]
            paces[threads] = _paces(engines, runs)
            if threads == 1:
                costs = [engine.cost for engine in engines]
            else:
                found = [engine.find() for engine in engines]
                nudged = engines[0].find("nudged")
    return Measured(name=Path(name).stem, found=found, nudged=nudged, costs=costs, paces=paces)


def _paces(engines: Sequence[Running], runs: int) -> list[float]:
    """Median milliseconds of each; they take turns, so that other load affects all alike."""
    times: list[list[float]] = [[] for _ in engines]
    for _ in range(1 + -(-runs // TURN)):
        for engine, taken in zip(engines, times, strict=True):
            taken.extend(engine.pace(TURN))
    return [median(taken[TURN:]) for taken in times]


def agreement_table(measured: Sequence[Measured], lanes: Sequence[Lane]) -> list[str]:
    """Markdown."""
    titles = [lane.title for lane in lanes]
    lines = _head("model", *titles[1:], "LiteRT, nudged", *(f"AP50, {title}" for title in titles))
    for one in measured:
        litert = one.found[0]
        same = [agreement_on_all(litert, other) for other in [*one.found[1:], one.nudged]]
        figures = [f"{pairs} of {total}" for pairs, total in same]
        figures += [f"{average_precision(found):.4f}" for found in one.found]
        lines.append(_row(one.name, *figures))
    return lines


def speed_table(measured: Sequence[Measured], lanes: Sequence[Lane]) -> list[str]:
    """Markdown."""
    others = [title for lane in lanes[1:] for title in (f"{lane.title}, ms", "to LiteRT")]
    lines = _head("model", "threads", "LiteRT, ms", *others)
    for one in measured:
        for threads, (litert, *rest) in one.paces.items():
            figures = [text for pace in rest for text in (f"{pace:.1f}", f"{pace / litert:.2f}")]
            lines.append(_row(one.name, str(threads), f"{litert:.1f}", *figures))
    return lines


def cost_table(measured: Sequence[Measured], lanes: Sequence[Lane]) -> list[str]:
    """Markdown."""
    lines = _head("model", "engine", "load, s", "peak memory, MB")
    for one in measured:
        for lane, cost in zip(lanes, one.costs, strict=True):
            figures = f"{cost['seconds']:.2f}", f"{cost['megabytes']:.0f}"
            lines.append(_row(one.name, lane.title, *figures))
    return lines


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(*cells: str) -> list[str]:
    return [_row(*cells), _row(*("---" for _ in cells))]


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="scripts/bench engines", description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="runs of each engine for each figure")
    parser.add_argument("--musl", nargs=2, metavar=("PYTHON", "WHEELS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not PICTURES.is_dir():
        print(f"The pictures are not in {PICTURES}; set PORCHLIGHT_ASSETS to where they are")
        return 1
    lanes = [LITERT, NCNN, *([on_musl(*arguments.musl)] if arguments.musl else [])]
    try:
        measured = [measure(name, lanes, arguments.runs) for name in MODELS]
    except (AssetError, ChildProcessError) as error:
        print(error)
        return 1
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    versions = [
        f"{lane.title} {cost['version']}"
        for lane, cost in zip(lanes, measured[0].costs, strict=True)
    ]
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {', '.join(versions)}")
    for title, table in (
        ("Agreement", agreement_table),
        ("Speed", speed_table),
        ("Cost", cost_table),
    ):
        print(f"\n### {title}\n", *table(measured, lanes), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
