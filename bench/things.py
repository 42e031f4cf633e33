"""Still things that look a little like a person: frozen, changed figures and drawn shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .actors import Actor
    from .video import Pixels

FOUND = Path(__file__).with_name("things.json")
# Pictures are drawn in this height, and twice as large first, for smooth edges.
TALL, TWICE = 320, 2
KINDS = ("figure", "statue", "sign", "cone", "coat")

type Look = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A thing on a stage: its middle and foot in composed pixels, and how it looks.

    `crop` and `frame` are the model's scores for it as a person, near and on the whole picture.
    """

    kind: str
    x: int
    feet: int
    height: int
    look: Look
    crop: float = 0.0
    frame: float = 0.0


@cache
def found() -> dict[tuple[str, tuple[int, int]], tuple[Thing, ...]]:
    """The things that `find_things` found, by stage and by size of the picture."""
    rows = json.loads(FOUND.read_text(encoding="utf-8"))
    return {
        (group["stage"], (group["size"][0], group["size"][1])): tuple(
            Thing(**row) for row in group["things"]
        )
        for group in rows
    }


def cut_out(kind: str, look: Look, people: Sequence[Actor]) -> Pixels:
    """A thing's picture, (height, width, 4); equal looks give equal pictures."""
    match kind:
        case "figure":
            return _figure(look, people)
        case "statue":
            return _statue(look, people)
        case "sign":
            return _sign(look)
        case "cone":
            return _cone(look)
        case _:
            return _coat(look)


def _figure(look: Look, people: Sequence[Actor]) -> Pixels:
    """A person's cut-out that never moves: blurred, dark, in one color, stretched, half hidden."""
    actor = people[look["actor"] % len(people)]
    cycle = actor.sideways if look["walking"] else actor.standing
    rgba = cycle[look["step"] % len(cycle)].astype(np.float32)
    plain = np.array(look["colour"], np.float32)
    rgba[:, :, :3] = 255 * (rgba[:, :, :3] / 255) ** look["gamma"]
    rgba[:, :, :3] += (plain - rgba[:, :, :3]) * look["flat"]
    height = rgba.shape[0]
    # What hides the rest is not drawn: a hedge or a wall would be a shape of its own.
    rgba = rgba[: round(height * look["shown"])]
    image = Image.fromarray(np.clip(rgba, 0, 255).astype(np.uint8), "RGBA")
    size = (max(8, round(image.width * look["stretch"])), image.height)
    image = image.resize(size, Image.Resampling.BILINEAR)
    return _soft(image, look["blur"])


def _statue(look: Look, people: Sequence[Actor]) -> Pixels:
    """A figure of stone on a plinth."""
    body = Image.fromarray(_figure(look, people), "RGBA").resize((110, 250))
    image = Image.new("RGBA", (150, TALL))
    draw = ImageDraw.Draw(image)
    colour = tuple(look["colour"])
    draw.rectangle((25, 245, 125, TALL), fill=(*(value * 3 // 4 for value in colour), 255))
    image.alpha_composite(body, (20, 0))
    return _soft(image, 0)


def _sign(look: Look) -> Pixels:
    """A signpost: a pole with a round or a square plate, and perhaps a second one below."""
    image, draw = _sheet(140)
    middle, half, colour = 140, look["plate"], tuple(look["colour"])
    draw.rectangle((middle - look["pole"], 20, middle + look["pole"], 640), fill=(90, 92, 95, 255))
    box = (middle - half, 4, middle + half, 4 + 2 * half)
    (draw.ellipse if look["round"] else draw.rectangle)(box, fill=(*colour, 255))
    low = 4 + 2 * half + 16
    if look["second"]:
        draw.rectangle(
            (middle - half - 10, low, middle + half + 10, low + look["second"]),
            fill=(*(255 - value // 2 for value in colour), 255),
        )
    return _shrunk(image)


def _cone(look: Look) -> Pixels:
    """A traffic cone with light stripes."""
    image, draw = _sheet(260)
    colour, slim = tuple(look["colour"]), look["slim"]
    for row in range(10, 600):
        half = 14 + (row - 10) * slim
        light = any(start <= row < start + 90 for start in (150, 350))
        fill = (225, 225, 220) if light else colour
        draw.line((260 - half, row, 260 + half, row), fill=(*fill, 255))
    foot = 14 + 590 * slim + 40
    draw.rectangle((260 - foot, 600, 260 + foot, 640), fill=(*colour, 255))
    return _shrunk(image)


def _coat(look: Look) -> Pixels:
    """A coat, perhaps with a hat, on a stand."""
    image, draw = _sheet(150)
    colour = (*look["colour"], 255)
    dark = (*(value * 2 // 3 for value in look["colour"]), 255)
    draw.rectangle((145, 20, 155, 640), fill=(70, 50, 35, 255))
    draw.rectangle((90, 625, 210, 640), fill=(70, 50, 35, 255))
    wide, long = look["wide"], look["long"]
    draw.polygon(
        [
            (150 - wide * 0.6, 110),
            (150 + wide * 0.6, 110),
            (150 + wide, long),
            (150 - wide, long),
        ],
        fill=colour,
    )
    for side in (-1, 1):
        draw.polygon(
            [
                (150 + side * wide * 0.6, 112),
                (150 + side * wide * 1.15, long * 0.75),
                (150 + side * wide * 0.75, long * 0.77),
            ],
            fill=dark,
        )
    if look["hat"]:
        draw.ellipse((150 - 38, 14, 150 + 38, 92), fill=dark)
    return _shrunk(image)


def _sheet(half: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (2 * half, TALL * TWICE))
    return image, ImageDraw.Draw(image)


def _shrunk(image: Image.Image) -> Pixels:
    size = (image.width // TWICE, image.height // TWICE)
    return _soft(image.resize(size, Image.Resampling.BOX), 0)


def _soft(image: Image.Image, blur: float) -> Pixels:
    """Blurred, and without empty borders; the color of nothing does not bleed in."""
    rgba = np.asarray(image, np.uint8).copy()
    bare = rgba[:, :, 3] == 0
    if not bare.all():
        rgba[bare, :3] = rgba[~bare, :3].mean(axis=0)
    if blur:
        image = Image.fromarray(rgba, "RGBA").filter(ImageFilter.GaussianBlur(blur))
        rgba = np.asarray(image, np.uint8)
    columns = np.flatnonzero(rgba[:, :, 3].max(axis=0) > 8)  # noqa: PLR2004 - a trace
    rows = np.flatnonzero(rgba[:, :, 3].max(axis=1) > 8)  # noqa: PLR2004 - a trace
    return np.ascontiguousarray(rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
