"""One engine with one model in a process of its own, for `bench.engines`.

python -m bench.one_engine ENGINE MODEL THREADS

It first prints the cost of loading. Then it answers each input line with a line of JSON: `pace N`
with the milliseconds of each of N runs, `find` with the detections on each picture, `find nudged`
with those for pixels that are brighter by the smallest possible amount.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from scripts.lib.processes import peak
from tests import bare  # noqa: F401 - makes `porchlight` importable

# isort: split
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from porchlight.worker.engines import Engine


def main(name: str, model: str, threads: str) -> int:
    """Load the model, then answer each line until the input ends."""
    start = perf_counter()
    engine = load(name, Path(model), int(threads))
    seconds = perf_counter() - start
    (spec,) = engine.inputs
    engine.run(np.zeros(spec.shape, spec.dtype))
    _answer({"version": engine.version, "seconds": seconds, "megabytes": peak()})
    detector = Detector(engine)
    tensor: Any = None
    for line in sys.stdin:
        match line.split():
            case ["pace", runs]:
                if tensor is None:
                    tensor = detector.layout.head().feed(_picture(detector.layout.side))
                _answer([_timed(engine, tensor) for _ in range(int(runs))])
            case ["find"]:
                _answer(dict(_found(detector)))
            case ["find", "nudged"]:
                _answer(dict(_found(_nudged(engine))))
    return 0


def _answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


def _timed(engine: Engine, tensor: Any) -> float:
    start = perf_counter()
    engine.run(tensor)
    return (perf_counter() - start) * 1000


# Imported late: these imports must not count as an engine's cost.
def _picture(side: int) -> Any:
    """A real picture that fills a model's input."""
    from PIL import Image  # noqa: PLC0415 - see above

    from tests.accuracy import SAMPLES  # noqa: PLC0415 - see above

    with Image.open(SAMPLES / "person_porch.jpg") as image:
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))


def _nudged(engine: Engine) -> Detector:
    from tests.accuracy import Nudged  # noqa: PLC0415 - see above

    return Detector(Nudged(engine))


def _found(detector: Detector) -> Iterator[tuple[str, list[list[float]]]]:
    from tests.accuracy import on_all  # noqa: PLC0415 - see above

    for name, (boxes, scores) in on_all(detector):
        yield name, np.column_stack([boxes, scores]).tolist()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
