"""Light, weather and noise."""

from __future__ import annotations

import numpy as np
import pytest

from bench.planes import GREY, HEIGHT, WIDTH, Planes
from bench.weather import BRIGHTEST, DARKEST, NOISE_LIMIT, WEATHERS, Noise, stand

EFFECTS = [name for name, weather in WEATHERS.items() if weather.effect]


def picture() -> Planes:
    ramp = np.linspace(0, 255, WIDTH, dtype=np.uint8)[None, :, None]
    return Planes.of(np.broadcast_to(ramp, (HEIGHT, WIDTH, 3)) * np.array([1, 1, 0], np.uint8))


def played(name: str, seed: int = 3, seconds: int = 30) -> list[Planes]:
    effect = WEATHERS[name].effect
    assert effect is not None
    act, frames = effect(np.random.default_rng(seed)), []
    still = picture()
    for at in np.arange(0, seconds, 0.5):
        frame = still.copy()
        act(frame, float(at))
        frames.append(frame)
    return frames


@pytest.mark.parametrize("name", EFFECTS)
def test_each_weather_changes_the_picture_over_time(name: str) -> None:
    lumas = [frame.y.astype(int) for frame in played(name)]
    assert any(np.abs(one - lumas[0]).max() > 4 for one in lumas[1:])


@pytest.mark.parametrize("name", EFFECTS)
def test_equal_seeds_give_equal_weather(name: str) -> None:
    one, same, other = (played(name, seed, 20) for seed in (3, 3, 4))
    assert all((a.buffer == b.buffer).all() for a, b in zip(one, same, strict=True))
    assert any((a.buffer != b.buffer).any() for a, b in zip(one, other, strict=True))


def test_infrared_light_has_no_colour() -> None:
    lit = stand(picture(), WEATHERS["infrared"])
    assert (lit.u == GREY).all()
    assert (lit.v == GREY).all()


def test_the_infrared_switch_removes_and_restores_the_color() -> None:
    grey = [bool((frame.u == GREY).all()) for frame in played("infrared switch", seconds=60)]
    assert not grey[0]
    assert not grey[-1]
    assert 55 <= sum(grey) <= 65


@pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS)
def test_every_weather_leaves_room_for_noise(weather: object) -> None:
    lit = stand(picture(), weather)
    assert lit.y.min() >= DARKEST >= NOISE_LIMIT
    assert lit.y.max() <= BRIGHTEST <= 255 - NOISE_LIMIT


def test_noise_has_the_requested_strength_and_never_overflows() -> None:
    noise = Noise(4.0, np.random.default_rng(1))
    frame = Planes.over(np.full((HEIGHT * 3 // 2, WIDTH), BRIGHTEST, np.uint8))
    noise.add(frame)
    spread = frame.y.astype(int) - BRIGHTEST
    assert np.abs(spread).max() <= NOISE_LIMIT
    assert spread.std() == pytest.approx(4.0, rel=0.1)
    assert spread.mean() == pytest.approx(0, abs=0.1)


def test_noise_differs_from_frame_to_frame() -> None:
    noise = Noise(4.0, np.random.default_rng(1))
    frames = [picture(), picture()]
    for frame in frames:
        noise.add(frame)
    assert (frames[0].y != frames[1].y).mean() > 0.5
