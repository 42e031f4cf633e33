"""Gives a case's packets to an arm as a camera would, and records its decisions and its cost."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from time import thread_time
from typing import TYPE_CHECKING

import av
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

from scripts.lib.assets import asset
from scripts.lib.processes import peak

from .arms import GUIDED, maker
from .arms.guided import Guided
from .arms.protocol import Sample, SeenCrossing, SeenVisit, Stage, Stream
from .truth import Moment, TrueCrossing, TrueWalk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from .arms.protocol import Make
    from .cases import Case
    from .truth import Corners

MODEL, ENGINE, THREADS = "models/yolox_nano_416_float16.tflite", "litert", 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of an arm on a case; CPU seconds and counts by stage, memory in MB."""

    case: str
    condition: str
    height: int
    seconds: float
    walks: tuple[TrueWalk, ...]
    visits: tuple[SeenVisit, ...]
    cpu: dict[Stage, float]
    counts: dict[Stage, int]
    memory: float
    # What the arm reported about counts and lines, and the truth of them; there is no such truth
    # of clips. `crossings` is None if the arm knows no lines.
    samples: tuple[Sample, ...] = ()
    crossings: tuple[SeenCrossing, ...] | None = None
    moments: tuple[Moment, ...] = ()
    true_crossings: tuple[TrueCrossing, ...] = ()


def run(
    case: Case, make: Make, detector: Detector, clock: Callable[[], float] = thread_time
) -> Outcome:
    """Run an arm on a case. Packets arrive as a camera would send them."""
    arrivals = iter(_arrivals(case.path))
    with av.open(str(case.path)) as container:
        video = container.streams.video[0]
        arm = make(Stream.of(container, case.truth.lines if case.truth else ()), detector)
        packets = container.demux(video)
        whole, demux, free_at, at = 0.0, 0.0, 0.0, 0.0
        while True:
            start = clock()
            packet = next(packets, None)
            if packet is None or packet.pts is None:
                break
            demux += clock() - start
            at = next(arrivals)
            start = clock()
            # An arm that is still busy with earlier packets begins later.
            arm.meter.begin(max(0.0, free_at - at))
            arm.packet(packet, at)
            spent = clock() - start
            whole += spent
            free_at = max(free_at, at) + spent
        arm.close(at)
    cpu = dict(arm.meter.seconds)
    cpu["rest"] += max(0.0, whole - sum(cpu.values()))
    cpu["demux"] += demux
    return Outcome(
        case=case.name,
        condition=case.condition,
        height=case.height,
        seconds=case.seconds,
        walks=case.walks,
        visits=tuple(arm.visits),
        cpu=cpu,
        counts=dict(arm.meter.counts),
        memory=peak(),
        samples=tuple(arm.samples),
        crossings=tuple(arm.crossings) if arm.crossings is not None else None,
        moments=case.truth.moments() if case.truth else (),
        true_crossings=case.truth.crossings() if case.truth else (),
    )


def _arrivals(path: Path) -> list[float]:
    """When each packet of a file arrives, in seconds after its first picture.

    With B-frames, packets come in another order than pictures. A camera sends them evenly, and none
    before its picture.
    """
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        shown = [packet.pts for packet in container.demux(video) if packet.pts is not None]
        ordered = sorted(shown)
        delay = max((late - early for late, early in zip(shown, ordered, strict=True)), default=0)
        base = float(video.time_base or 0)
        # Recordings need not begin at 0.
        return [(early + delay - ordered[0]) * base for early in ordered]


def run_named(arm: str, case: Case) -> Outcome:
    """Like `run`, with the model that all arms use."""
    make = maker(arm) if arm != GUIDED else _guided(case)
    return run(case, make, Detector(load(ENGINE, asset(MODEL), THREADS)))


def _guided(case: Case) -> Make:
    if case.truth is None:
        raise ValueError(f"{case.name} has no ground truth for each frame")
    return partial(Guided, truth=case.truth)


def save(outcomes: list[Outcome], path: Path) -> None:
    """Write as JSON, one outcome in a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps(_plain(one), separators=(",", ":")) for one in outcomes]
    path.write_text("[" + ",\n".join(rows) + "]\n", encoding="utf-8")


def restore(path: Path) -> list[Outcome]:
    """Read what `save` wrote."""
    return [_outcome(row) for row in json.loads(path.read_text(encoding="utf-8"))]


def _plain(outcome: Outcome) -> dict[str, Any]:
    row = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    row["walks"] = [asdict(walk) for walk in outcome.walks]
    row["visits"] = [asdict(visit) for visit in outcome.visits]
    return row


def _outcome(row: dict[str, Any]) -> Outcome:
    made = Outcome(
        **{
            **row,
            "walks": tuple(TrueWalk(**walk) for walk in row["walks"]),
            "visits": tuple(SeenVisit(**visit) for visit in row["visits"]),
        }
    )
    crossings = made.crossings
    return replace(
        made,
        samples=tuple(Sample(*one[:-1], _boxes(one[-1])) for one in made.samples),
        crossings=None if crossings is None else tuple(SeenCrossing(*one) for one in crossings),
        moments=tuple(Moment(*one[:-1], _boxes(one[-1]) or ()) for one in made.moments),
        true_crossings=tuple(TrueCrossing(*one) for one in made.true_crossings),
    )


def _boxes(rows: Any) -> tuple[tuple[int, Corners], ...] | None:
    if rows is None:
        return None
    return tuple((number, tuple(box)) for number, box in rows)
