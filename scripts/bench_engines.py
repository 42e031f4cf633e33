"""Both engines on the four models, on one machine in one run: agreement, speed, cost."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from scripts.assets import AssetError, asset
from tests.accuracy import (
    MODELS,
    PICTURES,
    SAMPLES,
    agreement_on_all,
    average_precision,
    on_all,
)

# isort: split
# Importable by what `tests.accuracy` imports.
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

if TYPE_CHECKING:
    from porchlight.worker.engines import Engine

ENGINES = ("litert", "ncnn")
DEFAULT_MODEL = MODELS[0]
SAMPLE = SAMPLES / "person_porch.jpg"
WARM_UP = 5


def picture(side: int) -> Any:
    """A real picture that fills a model's input."""
    with Image.open(SAMPLE) as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))


def paces(model: Path, threads: int, runs: int) -> tuple[dict[str, float], str]:
    """Median milliseconds of each engine, which take turns; and their versions."""
    engines = {name: load(name, model, threads) for name in ENGINES}
    detector = Detector(engines["litert"])
    tensor = detector.layout.head().feed(picture(detector.layout.side))
    times: dict[str, list[float]] = {name: [] for name in ENGINES}
    for _ in range(WARM_UP + runs):
        for name, engine in engines.items():
            times[name].append(_timed(engine, tensor))
    versions = ", ".join(f"{name} {engine.version}" for name, engine in engines.items())
    return {name: median(taken[WARM_UP:]) * 1000 for name, taken in times.items()}, versions


def _timed(engine: Engine, tensor: Any) -> float:
    start = perf_counter()
    engine.run(tensor)
    return perf_counter() - start


def cost(engine: str, model: Path) -> dict[str, float]:
    """Seconds from importing an engine to its being loaded, and the process's peak megabytes."""
    command = [sys.executable, "-m", __spec__.name, "--one", engine, str(model)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
    values: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return values


def one(engine: str, model: Path) -> None:
    """What `cost` starts: print one engine's cost."""
    start = perf_counter()
    loaded = load(engine, model, 1)
    seconds = perf_counter() - start
    spec = loaded.inputs[0]
    loaded.run(np.zeros(spec.shape, spec.dtype))
    # The kernel's other figure, of resource usage, is inherited from who started us.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "megabytes": peak / 1024}))


def speed_table(runs: int) -> list[str]:
    """Markdown."""
    lines = [
        "| model | threads | LiteRT, ms | ncnn, ms | ncnn to LiteRT |",
        "| --- | --- | --- | --- | --- |",
    ]
    versions = ""
    for name in MODELS:
        for threads in (1, 2):
            times, versions = paces(asset(name), threads, runs)
            litert, ncnn = (times[engine] for engine in ENGINES)
            lines.append(
                f"| {Path(name).stem} | {threads} | {litert:.1f} | {ncnn:.1f}"
                f" | {ncnn / litert:.2f} |"
            )
    return [f"Medians of {runs} runs in turns, {versions}.", "", *lines]


def cost_table() -> list[str]:
    """Markdown."""
    lines = ["| model | engine | load, s | peak memory, MB |", "| --- | --- | --- | --- |"]
    for name in MODELS:
        for engine in ENGINES:
            values = cost(engine, asset(name))
            lines.append(
                f"| {Path(name).stem} | {engine} | {values['seconds']:.2f}"
                f" | {values['megabytes']:.0f} |"
            )
    return lines


def agreement_table() -> list[str]:
    """Markdown."""
    lines = [
        "| model | the same detections | person AP50, LiteRT | person AP50, ncnn |",
        "| --- | --- | --- | --- |",
    ]
    for name in MODELS:
        litert, ncnn = (dict(on_all(Detector(load(one, asset(name), 2)))) for one in ENGINES)
        pairs, total = agreement_on_all(litert, ncnn)
        lines.append(
            f"| {Path(name).stem} | {pairs} of {total}"
            f" | {average_precision(litert):.4f} | {average_precision(ncnn):.4f} |"
        )
    return lines


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="scripts/bench engines", description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="of each engine for each figure")
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "MODEL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one[0], Path(arguments.one[1]))
        return 0
    if not PICTURES.is_dir():
        print(f"The pictures are not in {PICTURES}; set PORCHLIGHT_ASSETS to where they are")
        return 1
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    try:
        parts = {
            "Agreement": agreement_table(),
            "Speed": speed_table(arguments.runs),
            "Cost": cost_table(),
        }
    except AssetError as error:
        print(error)
        return 1
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {platform.libc_ver()[0] or 'musl'}")
    for title, lines in parts.items():
        print(f"\n### {title}\n", *lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
