"""What the gate's pictures show in a box: own motion, foreground, or only another light."""

from __future__ import annotations

import numpy as np
import pytest
from porchlight.vision.motion import BACKGROUND_SECONDS, HEIGHT, SETTLED, WIDTH, MotionGate
from porchlight.vision.types import UNKNOWN, Box, Evidence

from .people import Grey, box, grey, noisy, painted, person

STEP = 0.2
# A sign on a wall: its box holds some of the wall, as a detector's boxes do.
SIGN = Box(0.45, 0.35, 0.55, 0.65)


class Scene:
    """A gate that is shown pictures five times a second."""

    def __init__(self, *pictures: Grey) -> None:
        self.gate = MotionGate()
        self.at = 100.0
        self.show(*pictures)

    def show(self, *pictures: Grey) -> None:
        for picture in pictures:
            self.gate.update(picture, self.at)
            self.at += STEP


def wall(generator: np.random.Generator, level: int = 60, sign: int = 180) -> Grey:
    """A dark wall with a bright sign of a person's size, and some lines on it."""
    picture = np.full((HEIGHT, WIDTH), level, np.float64)
    picture += np.add.outer(np.arange(HEIGHT) % 12 < 2, np.arange(WIDTH) % 20 < 2) * 15
    rows, columns = slice(66, 114), slice(147, 173)
    picture[rows, columns] = sign
    picture[rows, columns] -= 60 * (np.arange(48) % 10 < 4)[:, None]
    picture += generator.normal(0, 1, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def lit(picture: Grey, gain: float | np.ndarray) -> Grey:
    return np.clip(picture * gain, 0, 255).astype(np.uint8)


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(5)


def assert_background(shown: Evidence) -> None:
    assert not shown.moves, shown
    assert shown.background, shown


def test_who_walks_has_motion_and_foreground() -> None:
    scene = Scene(*[grey()] * 20)
    for number in range(20):
        walker = person(0.2 + 0.02 * number)
        scene.show(painted(walker))
        shown = scene.gate.evidence(walker.box)
        assert shown.moves
        assert not shown.background
        assert shown.foreground > 0.3


def test_who_has_just_stopped_has_foreground_and_no_motion() -> None:
    scene = Scene(*[grey()] * 20)
    scene.show(*(painted(person(0.3 + 0.02 * number)) for number in range(10)))
    stopped = painted(person(0.48))
    scene.show(*[stopped] * 4)
    for _ in range(round(5 / STEP)):
        scene.show(stopped)
        shown = scene.gate.evidence(person(0.48).box)
        assert not shown.moves
        assert shown.foreground > 0.3
        assert not shown.background


def test_who_stands_for_long_becomes_background() -> None:
    scene = Scene(*[grey()] * 20)
    scene.show(*[painted(person())] * round(8 * BACKGROUND_SECONDS / STEP))
    assert_background(scene.gate.evidence(person().box))


def test_a_still_thing_has_neither(generator: np.random.Generator) -> None:
    scene = Scene()
    for number in range(60):
        scene.show(wall(generator))
        if number >= SETTLED:
            assert_background(scene.gate.evidence(SIGN))


def test_who_walks_past_elsewhere_is_not_in_the_box(generator: np.random.Generator) -> None:
    scene = Scene(*(wall(generator) for _ in range(20)))
    for number in range(20):
        scene.show(painted(person(0.05 + 0.012 * number), picture=wall(generator)))
        assert_background(scene.gate.evidence(SIGN))


def test_who_stands_before_a_thing_is_foreground(generator: np.random.Generator) -> None:
    scene = Scene(*(wall(generator) for _ in range(20)))
    scene.show(*(painted(person(), picture=wall(generator)) for _ in range(10)))
    shown = scene.gate.evidence(SIGN)
    assert shown.foreground > 0.3
    assert not shown.background


@pytest.mark.parametrize("gain", [1.3, 0.75])
def test_light_that_changes_the_whole_picture_is_neither(
    generator: np.random.Generator, gain: float
) -> None:
    scene = Scene(*(wall(generator) for _ in range(20)))
    for _ in range(10):
        scene.show(lit(wall(generator), gain))
        assert_background(scene.gate.evidence(SIGN))


@pytest.mark.parametrize("gain", [1.3, 0.7])
def test_light_that_changes_a_part_of_the_picture_is_neither(
    generator: np.random.Generator, gain: float
) -> None:
    # A lamp or a cloud: the sign and what is around it, and not the rest of the picture.
    part = np.ones((HEIGHT, WIDTH))
    part[40:140, 100:220] = gain
    scene = Scene(*(wall(generator) for _ in range(20)))
    for _ in range(10):
        scene.show(lit(wall(generator), part))
        assert_background(scene.gate.evidence(SIGN))


def shadow(edge: float, soft: float) -> np.ndarray:
    """The gain of a shadow that has come as far as this column; its edge is so many wide."""
    across = np.clip((edge - np.arange(WIDTH)) / soft, 0, 1)
    return np.broadcast_to(1 - 0.35 * across, (HEIGHT, WIDTH))


@pytest.mark.parametrize("speed", [2, 8])
def test_a_soft_shadow_that_passes_over_a_bright_sign_is_neither(
    generator: np.random.Generator, speed: int
) -> None:
    scene = Scene(*(wall(generator) for _ in range(20)))
    moved = 0
    for edge in range(90, 330, speed):
        scene.show(lit(wall(generator), shadow(edge, soft=80)))
        moved += scene.gate.evidence(SIGN).moves
        assert scene.gate.evidence(SIGN).background
    assert moved == 0


def test_a_walker_is_seen_while_the_light_changes(generator: np.random.Generator) -> None:
    scene = Scene(*(wall(generator) for _ in range(20)))
    for number in range(15):
        walker = person(0.15 + 0.02 * number, height=0.4)
        picture = painted(walker, picture=wall(generator))
        scene.show(lit(picture, 1 + 0.02 * number))
        shown = scene.gate.evidence(walker.box)
        assert shown.foreground > 0.3
        assert number < 2 or shown.moves


def test_noise_is_neither(generator: np.random.Generator) -> None:
    scene = Scene(*(noisy(generator) for _ in range(20)))
    for _ in range(40):
        scene.show(noisy(generator))
        assert_background(scene.gate.evidence(box(0.5)))


def test_nothing_is_known_before_the_background_is() -> None:
    scene = Scene()
    assert scene.gate.evidence(box(0.5)) == UNKNOWN
    for number in range(SETTLED):
        scene.show(painted(person(0.3 + 0.04 * number)))
        assert scene.gate.evidence(box(0.5)) == UNKNOWN
    scene.show(grey())
    assert scene.gate.evidence(box(0.1)) == Evidence(0.0, 0.0)
    # What is unknown is neither motion nor the background.
    assert not UNKNOWN.moves
    assert not UNKNOWN.background


def test_nothing_is_known_of_a_new_scene() -> None:
    chance = np.random.default_rng(3)
    one, other = (chance.integers(0, 255, (HEIGHT, WIDTH), np.uint8) for _ in range(2))
    scene = Scene(*[one] * 10)
    assert_background(scene.gate.evidence(box(0.5)))
    scene.show(other)
    assert scene.gate.evidence(box(0.5)) == UNKNOWN
