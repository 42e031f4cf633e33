"""Draws masks: all pixels that one of them touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..vision.settings import Mask


def outline(masks: Sequence[Mask], width: int, height: int) -> Image.Image:
    """A picture of one bit for each pixel, which is 1 where a mask is."""
    picture = Image.new("1", (width, height))
    draw = ImageDraw.Draw(picture)
    for mask in masks:
        draw.polygon([(x * width, y * height) for x, y in mask.points], fill=1, outline=1)
    return picture
