"""Light over part of the picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bench.light import LIGHTS
from bench.planes import HEIGHT, WIDTH, Planes
from bench.weather import BRIGHTEST, DARKEST

GREY = 110


def played(name: str, seed: int = 5, seconds: float = 24.0, step: float = 1.0) -> list[np.ndarray]:
    effect, lumas = LIGHTS[name](np.random.default_rng(seed)), []
    for at in np.arange(0, seconds, step):
        frame = Planes.over(np.full((HEIGHT * 3 // 2, WIDTH), GREY, np.uint8))
        effect(frame, float(at))
        assert (frame.u == GREY).all()
        lumas.append(frame.y[::8, ::8].copy())
    return lumas


@pytest.mark.parametrize("name", LIGHTS)
def test_light_changes_over_part_of_the_picture_and_leaves_room_for_noise(name: str) -> None:
    lumas = played(name)
    changed = [np.abs(luma.astype(int) - GREY) > 15 for luma in lumas]
    assert any(0.01 < part.mean() < 0.95 for part in changed)
    differs = [(one != other).mean() for one, other in pairwise(lumas)]
    assert max(differs) > 0.01
    assert min(luma.min() for luma in lumas) >= DARKEST
    assert max(luma.max() for luma in lumas) <= BRIGHTEST


@pytest.mark.parametrize("name", LIGHTS)
def test_equal_seeds_give_equal_light(name: str) -> None:
    one, same, other = (played(name, seed, 20, 4) for seed in (5, 5, 6))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", ["slow clouds", "fast clouds", "shadows"])
def test_shadows_have_soft_edges(name: str) -> None:
    step = max(int(np.abs(np.diff(luma.astype(int), axis=1)).max()) for luma in played(name))
    # Eight pixels apart; without a soft edge, a step is half of the light.
    assert step <= GREY // 5


def test_fast_clouds_are_faster_than_slow_ones() -> None:
    def change(name: str) -> float:
        lumas = [luma.astype(int) for luma in played(name, step=0.2, seconds=3)]
        return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(lumas)]))

    assert change("fast clouds") > 4 * change("slow clouds")


def test_a_lamp_is_switched_at_once() -> None:
    means = [luma.mean() for luma in played("lamp", step=0.25, seconds=16)]
    steps = [abs(b - a) for a, b in pairwise(means)]
    assert max(steps) > 5
    assert np.median(steps) < 0.1
