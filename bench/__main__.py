"""`scripts/bench decisions`: runs arms on scenes and clips and prints their scores."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from .arms import ARMS, GUIDED
from .cases import cases
from .grown import restore as restore_growth
from .reach import seen_by_the_model
from .report import reach_table, tables, write
from .run import restore, run_named, save
from .scenes import HALVES
from .store import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .cases import Case
    from .run import Outcome


def main(arguments: Sequence[str]) -> int:
    """Run what the command line requests."""
    options = _options(arguments)
    if options.reach:
        text = reach_table(seen_by_the_model(options.half, options.only))
        sys.stdout.write(text)
        if options.write:
            write("What the model sees", text, options.write / "reach.md")
        return 0
    outcomes: dict[str, list[Outcome]] = {}
    chosen = [] if options.kept else list(cases(options.half, options.only))
    for arm in options.arm or (*ARMS, GUIDED):
        kept = options.keep / f"{arm}.json"
        if not options.kept:
            outcomes[arm] = restore(kept) if options.resume and kept.exists() else []
            done = {outcome.case for outcome in outcomes[arm]}
            rest = [case for case in chosen if case.name not in done and _suits(arm, case)]
            for outcome in run_all(arm, rest, options.jobs):
                outcomes[arm].append(outcome)
                # At once, so that an interrupted run leaves its results so far.
                save(outcomes[arm], kept)
        elif kept.exists():
            outcomes[arm] = restore(kept)
    if not any(outcomes.values()):
        sys.stderr.write("No scene or clip has such a name, or there are no stored results.\n")
        return 1
    grown = restore_growth(options.keep)
    text = tables(outcomes, grown)
    sys.stdout.write(text)
    if options.write:
        # Needs matplotlib, which only the environment of the benchmark has.
        from .plots import draw  # noqa: PLC0415 - see above

        pictures = draw(outcomes, options.write, grown)
        write("The figures", text, options.write / "figures.md", pictures)
    return 0


def _suits(arm: str, case: Case) -> bool:
    return arm != GUIDED or (case.truth is not None and bool(case.walks))


def run_all(arm: str, chosen: Sequence[Case], jobs: int) -> Iterator[Outcome]:
    """Run an arm on all cases, each in its own process, to measure the arm's memory alone."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for outcome in pool.map(partial(run_named, arm), chosen):
            sys.stderr.write(f"{arm} {outcome.case}: {len(outcome.visits)} visits\n")
            yield outcome


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench decisions", description=__doc__)
    parser.add_argument("--half", choices=HALVES, help="only this half of the scenes")
    parser.add_argument(
        "--arm", action="append", choices=(*ARMS, GUIDED), help="only this arm; may be repeated"
    )
    parser.add_argument(
        "--only", default="*", metavar="PATTERN", help="only cases with such names: '*rain*'"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many cases run at once")
    parser.add_argument(
        "--keep", type=Path, default=FOLDER / "outcomes", help="where outcomes are written"
    )
    parser.add_argument("--kept", action="store_true", help="run nothing, use stored outcomes")
    parser.add_argument("--resume", action="store_true", help="skip cases with an outcome")
    parser.add_argument("--reach", action="store_true", help="no arms, only the model's scores")
    parser.add_argument(
        "--write", type=Path, metavar="FOLDER", help="write tables and plots to files"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
