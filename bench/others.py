"""Actors that are not people: animals with a gait, and cars that come, park and leave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .store import cached_arrays
from .video import Pixels

ROOM = Path(__file__).parent
CODE = tuple(str(ROOM / f"{name}.py") for name in ("cutting", "others", "classes", "video"))
# A gait's frames, played forth and back at ten a second, are a stride of 0.8 s.
STEPS = 5
# The lower part of a figure that is legs; how far feet swing and how high the body rises, as
# shares of its height.
LEGS, SWING, RISE = 0.35, 0.07, 0.03
# The heights between which an animal approaches, in pixels.
FAR, NEAR = 30, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A cut-out's name, its class of COCO, the picture, and its rank among those of the class."""

    name: str
    label: str
    picture: str
    rank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """An animal or vehicle, with what an `Actor` has: cut-outs while it moves and stands."""

    number: int
    name: str
    label: str
    sideways: tuple[Pixels, ...]
    standing: tuple[Pixels, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A way in, a stay and the way out; places are (x, feet) in pixels, times in seconds."""

    start: tuple[float, float]
    spot: tuple[float, float]
    begin: float = 0.0
    way: float = 4.0
    stay: float = 60.0

    @property
    def end(self) -> float:
        """When it has left."""
        return self.begin + 2 * self.way + self.stay

    def place(self, at: float) -> tuple[float, float] | None:
        """Where it is at a time; None before and after. It brakes and accelerates evenly."""
        since = at - self.begin
        if not 0 <= since <= 2 * self.way + self.stay:
            return None
        to_go = max(1 - since / self.way, (since - self.stay) / self.way - 1, 0.0) ** 2
        (x1, y1), (x2, y2) = self.spot, self.start
        return x1 + (x2 - x1) * to_go, y1 + (y2 - y1) * to_go


ANIMALS = (
    Source(name="white dog", label="dog", picture="samples/nobody_dogs.jpg"),
    Source(name="running dog", label="dog", picture="samples/nobody_dogs.jpg", rank=1),
    Source(name="sitting dog", label="dog", picture="voc50/2007_000720.jpg"),
    Source(name="cat", label="cat", picture="samples/nobody_cat.jpg"),
    Source(name="owl", label="bird", picture="samples/nobody_owl.jpg"),
    Source(name="lying cow", label="cow", picture="voc50/2007_000464.jpg", rank=1),
)
VEHICLES = (Source(name="bus", label="bus", picture="voc50/2007_000648.jpg"),)
# Cars of the car park's clip, seen from above: name and the frame on which all of it is seen.
CARS = (("white car", 84), ("blue car", 204), ("red car", 216), ("light car", 332))
# Their height as if the camera hung lower: as it is, and foreshortened.
LOWERED = (1.0, 0.7)


@cache
def animals() -> tuple[Other, ...]:
    """All animals, each with a gait."""
    arrays = _cut_outs()
    return tuple(
        Other(
            number=number,
            name=source.name,
            label=source.label,
            sideways=gait(arrays[source.name]),
            standing=(arrays[source.name],),
        )
        for number, source in enumerate(ANIMALS)
    )


@cache
def vehicles() -> tuple[Other, ...]:
    """Cars, each from as high as the clip and lower, and what pictures show of other vehicles."""
    arrays = _cut_outs()
    named = [
        (f"{name}, lowered" if factor < 1 else name, "car", lowered(arrays[name], factor))
        for name, _ in CARS
        for factor in LOWERED
    ]
    named.extend((source.name, source.label, arrays[source.name]) for source in VEHICLES)
    return tuple(
        Other(number=number, name=name, label=label, sideways=(figure,), standing=(figure,))
        for number, (name, label, figure) in enumerate(named)
    )


def approaching(share: float, far: float = FAR, near: float = NEAR) -> float:
    """The height after this share of the time of somebody who comes closer at an even speed."""
    return 1 / (1 / far + (1 / near - 1 / far) * min(1.0, max(0.0, share)))


def gait(figure: Pixels) -> tuple[Pixels, ...]:
    """Half a stride: fore and hind legs swing against each other, and the body rises between."""
    height, width = figure.shape[:2]
    swing, rise = SWING * height, round(RISE * height)
    pad = round(swing) + 1
    canvas = np.zeros((height + rise, width + 2 * pad, 4), np.uint8)
    canvas[rise:, pad : pad + width] = figure
    phases = np.linspace(0, np.pi, STEPS)
    return tuple(
        _raised(_swung(canvas, height, swing * np.cos(phase)), round(rise * np.sin(phase)))
        for phase in phases
    )


def _swung(canvas: Pixels, height: int, swing: float) -> Pixels:
    """The lower part sheared, at the left one way and at the right the other."""
    rows, columns = np.mgrid[: canvas.shape[0], : canvas.shape[1]].astype(np.float32)
    knee = canvas.shape[0] - LEGS * height
    depth = np.clip((rows - knee) / (LEGS * height), 0, 1)
    source = columns + swing * depth * np.cos(np.pi * columns / canvas.shape[1])
    source = np.clip(source, 0, canvas.shape[1] - 1.001)
    left, row = source.astype(np.intp), rows.astype(np.intp)
    part = (source - left)[:, :, None]
    mixed = canvas[row, left] * (1 - part) + canvas[row, left + 1] * part
    return np.asarray(mixed, np.uint8)


def _raised(canvas: Pixels, rise: int) -> Pixels:
    """Moved up; the rows at the top are empty."""
    raised = np.zeros_like(canvas)
    raised[: canvas.shape[0] - rise] = canvas[rise:]
    return raised


def lowered(figure: Pixels, factor: float) -> Pixels:
    """A figure with this share of its height, each row the mean of those that it replaces."""
    height = max(1, round(figure.shape[0] * factor))
    edges = np.linspace(0, figure.shape[0], height + 1).round().astype(np.intp)
    sums = np.add.reduceat(figure.astype(np.float32), edges[:-1], axis=0)
    return np.asarray(sums / np.diff(edges)[:, None, None], np.uint8)


def _cut_outs() -> dict[str, Pixels]:
    return cached_arrays("others", CODE, _cut)


def _cut() -> dict[str, Pixels]:
    # Needs OpenCV, which only the environment of the benchmark has.
    from .cutting import cars_of_the_clip, of_pictures  # noqa: PLC0415 - as said

    return of_pictures((*ANIMALS, *VEHICLES)) | cars_of_the_clip(dict(CARS))
