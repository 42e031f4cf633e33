"""What the wind moves: bushes made of leaves, and flags."""

from __future__ import annotations

from math import cos, pi, sin
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable

    from .video import Pixels

LEAVES, TWIGS, DARK = 420, 9, (24, 44, 20)
# Leaf lengths as a share of the bush's height; how far they sway at most, as a share of it.
LEAF, SWAY = (0.05, 0.1), 0.05


class Plant(Protocol):
    """A moving thing: its picture (height, width, 4) at a second."""

    def __call__(self, at: float) -> Pixels:
        """The picture of a second."""


class Bush:
    """Leaves on swaying twigs; gusts come and go."""

    def __init__(self, height: int, draw: np.random.Generator) -> None:
        self._height, self._width = height, round(height * 1.2)
        angle, reach = draw.uniform(0, 2 * pi, LEAVES), np.sqrt(draw.uniform(0, 1, LEAVES))
        self._x = 0.5 + 0.42 * reach * np.cos(angle)
        # Wider and denser below.
        self._y = 0.52 + 0.42 * reach * np.sin(angle)
        order = np.argsort(reach * 0.3 + draw.uniform(0, 1, LEAVES))[::-1]
        self._x, self._y = self._x[order], self._y[order]
        self._turn = draw.uniform(0, pi, LEAVES)
        self._long = draw.uniform(*LEAF, LEAVES)
        shade = draw.uniform(0.45, 1.15, LEAVES)[:, None]
        self._colour = (np.array([58, 102, 40]) * shade + draw.uniform(-8, 8, (LEAVES, 3))).clip(
            0, 255
        )
        self._phase, self._pace = draw.uniform(0, 2 * pi, LEAVES), draw.uniform(5, 11, LEAVES)
        self._gust = draw.uniform(0, 2 * pi, 3)

    def __call__(self, at: float) -> Pixels:
        """The bush at a second."""
        gust = _gust(at, self._gust)
        sway = SWAY * gust * (1 - self._y) * 2
        lean = sin(1.9 * at + self._gust[0]) * 0.6 + 0.4 * gust
        x = self._x + sway * (lean + 0.5 * np.sin(self._pace * at + self._phase))
        y = self._y + 0.3 * SWAY * gust * np.sin(1.3 * self._pace * at + self._phase)
        turn = self._turn + 0.5 * gust * np.sin(self._pace * at + self._phase)
        image = Image.new("RGBA", (self._width, self._height))
        draw = ImageDraw.Draw(image)
        foot = self._height
        # The leaves inside get little light, and hide what is behind.
        inner = (self._width * 0.14, foot * 0.16, self._width * 0.86, foot * 0.88)
        draw.ellipse(inner, fill=(*DARK, 255))
        for twig in range(TWIGS):
            end = self._width * (0.2 + 0.6 * twig / (TWIGS - 1))
            draw.line((self._width / 2, foot, end, foot * 0.55), fill=(62, 48, 34, 255), width=2)
        for index in range(LEAVES):
            draw.polygon(
                _leaf(
                    x[index] * self._width,
                    y[index] * foot,
                    self._long[index] * foot,
                    float(turn[index]),
                ),
                fill=(*(int(value) for value in self._colour[index]), 255),
            )
        return np.asarray(image, np.uint8)


class Flag:
    """Striped cloth on a pole."""

    def __init__(self, height: int, draw: np.random.Generator) -> None:
        self._height = height
        self._long, self._high = round(height * 0.62), round(height * 0.34)
        colours = draw.permutation(np.array([[178, 34, 48], [238, 238, 232], [32, 58, 122]]))
        rows = np.arange(self._high) * 3 // self._high
        self._cloth = np.repeat(colours[rows][:, None], self._long, axis=1).astype(np.float32)
        self._gust = draw.uniform(0, 2 * pi, 3)

    def __call__(self, at: float) -> Pixels:
        """The flag at a second."""
        gust = _gust(at, self._gust)
        room = round(self._height * 0.12)
        picture = np.zeros((self._height, self._long + 8, 4), np.uint8)
        picture[:, :5] = (105, 105, 108, 255)
        along = np.arange(self._long) / self._long
        wave = 9.0 * along - 7.5 * at * (0.7 + 0.3 * gust) + self._gust[0]
        # Without wind the cloth hangs.
        fall = (1 - gust) * 0.5 * self._high * along**1.5
        down = room + room * 0.8 * along * np.sin(wave) + fall
        light = 1 + 0.28 * along**0.5 * np.cos(wave)
        for column in range(self._long):
            top = int(down[column])
            colour = np.clip(self._cloth[:, column] * light[column], 0, 255)
            picture[top : top + self._high, 5 + column, :3] = colour
            picture[top : top + self._high, 5 + column, 3] = 255
        return picture


def _gust(at: float, phases: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """The wind from 0 to 1: it comes in gusts of some seconds."""
    waves = (
        sin(0.55 * at + phases[0]) + sin(0.31 * at + phases[1]) + 0.5 * sin(1.7 * at + phases[2])
    )
    return float(min(1.0, max(0.08, 0.5 + 0.3 * waves)))


def _leaf(x: float, y: float, long: float, turn: float) -> list[tuple[float, float]]:
    across, down = cos(turn) * long / 2, sin(turn) * long / 2
    return [
        (x - across, y - down),
        (x - down * 0.4, y + across * 0.4),
        (x + across, y + down),
        (x + down * 0.4, y - across * 0.4),
    ]


PLANTS: dict[str, Callable[[int, np.random.Generator], Plant]] = {"bush": Bush, "flag": Flag}
