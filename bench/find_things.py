"""Searches for still things that the model takes for a person half the time.

`python -m bench.find_things` draws things from a seed, puts them on stages, asks the model, and
writes those with scores from LEAST to MOST to things.json, with their scores.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from porchlight.vision.geometry import as_array, iou
from porchlight.vision.types import Box
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

from scripts.lib.assets import asset

from .beside import USUAL_BODY
from .compose import Composer
from .crowd import window
from .encode import as_sent
from .plan import Plan
from .run import ENGINE, MODEL, THREADS
from .scenes import FULL, WIDE, Scene
from .stages import GROUNDS
from .things import FOUND, KINDS, Thing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from porchlight.vision.types import Detection

    from .actors import Actor
    from .things import Look

# Scores as a person that make a thing interesting, and the least overlap of box and thing.
LEAST, MOST, SAME = 0.25, 0.6, 0.3
STAGES, SIZES = ("car park", "hallway"), (WIDE, FULL)
# Things on one picture, pictures at most, things wanted for each stage and size, and of one kind.
COLUMNS, PICTURES, WANTED, OF_KIND = 5, 100, 9, 4
# The side of a close look, in pixels of a picture of 720 lines and of a smaller one.
CLOSE = {720: 416, 360: 240}
HEIGHTS = (0.7, 1.25)
COLOURS = ((200, 90, 30), (60, 70, 130), (120, 120, 118), (150, 30, 35), (40, 42, 45), (90, 75, 55))


def drawn(kind: str, draw: np.random.Generator) -> Look:
    """A random look."""
    colour = [int(value) for value in COLOURS[int(draw.integers(len(COLOURS)))]]
    if kind in {"figure", "statue"}:
        stone = kind == "statue"
        return {
            "actor": int(draw.integers(4)),
            "walking": bool(draw.integers(2)),
            "step": int(draw.integers(8)),
            "gamma": round(float(draw.uniform(0.8, 2.2)), 2),
            "colour": [135, 133, 126] if stone else colour,
            "flat": round(float(draw.uniform(0.7, 0.95) if stone else draw.uniform(0.2, 1)), 2),
            "shown": 1.0 if stone else round(float(draw.uniform(0.4, 1)), 2),
            "stretch": round(float(draw.uniform(0.6, 1.7)), 2),
            "blur": round(float(draw.uniform(0, 5)), 1),
        }
    if kind == "sign":
        return {
            "plate": int(draw.integers(45, 110)),
            "pole": int(draw.integers(8, 22)),
            "round": bool(draw.integers(2)),
            "second": int(draw.choice((0, 60, 140, 240))),
            "colour": colour,
        }
    if kind == "cone":
        return {"colour": [215, 85, 25], "slim": round(float(draw.uniform(0.12, 0.32)), 2)}
    return {
        "colour": colour,
        "wide": int(draw.integers(60, 105)),
        "long": int(draw.integers(330, 560)),
        "hat": bool(draw.random() < 0.7),  # noqa: PLR2004 - most have one
    }


def search(
    stage: str, size: tuple[int, int], detector: Detector, draw: np.random.Generator
) -> list[Thing]:
    """The things with interesting scores on a stage, no more than OF_KIND of one kind."""
    found: list[Thing] = []
    for _ in range(PICTURES):
        things = _scattered(stage, size, draw)
        for thing in scored(stage, size, things, detector):
            same = sum(other.kind == thing.kind for other in found)
            if same < OF_KIND and _interesting(thing):
                # Alone: what stands beside it changes the model's mind.
                (alone,) = scored(stage, size, (thing,), detector)
                if _interesting(alone):
                    found.append(alone)
        if len(found) >= WANTED:
            break
    return found


def _interesting(thing: Thing) -> bool:
    return LEAST <= thing.crop <= MOST and thing.frame <= MOST


def scored(
    stage: str,
    size: tuple[int, int],
    things: tuple[Thing, ...],
    detector: Detector,
    people: Sequence[Actor] | None = None,
) -> list[Thing]:
    """Things with the model's scores: on the whole picture, and in a close look at each."""
    scene = _scene(stage, size)
    plan = Plan(strolls=(), pillars=(), seconds=0.1, things=things, deep=True)
    composer = Composer(scene, people, plan)
    _, picture, sights = next(composer.frames())
    frame = as_sent(picture, composer)
    whole = detector.people(frame)
    pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    rows = {sight.person: Box(*sight.box) for sight in sights}
    results = []
    for number, thing in enumerate(things):
        crop, box = _close(pixels, rows[number], detector.layout.side)
        results.append(
            replace(
                thing,
                crop=_best(detector.people_in(crop), box),
                frame=_best(whole, rows[number]),
            )
        )
    return results


def _scene(stage: str, size: tuple[int, int]) -> Scene:
    return Scene(
        name="search",
        stage=stage,
        height=0,
        condition="search",
        weather="day",
        way="nobody",
        codec="h264",
        gop=2,
        fps=10,
        seed=1,
        walks=0,
        half="tune",
        size=size,
    )


def _scattered(stage: str, size: tuple[int, int], draw: np.random.Generator) -> tuple[Thing, ...]:
    left, right = window(_scene(stage, size))
    far, near = GROUNDS[stage]
    step = (right - left) / COLUMNS
    things = []
    for column in range(COLUMNS):
        height = round(float(draw.uniform(*HEIGHTS)) * USUAL_BODY)
        kind = KINDS[int(draw.integers(len(KINDS)))]
        things.append(
            Thing(
                kind=kind,
                x=round(left + step * (column + float(draw.uniform(0.3, 0.7)))),
                feet=int(draw.integers(max(far, height + 30), near - 15)),
                height=height,
                look=drawn(kind, draw),
            )
        )
    return tuple(things)


def _close(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], box: Box, side: int
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], Box]:
    """A square around a box in the model's size, and where the box is there."""
    height, width = pixels.shape[:2]
    cut = CLOSE[height]
    x, y = box.centre
    left = round(min(max(0, x * width - cut / 2), width - cut))
    top = round(min(max(0, y * height - cut / 2), height - cut))
    part = Image.fromarray(pixels[top : top + cut, left : left + cut])
    where = Box(
        (box.x1 * width - left) / cut,
        (box.y1 * height - top) / cut,
        (box.x2 * width - left) / cut,
        (box.y2 * height - top) / cut,
    )
    return np.asarray(part.resize((side, side), Image.Resampling.BILINEAR), np.uint8), where


def _best(detections: Sequence[Detection], box: Box) -> float:
    """The best score of the detections at a place; 0 without one."""
    if not detections:
        return 0.0
    overlaps = iou(as_array([one.box for one in detections]), as_array([box]))[:, 0]
    scores = [one.score for one, same in zip(detections, overlaps, strict=True) if same >= SAME]
    return round(float(max(scores, default=0.0)), 3)


def main() -> None:
    """Search on all stages and sizes, and write what was found."""
    detector = Detector(load(ENGINE, asset(MODEL), THREADS))
    groups = []
    for number, (stage, size) in enumerate((stage, size) for stage in STAGES for size in SIZES):
        things = search(stage, size, detector, np.random.default_rng((2026, number)))
        sys.stderr.write(f"{stage} {size}: {sorted(thing.kind for thing in things)}\n")
        rows = ",\n".join(f"  {json.dumps(asdict(thing))}" for thing in things)
        where = f'"stage": {json.dumps(stage)}, "size": {json.dumps(size)}'
        groups.append(f'{{{where}, "things": [\n{rows}\n]}}')
        # At once: the search takes minutes.
        FOUND.write_text("[" + ",\n".join(groups) + "]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
