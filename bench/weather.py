"""What light and weather do to the picture, all drawn from one seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, pi, sin
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .planes import GREY, HEIGHT, WIDTH, Planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .video import Pixels

# Changes the picture of a second of the scene.
type Effect = Callable[[Planes, float], None]
type Draw = np.random.Generator
# Luma of a picture that is neither black nor white has room for noise of this size.
DARKEST, BRIGHTEST, NOISE_LIMIT = 16, 235, 15
NOISE_FRAMES = 6
NOISE_ROOM = 64
DROPS, RAIN_FRAMES = 220, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Standing light, and what happens in it."""

    gain: float = 1.0
    # Luma of people beside that of the stage: they are nearer to an infrared lamp.
    people: float = 1.0
    colour: float = 1.0
    infrared: bool = False
    noise: float = 1.3
    effect: Callable[[Draw], Effect] | None = None


def rain(draw: Draw) -> Effect:
    """Streaks in front of the lens, fresh in each frame."""
    layers = [_streaks(draw) for _ in range(RAIN_FRAMES)]
    turn = draw.integers(0, HEIGHT * WIDTH, 4096)

    def fall(planes: Planes, at: float) -> None:
        index = round(at * 1000)
        where, light = layers[index % RAIN_FRAMES]
        where = (where + turn[index % len(turn)]) % (HEIGHT * WIDTH)
        flat = planes.y.reshape(-1)
        flat[where] = np.minimum(BRIGHTEST, flat[where].astype(np.int32) + light)

    return fall


def flicker(draw: Draw) -> Effect:
    """Lamps that beat against the shutter, and one that is about to fail."""
    beat, depth = draw.uniform(0.4, 1.8), draw.uniform(0.03, 0.06)
    lamp = _Glow(int(draw.integers(200, WIDTH - 200)), int(draw.integers(80, 360)), 180)
    broken = draw.random(4096) < 0.4  # noqa: PLR2004 - how often the lamp is off

    def shine(planes: Planes, at: float) -> None:
        _expose(planes, 1 + depth * sin(2 * pi * beat * at))
        # Now and then for some seconds.
        if sin(at * 0.7) > 0 and broken[int(at * 8) % len(broken)]:
            lamp.add(planes, -0.12)

    return shine


def moths(draw: Draw) -> Effect:
    """Bright insects that circle before an infrared lamp."""
    flights = draw.uniform(0, 2 * pi, (5, 6))
    pace = draw.uniform(0.5, 2.2, (5, 4))
    size = draw.integers(8, 30, 5)
    away = draw.uniform(2, 6, 5)

    def fly(planes: Planes, at: float) -> None:
        for flight, speed, side, pause in zip(flights, pace, size, away, strict=True):
            if sin(at / pause + flight[4]) < 0:
                continue
            x = (
                640
                + 420 * sin(speed[0] * at + flight[0])
                + 180 * sin(speed[1] * at * 3 + flight[1])
            )
            y = (
                330
                + 220 * sin(speed[2] * at + flight[2])
                + 110 * sin(speed[3] * at * 3 + flight[3])
            )
            _Glow(int(x), int(y), int(side)).add(planes, 1.1)

    return fly


def spider(draw: Draw) -> Effect:
    """A spider, lit by the infrared lamp, that walks over the lens and rests."""
    picture = _spider()
    corners = draw.uniform((200, 150), (WIDTH - 200, HEIGHT - 150), (40, 2))

    def crawl(planes: Planes, at: float) -> None:
        leg, part = divmod(at / 3.0, 1.0)
        here, there = corners[int(leg) % 40], corners[int(leg + 1) % 40]
        x, y = here + (there - here) * min(1.0, part * 1.6)
        turned = picture.rotate(20 * sin(at * 9) + 90 * leg % 360, Image.Resampling.BILINEAR)
        mask = np.asarray(turned.filter(ImageFilter.GaussianBlur(3)), np.float32) / 255
        _shade(planes.y, int(x), int(y), mask, 190)

    return crawl


def headlights(draw: Draw) -> Effect:
    """Cars out of sight whose light sweeps over the place."""
    starts = np.cumsum(draw.uniform(6, 12, 400))
    ways = draw.choice((-1, 1), 400)
    glow = _Glow(0, 0, 330)

    def sweep(planes: Planes, at: float) -> None:
        index = int(np.searchsorted(starts, at)) - 1
        if index < 0 or at - starts[index] > 3:  # noqa: PLR2004 - seconds that a car takes
            return
        part = (at - starts[index]) / 3
        across = part if ways[index] > 0 else 1 - part
        glow.moved(int(-300 + across * (WIDTH + 600)), 380).add(planes, 0.9 * sin(pi * part))

    return sweep


def exposure(draw: Draw) -> Effect:
    """Steps of the camera's own exposure, each taken in half a second."""
    starts = np.cumsum(draw.uniform(5, 11, 400))
    gains = np.concatenate(([1.0], draw.uniform(0.72, 1.28, 400)))

    def step(planes: Planes, at: float) -> None:
        index = int(np.searchsorted(starts, at))
        since = at - starts[index - 1] if index else 9.0
        gain = gains[index] + (gains[max(0, index - 1)] - gains[index]) * exp(-since / 0.2)
        _expose(planes, float(gain))

    return step


def infrared_switch(draw: Draw) -> Effect:
    """The camera's filter goes: from color to infrared and, half a minute later, back."""
    first = draw.uniform(14, 20)

    def switch(planes: Planes, at: float) -> None:
        since = (at - first) % 60
        if at < first or since >= 30:  # noqa: PLR2004 - as said
            return
        # Too bright for a second, then exposed anew.
        _curve(planes.y, 0.6 + 0.5 * exp(-since / 0.4), 45)
        planes.u.fill(GREY)
        planes.v.fill(GREY)

    return switch


WEATHERS = {
    "day": Weather(),
    "dusk": Weather(gain=0.5, colour=0.6, noise=4.5),
    "infrared": Weather(gain=0.65, people=1.4, infrared=True, noise=3.0),
    "rain": Weather(gain=0.75, colour=0.8, noise=2.0, effect=rain),
    "flicker": Weather(gain=0.85, noise=1.8, effect=flicker),
    "moths": Weather(gain=0.65, people=1.4, infrared=True, noise=3.0, effect=moths),
    "spider": Weather(gain=0.65, people=1.4, infrared=True, noise=3.0, effect=spider),
    "headlights": Weather(gain=0.45, people=1.6, infrared=True, noise=3.5, effect=headlights),
    "exposure": Weather(effect=exposure),
    "infrared switch": Weather(gain=0.7, colour=0.8, noise=2.5, effect=infrared_switch),
}


def stand(picture: Planes, weather: Weather) -> Planes:
    """A stage in a weather's light, with room for noise in its luma."""
    lit = picture.copy()
    _expose(lit, weather.gain)
    colour(lit.u, weather)
    colour(lit.v, weather)
    return lit


def colour(plane: Pixels, weather: Weather) -> None:
    """Take from chroma what a weather's light does not show."""
    if weather.infrared:
        plane.fill(GREY)
    else:
        plane[:] = (GREY + (plane.astype(np.float32) - GREY) * weather.colour).astype(np.uint8)


class Noise:
    """A sensor's noise, from a few large tiles at places that vary."""

    def __init__(self, strength: float, draw: Draw) -> None:
        shape = (HEIGHT + NOISE_ROOM, WIDTH + NOISE_ROOM)
        self._tiles = [_grain(shape, strength, draw) for _ in range(NOISE_FRAMES)]
        self._draw = draw

    def add(self, planes: Planes) -> None:
        """Add it to luma that lies within DARKEST and BRIGHTEST."""
        tile = self._tiles[self._draw.integers(NOISE_FRAMES)]
        down, across = self._draw.integers(0, NOISE_ROOM, 2)
        # Modulo 256 a negative grain is a large one, and the sum is right.
        np.add(planes.y, tile[down : down + HEIGHT, across : across + WIDTH], out=planes.y)


def _grain(shape: tuple[int, int], strength: float, draw: Draw) -> Pixels:
    fine = draw.standard_normal(shape, np.float32)
    # Cameras smear their noise a little over its neighbors.
    smeared = (2 * fine + np.roll(fine, 1, 0) + np.roll(fine, 1, 1)) / np.sqrt(6)
    grain = np.clip(np.round(smeared * strength), -NOISE_LIMIT, NOISE_LIMIT)
    return np.asarray(grain.astype(np.int8).view(np.uint8), np.uint8)


class _Glow:
    """A soft round light."""

    def __init__(self, x: int, y: int, radius: int) -> None:
        self._x, self._y = int(x), int(y)
        along = np.arange(-radius, radius + 1, dtype=np.float32) / radius
        self._light = np.exp(-3 * (along[:, None] ** 2 + along[None] ** 2))

    def moved(self, x: int, y: int) -> _Glow:
        self._x, self._y = x, y
        return self

    def add(self, planes: Planes, strength: float) -> None:
        """Lighten what is under it, the brighter the more; a moth is light by itself."""
        radius = self._light.shape[0] // 2
        left, top = self._x - radius, self._y - radius
        x1, y1 = max(0, left), max(0, top)
        x2, y2 = min(WIDTH, left + 2 * radius + 1), min(HEIGHT, top + 2 * radius + 1)
        if x1 >= x2 or y1 >= y2:
            return
        light = self._light[y1 - top : y2 - top, x1 - left : x2 - left] * strength
        under = planes.y[y1:y2, x1:x2]
        under[:] = np.clip(under + (under * 0.6 + 50) * light, DARKEST, BRIGHTEST).astype(np.uint8)


def _expose(planes: Planes, gain: float) -> None:
    _curve(planes.y, gain, DARKEST * (1 - gain))


def _curve(plane: Pixels, gain: float, offset: float) -> None:
    table = np.clip(np.arange(256) * gain + offset, DARKEST, BRIGHTEST).astype(np.uint8)
    np.take(table, plane, out=plane)


def _shade(plane: Pixels, x: int, y: int, mask: NDArray[np.floating], luma: int) -> None:
    side = mask.shape[0]
    left, top = x - side // 2, y - side // 2
    x1, y1, x2, y2 = max(0, left), max(0, top), min(WIDTH, left + side), min(HEIGHT, top + side)
    if x1 >= x2 or y1 >= y2:
        return
    part = mask[y1 - top : y2 - top, x1 - left : x2 - left]
    under = plane[y1:y2, x1:x2]
    under[:] = (under + (luma - under) * part).astype(np.uint8)


def _streaks(draw: Draw) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    spots, lights = [], []
    for _ in range(DROPS):
        x, y = draw.integers(0, WIDTH), draw.integers(0, HEIGHT)
        length, slant = draw.integers(14, 60), draw.uniform(-0.15, 0.05)
        down = np.arange(length)
        broad = 2 if length > 35 else 1  # noqa: PLR2004 - near drops are blurred
        for side in range(broad):
            spots.append(
                ((y + down) % HEIGHT) * WIDTH + ((x + side + down * slant).astype(int) % WIDTH)
            )
            lights.append(np.full(length, draw.integers(18, 55)))
    return np.concatenate(spots).astype(np.int64), np.concatenate(lights).astype(np.int32)


def _spider() -> Image.Image:
    picture = Image.new("L", (220, 220))
    draw = ImageDraw.Draw(picture)
    for side in (-1, 1):
        for reach in (-80, -35, 20, 75):
            knee = (110 + side * 55, 110 + reach * 0.8 - 20)
            draw.line([(110, 110), knee, (110 + side * 95, 110 + reach)], fill=150, width=6)
    draw.ellipse((82, 84, 138, 156), fill=220)
    draw.ellipse((94, 60, 126, 92), fill=200)
    return picture
