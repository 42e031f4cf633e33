"""Where scenes play: real places without people, and where people walk in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from scripts.lib.assets import asset
from tests.footage import CAR_PARK, HALLWAY, PORCH

from .planes import HEIGHT, WIDTH, Planes
from .video import Pixels, empty_hallway, pictures

NIGHT_ROOM = "videos/ir_night_nobody.mp4"
# The frames of the porch on which the man has left.
PORCH_EMPTY = 50
# Frames a second of the car park's clip.
CAR_PARK_RATE = 12.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Where feet go for people of one height, left to right; what ends it there hides them."""

    height: int
    left: tuple[int, int]
    right: tuple[int, int]
    left_hides: bool = True
    right_hides: bool = True

    def feet(self, x: float) -> float:
        """How far down the feet are at `x`, also beyond the ends."""
        (x1, y1), (x2, y2) = self.left, self.right
        return y1 + (y2 - y1) * (x - x1) / (x2 - x1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A place; `cover` are the polygons of what stands before the lanes."""

    name: str
    lanes: tuple[Lane, ...]
    cover: tuple[tuple[tuple[int, int], ...], ...] = ()
    infrared: bool = False
    moving: bool = False
    # Luma of people here, as a factor of what the hallway's lamps gave them.
    light: float = 1.0

    def lane(self, height: int, choice: int = 0) -> Lane:
        """One of the lanes for this height."""
        fitting = [lane for lane in self.lanes if lane.height == height]
        return fitting[choice % len(fitting)]


BEYOND = 80
# Pillar, arch, and the tree; small people walk on the lawn behind it, where the garden is far.
PORCH_STAGE = Stage(
    name="porch",
    light=0.9,
    cover=(
        ((127, 0), (484, 0), (538, 525), (560, 690), (440, 700), (300, 560), (200, 200)),
        ((1208, 0), (1161, 185), (1056, 422), (963, 607), (884, 720), (1280, 720), (1280, 0)),
        ((668, 0), (668, 90), (650, 135), (830, 135), (812, 90), (812, 0)),
    ),
    lanes=(
        Lane(height=120, left=(440, 470), right=(1160, 430)),
        Lane(height=120, left=(450, 560), right=(1120, 520)),
        Lane(height=60, left=(740, 128), right=(1240, 122)),
        Lane(height=30, left=(740, 88), right=(1240, 80)),
        Lane(height=30, left=(740, 118), right=(1240, 112)),
    ),
)
CAR_PARK_LANES = (
    Lane(height=120, left=(-BEYOND, 420), right=(WIDTH + BEYOND, 400)),
    Lane(height=120, left=(-BEYOND, 640), right=(WIDTH + BEYOND, 560)),
    Lane(height=60, left=(-BEYOND, 240), right=(WIDTH + BEYOND, 260)),
    Lane(height=60, left=(-BEYOND, 500), right=(WIDTH + BEYOND, 440)),
    Lane(height=30, left=(-BEYOND, 140), right=(WIDTH + BEYOND, 120)),
    Lane(height=30, left=(-BEYOND, 300), right=(WIDTH + BEYOND, 330)),
)
STAGES = {
    stage.name: stage
    for stage in (
        PORCH_STAGE,
        Stage(name="car park", lanes=CAR_PARK_LANES, light=0.8),
        Stage(name="car park, cars", lanes=CAR_PARK_LANES, light=0.8, moving=True),
        Stage(
            name="hallway",
            lanes=(
                Lane(height=120, left=(-BEYOND, 520), right=(WIDTH + BEYOND, 520)),
                Lane(height=120, left=(-BEYOND, 640), right=(WIDTH + BEYOND, 620)),
                Lane(height=60, left=(-BEYOND, 450), right=(WIDTH + BEYOND, 460)),
                Lane(height=60, left=(-BEYOND, 560), right=(WIDTH + BEYOND, 560)),
                Lane(height=30, left=(-BEYOND, 440), right=(WIDTH + BEYOND, 445)),
                Lane(height=30, left=(-BEYOND, 500), right=(WIDTH + BEYOND, 490)),
            ),
        ),
        Stage(
            name="night room",
            infrared=True,
            lanes=(
                Lane(height=120, left=(560, 700), right=(WIDTH + BEYOND, 420), left_hides=False),
                Lane(height=60, left=(760, 560), right=(WIDTH + BEYOND, 330), left_hides=False),
                Lane(height=30, left=(820, 500), right=(WIDTH + BEYOND, 260), left_hides=False),
            ),
        ),
    )
}

# Where people can walk at any depth: how far down their feet are at the far end and at the near.
GROUNDS = {
    "car park": (200, 700),
    "car park, cars": (200, 700),
    "hallway": (470, 705),
}


@cache
def still(name: str) -> Pixels:
    """A stage without anybody: (HEIGHT, WIDTH, 3), red, green and blue."""
    match name:
        case "porch":
            picture = _median(pictures(asset(PORCH))[PORCH_EMPTY:])
        case "hallway":
            picture = empty_hallway(pictures(asset(HALLWAY)))
        case "night room":
            picture = _median(pictures(asset(NIGHT_ROOM))[200:400:8])
        case _:
            picture = pictures(asset(CAR_PARK))[0]
    image = Image.fromarray(picture)
    return np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.uint8)


@cache
def cars() -> tuple[Planes, ...]:
    """The car park's clip, forward and back, so that its loop has no visible seam."""
    forth = [Planes.of(picture) for picture in pictures(asset(CAR_PARK))]
    return (*forth, *forth[-2:0:-1])


@cache
def covered(name: str) -> Pixels:
    """255 where something of the stage stands before the lanes, (HEIGHT, WIDTH)."""
    mask = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(mask)
    for polygon in STAGES[name].cover:
        draw.polygon(polygon, fill=255)
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(1)), np.uint8)


@cache
def brick() -> Pixels:
    """The front of the porch's pillar, upright: what can stand in people's way elsewhere."""
    image = Image.fromarray(still("porch"))
    return np.asarray(
        image.transform(
            (80, 400),
            Image.Transform.QUAD,
            (290, 20, 390, 460, 500, 430, 450, 20),
            Image.Resampling.BICUBIC,
        ),
        np.uint8,
    )


def _median(frames: list[Pixels]) -> Pixels:
    return np.asarray(np.median(np.stack(frames), axis=0), np.uint8)
