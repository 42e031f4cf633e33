"""Light that changes over part of the picture, drawn from the scene's seed."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .planes import HEIGHT, WIDTH, Planes
from .weather import BRIGHTEST, DARKEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .weather import Draw, Effect

# Luma in a cloud's shadow, as a factor; the sky's width in pictures.
SHADED, SKY = 0.5, 4
# Pixels a second, and how many pixels apart clouds are.
SLOW, FAST = (25.0, 520), (260.0, 300)
# Seconds between switching a lamp, and how soon it shines.
SWITCHED, WARM = (7.0, 14.0), 0.12
# A passing shadow on the ground: half its width and height, its speed, and seconds between two.
SHADOW_WIDTH, SHADOW_HEIGHT, SHADOW_SPEED, SHADOWS = 150, 70, 240.0, (5.0, 9.0)


def slow_clouds(draw: Draw) -> Effect:
    """Shadows with wide soft edges, which take a minute to pass."""
    return _clouds(draw, *SLOW)


def fast_clouds(draw: Draw) -> Effect:
    """Shadows that pass in seconds."""
    return _clouds(draw, *FAST)


def lamp(draw: Draw) -> Effect:
    """A lamp over part of the picture that somebody elsewhere switches on and off."""
    x, y = draw.uniform(0.25, 0.75) * WIDTH, draw.uniform(0.3, 0.7) * HEIGHT
    across = (np.arange(WIDTH) - x) / (0.32 * WIDTH)
    down = (np.arange(HEIGHT) - y) / (0.5 * HEIGHT)
    bright = np.exp(-((across[None] ** 2 + down[:, None] ** 2) ** 1.5)).astype(np.float32)
    times = np.cumsum(draw.uniform(*SWITCHED, 400))

    def shine(planes: Planes, at: float) -> None:
        index = int(np.searchsorted(times, at))
        if not index:
            return
        settled = 1 - exp(-(at - times[index - 1]) / WARM)
        _gain(planes, 1 + 0.9 * bright * (settled if index % 2 else 1 - settled))

    return shine


def shadows(draw: Draw) -> Effect:
    """Shadows of somebody or something out of view that pass over the ground."""
    starts = np.cumsum(draw.uniform(*SHADOWS, 400))
    ways, rows = draw.choice((-1, 1), 400), draw.uniform(0.55, 0.9, 400) * HEIGHT
    across = np.arange(-SHADOW_WIDTH, SHADOW_WIDTH) / SHADOW_WIDTH
    down = np.arange(-SHADOW_HEIGHT, SHADOW_HEIGHT) / SHADOW_HEIGHT
    dark = 1 - 0.5 * np.clip(1 - across[None] ** 2 - down[:, None] ** 2, 0, 1)
    blank = np.ones((HEIGHT, WIDTH + 4 * SHADOW_WIDTH), np.float32)

    def cross(planes: Planes, at: float) -> None:
        index = int(np.searchsorted(starts, at)) - 1
        reach = (at - starts[index]) * SHADOW_SPEED if index >= 0 else WIDTH * 2
        if reach > WIDTH + 2 * SHADOW_WIDTH:
            return
        left = round(reach if ways[index] > 0 else WIDTH + 2 * SHADOW_WIDTH - reach)
        top = round(min(rows[index], HEIGHT - SHADOW_HEIGHT)) - SHADOW_HEIGHT
        gain = blank.copy()
        gain[top : top + 2 * SHADOW_HEIGHT, left : left + 2 * SHADOW_WIDTH] = dark
        _gain(planes, gain[:, 2 * SHADOW_WIDTH : 2 * SHADOW_WIDTH + WIDTH])

    return cross


LIGHTS: dict[str, Callable[[Draw], Effect]] = {
    "slow clouds": slow_clouds,
    "fast clouds": fast_clouds,
    "lamp": lamp,
    "shadows": shadows,
}


def _clouds(draw: Draw, speed: float, apart: int) -> Effect:
    wide = SKY * WIDTH
    coarse = draw.uniform(0, 255, (max(2, HEIGHT // apart + 2), wide // apart)).astype(np.float32)
    # The sky's end continues with its beginning.
    coarse = np.concatenate((coarse, coarse[:, : WIDTH // apart + 2]), axis=1)
    size = (round(coarse.shape[1] * apart), HEIGHT)
    smooth = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC), np.float32)
    cover = np.clip((smooth / 255 - 0.4) / 0.3, 0, 1)
    sky = (1 - (1 - SHADED) * cover * cover * (3 - 2 * cover)).astype(np.float32)
    period = (wide // apart) * apart

    def pass_over(planes: Planes, at: float) -> None:
        left = round(at * speed) % period
        _gain(planes, sky[:, left : left + WIDTH])

    return pass_over


def _gain(planes: Planes, gain: NDArray[np.float32]) -> None:
    """Multiply the luma above black by a factor for each pixel."""
    lit = DARKEST + (planes.y - np.float32(DARKEST)) * gain
    planes.y[:] = np.clip(lit, DARKEST, BRIGHTEST).astype(np.uint8)
