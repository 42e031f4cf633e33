"""Draws areas and a percent grid on a camera's picture; runs in an executor."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from ..runtime.areas import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..runtime.areas import Area

WIDTH, HEIGHT = 960, 540
GREY = (96, 96, 96)
COLOURS = {Kind.ZONE: (67, 200, 80), Kind.MASK: (225, 80, 225), Kind.LINE: (255, 170, 30)}
STRIPES = 10
QUALITY = 82
# Dialogs show the picture at about half its size.
GRID_SIZE, LABEL_SIZE = 20, 25
# An arrow's length, and half of its head's.
ARROW, HEAD = 46, 11
type Spot = tuple[float, float]


def within(jpeg: bytes, width: int | None, height: int | None) -> bytes:
    """A JPEG of our own, within this size and never enlarged; keeps its aspect."""
    picture = Image.open(BytesIO(jpeg))
    size = (
        max(1, min(width or picture.width, picture.width)),
        max(1, min(height or picture.height, picture.height)),
    )
    if size == picture.size:
        return jpeg
    picture.draft("RGB", size)
    picture.thumbnail(size)
    output = BytesIO()
    picture.save(output, "JPEG", quality=QUALITY)
    return output.getvalue()


def draw(still: bytes | None, areas: Sequence[Area], chosen: str | None = None) -> bytes:
    """A JPEG of the areas, numbered from 1, on the picture or on gray; highlights `chosen`."""
    picture = _ground(still).convert("RGBA")
    for number, area in enumerate(areas, 1):
        layer = Image.new("RGBA", picture.size)
        _shape(ImageDraw.Draw(layer), area, picture.size, chosen=area.area_id == chosen)
        picture = Image.alpha_composite(picture, layer)
        _label(ImageDraw.Draw(picture), number, area, picture.size)
    layer = Image.new("RGBA", picture.size)
    _grid(ImageDraw.Draw(layer), picture.size)
    output = BytesIO()
    Image.alpha_composite(picture, layer).convert("RGB").save(output, "JPEG", quality=QUALITY)
    return output.getvalue()


@cache
def no_person_yet() -> bytes:
    """A JPEG to show before there is a picture of a person."""
    return _sign(crossed=False)


@cache
def no_pictures() -> bytes:
    """A JPEG to show if pictures are off."""
    return _sign(crossed=True)


def _sign(*, crossed: bool) -> bytes:
    """A person's outline, without words, because it is shown in all languages."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), (48, 52, 58))
    draw = ImageDraw.Draw(picture)
    x, y = WIDTH // 2, HEIGHT // 2
    ink = (120, 128, 138)
    draw.ellipse((x - 56, y - 150, x + 56, y - 38), fill=ink)
    draw.pieslice((x - 130, y - 10, x + 130, y + 250), 180, 360, fill=ink)
    if crossed:
        draw.line((x - 170, y + 170, x + 170, y - 190), fill=(48, 52, 58), width=44)
        draw.line((x - 170, y + 170, x + 170, y - 190), fill=ink, width=18)
    output = BytesIO()
    picture.save(output, "JPEG", quality=QUALITY)
    return output.getvalue()


def _ground(still: bytes | None) -> Image.Image:
    if still is not None:
        try:
            with Image.open(BytesIO(still)) as picture:
                height = max(1, round(WIDTH * picture.height / picture.width))
                return picture.convert("RGB").resize((WIDTH, height))
        except (UnidentifiedImageError, OSError):
            pass
    return Image.new("RGB", (WIDTH, HEIGHT), GREY)


def _grid(draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    width, height = size
    font = ImageFont.load_default(GRID_SIZE)
    for percent in range(10, 100, 10):
        x, y = percent * width / 100, percent * height / 100
        for line in (((x, 0), (x, height)), ((0, y), (width, y))):
            draw.line(line, fill=(255, 255, 255, 90), width=1)
        for at, anchor in (((x, 3), "mt"), ((4, y), "lm")):
            draw.text(
                at, str(percent), (255, 255, 255, 255), font, anchor,
                stroke_width=2, stroke_fill=(0, 0, 0, 200),
            )  # fmt: skip


def _shape(draw: ImageDraw.ImageDraw, area: Area, size: tuple[int, int], *, chosen: bool) -> None:
    colour = COLOURS[area.kind]
    spots = [(x * (size[0] - 1), y * (size[1] - 1)) for x, y in area.points]
    edge = 5 if chosen else 3
    if area.kind is Kind.LINE:
        draw.line(spots, fill=(*colour, 255), width=edge + 1)
        _arrow(draw, spots[0], spots[1], (*colour, 255))
        return
    draw.polygon(spots, fill=(*colour, 90 if chosen else 55))
    if area.kind is Kind.MASK:
        stencil = Image.new("L", size)
        ImageDraw.Draw(stencil).polygon(spots, fill=255)
        _stripes(draw, stencil, (*colour, 190))
    draw.line([*spots, spots[0]], fill=(*colour, 255), width=edge, joint="curve")


def _stripes(
    draw: ImageDraw.ImageDraw, stencil: Image.Image, colour: tuple[int, int, int, int]
) -> None:
    """Fill what is white in the stencil with slanting stripes."""
    width, height = stencil.size
    stripes = Image.new("L", stencil.size)
    pen = ImageDraw.Draw(stripes)
    for x in range(-height, width, 2 * STRIPES):
        pen.line(((x, height), (x + height, 0)), fill=255, width=2)
    both = Image.new("L", stencil.size)
    both.paste(stripes, mask=stencil)
    draw.bitmap((0, 0), both, fill=colour)


def _arrow(
    draw: ImageDraw.ImageDraw, start: Spot, end: Spot, colour: tuple[int, int, int, int]
) -> None:
    """Draw an arrow from the middle of a line to its right: the direction in."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = max(1.0, (across * across + down * down) ** 0.5)
    ahead, aside = (-down / length, across / length), (across / length, down / length)
    foot = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    tip = foot[0] + ARROW * ahead[0], foot[1] + ARROW * ahead[1]
    neck = tip[0] - 2 * HEAD * ahead[0], tip[1] - 2 * HEAD * ahead[1]
    draw.line((foot, neck), fill=colour, width=6)
    sides = [(neck[0] + way * HEAD * aside[0], neck[1] + way * HEAD * aside[1]) for way in (1, -1)]
    draw.polygon([tip, *sides], fill=colour)


def _label(draw: ImageDraw.ImageDraw, number: int, area: Area, size: tuple[int, int]) -> None:
    """Draw the area's number, and its name if the font has its letters."""
    font = ImageFont.load_default(LABEL_SIZE)
    # Only ASCII is certain to be in the font; the number identifies the area in any case.
    text = f"{number} {area.name}" if area.name.isascii() else str(number)
    length = font.getlength(text)
    # A line's arrow is at its middle.
    share = 0.25 if area.kind is Kind.LINE else None
    x, y = _middle(area, share)
    left = min(max(x * size[0] - length / 2, 34), max(34.0, size[0] - length - 8))
    top = min(max(y * size[1] - 15, 24), size[1] - 38)
    draw.rounded_rectangle(
        (left - 6, top - 3, left + length + 6, top + 31), 6, fill=(*COLOURS[area.kind], 255)
    )
    draw.text((left, top), text, (0, 0, 0, 255), font)


def _middle(area: Area, share: float | None) -> Spot:
    if share is not None:
        (x1, y1), (x2, y2) = area.points
        return x1 + share * (x2 - x1), y1 + share * (y2 - y1)
    number = len(area.points)
    return sum(x for x, _ in area.points) / number, sum(y for _, y in area.points) / number
