"""Still and waving things on a stage, and people who pass them, stop at them and hide behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import things
from .crowd import FASTEST, OUTSIDE, SLOWEST, window
from .stages import GROUNDS, Lane
from .things import Thing

if TYPE_CHECKING:
    import numpy as np

    from .crowd import Corners
    from .scenes import Scene

# Seconds before the first, between walks, at a thing, and after the last: long enough to see
# whether a visit ends while things stay.
LEAD, GAP, STOP, TAIL = 4.0, (10.2, 12.0), (4.0, 7.0), 30.0
# Body heights: between things, in front of or behind a thing, and beside its middle.
APART, NEARER, FARTHER, TOUCHING = 1.2, 0.1, 0.12, 0.35
# Plants in a scene, and their heights to a person's.
PLANTS, PLANT_HEIGHTS = 3, {"bush": (0.8, 1.4), "flag": (1.6, 2.2)}
# A person's height in the composed picture of scenes without people.
USUAL_BODY = 120


def props(scene: Scene, draw: np.random.Generator) -> tuple[Thing, ...]:
    """The things that a scene has, with different places."""
    if scene.plant:
        return _plants(scene, draw)
    if not scene.things:
        return ()
    rows = things.found()[scene.stage, scene.size]
    chosen: list[Thing] = []
    for index in draw.permutation(len(rows)):
        one = rows[int(index)]
        if len(chosen) < scene.things and all(
            abs(one.x - other.x) >= APART * USUAL_BODY for other in chosen
        ):
            chosen.append(one)
    return tuple(chosen)


def _plants(scene: Scene, draw: np.random.Generator) -> tuple[Thing, ...]:
    left, right = window(scene)
    far, near = GROUNDS[scene.stage]
    step = (right - left) / PLANTS
    found = []
    for index in range(PLANTS):
        height = round(float(draw.uniform(*PLANT_HEIGHTS[scene.plant])) * USUAL_BODY)
        found.append(
            Thing(
                kind=scene.plant,
                x=round(left + step * (index + float(draw.uniform(0.3, 0.7)))),
                feet=round(float(draw.uniform(max(far, height) + 40, near - 40))),
                height=height,
                look={"seed": int(draw.integers(1 << 16))},
            )
        )
    return tuple(found)


def walks(
    scene: Scene, draw: np.random.Generator, placed: tuple[Thing, ...]
) -> list[tuple[int, Lane, Corners]]:
    """One person after the other: each passes a thing, or stops at it."""
    ways: list[tuple[int, Lane, Corners]] = []
    at = LEAD
    for walk in range(scene.walks):
        thing = placed[walk % len(placed)]
        behind = walk % 2 == 1 if scene.way == "pass" else walk % 3 == 2  # noqa: PLR2004 - turns
        feet = thing.feet - (FARTHER if behind else -NEARER) * scene.body
        feet = round(min(max(feet, scene.body + 4), 716))
        left, right = window(scene)
        lane = Lane(height=scene.body, left=(left, feet), right=(right, feet))
        start, end = left - OUTSIDE * scene.body, right + OUTSIDE * scene.body
        if draw.random() < 0.5:  # noqa: PLR2004 - either way as often
            start, end = end, start
        speed = float(draw.uniform(SLOWEST, FASTEST)) * scene.body
        corners: Corners = [(at, start)]
        if scene.way == "stop":
            beside = TOUCHING * scene.body if walk % 3 == 0 else 0.0
            spot = thing.x - beside if start < end else thing.x + beside
            there = at + abs(spot - start) / speed
            corners += [(there, spot), (there + float(draw.uniform(*STOP)), spot)]
        since, here = corners[-1]
        corners.append((since + abs(end - here) / speed, end))
        ways.append((walk, lane, corners))
        at = corners[-1][0] + float(draw.uniform(*GAP))
    return ways
