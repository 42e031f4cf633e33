"""People cut out of the hallway footage: whole figures, walking sideways and standing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.footage import HALLWAY_WALKS

from .store import cached_arrays
from .video import Pixels

MATTE = Path(__file__).with_name("matte.py")
# Fewer cut-outs than this are no walk.
FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One person; each cut-out is (height, width, 4), red, green, blue and opacity."""

    number: int
    sideways: tuple[Pixels, ...]
    standing: tuple[Pixels, ...]


@cache
def cast() -> tuple[Actor, ...]:
    """Everybody of whom the footage has whole figures, sideways walkers facing right."""
    arrays = cached_arrays("actors", (str(MATTE),), _everybody)
    return tuple(
        Actor(
            number=number,
            sideways=_of(arrays, number, "sideways"),
            standing=_of(arrays, number, "standing"),
        )
        for number in range(len(HALLWAY_WALKS))
        if all(len(_of(arrays, number, what)) >= FEWEST for what in ("sideways", "standing"))
    )


def _of(arrays: dict[str, Pixels], number: int, what: str) -> tuple[Pixels, ...]:
    prefix = f"{number}-{what}-"
    return tuple(arrays[name] for name in sorted(arrays) if name.startswith(prefix))


def _everybody() -> dict[str, Pixels]:
    # Needs OpenCV, which only the environment of the benchmark has.
    from .matte import everybody  # noqa: PLC0415 - as said

    return everybody()
