from __future__ import annotations

import numpy as np
import pytest
from porchlight.vision.motion import BACKGROUND_SECONDS, HEIGHT, WIDTH, Motion, MotionGate
from porchlight.vision.types import Box

from .people import BACKGROUND, Grey, grey, noisy, with_block

STEP = 0.2


class Scene:
    """A gate that is shown pictures five times a second."""

    def __init__(self) -> None:
        self.gate = MotionGate()
        self.at = 100.0

    def show(self, *pictures: Grey) -> list[Motion]:
        """The gate's results for these pictures."""
        found = []
        for picture in pictures:
            found.append(self.gate.update(picture, self.at))
            self.at += STEP
        return found


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(11)


def test_the_first_picture_is_not_motion(scene: Scene) -> None:
    assert scene.show(grey()) == [Motion(0.0)]


@pytest.mark.parametrize("spread", [2.0, 4.0])
def test_noise_is_not_motion(scene: Scene, generator: np.random.Generator, spread: float) -> None:
    seen = scene.show(*(noisy(generator, spread=spread) for _ in range(150)))
    assert not any(one.moving or one.new_scene for one in seen)


def test_a_moving_block_is_motion_on_a_noisy_picture(
    scene: Scene, generator: np.random.Generator
) -> None:
    scene.show(*(noisy(generator) for _ in range(20)))
    seen = scene.show(*(with_block(noisy(generator), 10 + 4 * i) for i in range(20)))
    assert seen[0].stirred
    assert all(one.moving for one in seen[1:])


@pytest.mark.parametrize("height", [120, 60, 36])
def test_a_person_so_many_pixels_high_in_720p_is_motion(scene: Scene, height: int) -> None:
    still = grey()

    def walker(x: int) -> Grey:
        picture = still.copy()
        picture[80 : 80 + height // 4, x : x + height // 12] = 150
        return picture

    scene.show(*[still] * 10)
    seen = scene.show(*(walker(20 + 2 * i) for i in range(10)))
    assert seen[0].stirred
    assert all(one.moving for one in seen[1:])
    for number, one in enumerate(seen[4:], start=4):
        (place,) = one.places
        assert place.box.touches(
            Box((20 + 2 * number) / WIDTH, 0.4, (24 + 2 * number) / WIDTH, 0.6)
        )


def test_a_few_specks_are_not_motion(scene: Scene, generator: np.random.Generator) -> None:
    scene.show(*[grey()] * 5)
    for _ in range(30):
        picture = grey()
        rows, columns = generator.integers(0, HEIGHT, 150), generator.integers(0, WIDTH, 150)
        picture[rows, columns] = 255
        (motion,) = scene.show(picture)
        assert not motion.moving


@pytest.mark.parametrize("levels", [40, -40])
def test_an_exposure_step_is_not_motion(
    scene: Scene, generator: np.random.Generator, levels: int
) -> None:
    scene.show(*(noisy(generator, 100) for _ in range(20)))
    seen = scene.show(*(noisy(generator, 100 + levels) for _ in range(20)))
    assert not any(one.moving or one.new_scene for one in seen)


def test_an_exposure_step_does_not_set_what_stands_still_in_motion(scene: Scene) -> None:
    scene.show(*[grey(100)] * 5)
    scene.show(*[with_block(grey(100), 50, level=180)] * 10)
    seen = scene.show(*[with_block(grey(130), 50, level=210)] * 5)
    assert not any(one.moving for one in seen)


def test_motion_is_seen_across_an_exposure_step(scene: Scene) -> None:
    scene.show(*[grey(100)] * 5)
    scene.show(with_block(grey(100), 20))
    (motion,) = scene.show(with_block(grey(140), 32, level=240))
    assert motion.moving
    assert not motion.new_scene


def test_another_scene_is_new_and_not_motion(scene: Scene, generator: np.random.Generator) -> None:
    one, other = (generator.integers(0, 255, (HEIGHT, WIDTH), np.uint8) for _ in range(2))
    scene.show(*[one] * 10)
    first, *rest = scene.show(*[other] * 10)
    assert first.new_scene
    assert first.share == 1
    assert not first.moving
    assert not any(motion.new_scene or motion.moving for motion in rest)


def test_motion_is_seen_at_once_in_a_new_scene(scene: Scene) -> None:
    ramp = np.tile(np.linspace(0, 200, WIDTH).astype(np.uint8), (HEIGHT, 1))
    scene.show(*[ramp] * 5)
    scene.show(np.ascontiguousarray(ramp[:, ::-1]))
    seen = scene.show(*(with_block(ramp[:, ::-1], 10 + 6 * i, level=255) for i in range(5)))
    assert any(one.moving for one in seen)


def test_an_object_that_is_put_down_stops_moving_at_once(scene: Scene) -> None:
    scene.show(*[grey()] * 10)
    scene.show(*(with_block(grey(), 10 + 6 * i) for i in range(10)))
    seen = scene.show(*[with_block(grey(), 64)] * 10)
    assert not any(one.moving for one in seen[3:])
    assert seen[3].share > 0


def test_a_removed_object_leaves_no_lasting_motion(scene: Scene) -> None:
    scene.show(*[with_block(grey(), 64)] * 10)
    seen = scene.show(*[grey()] * 10)
    assert seen[0].stirred
    assert not any(one.moving for one in seen[3:])


def test_an_object_that_stays_becomes_background(scene: Scene) -> None:
    scene.show(*[grey()] * 10)
    pictures = int(8 * BACKGROUND_SECONDS / STEP)
    seen = scene.show(*[with_block(grey(), 64)] * pictures)
    assert seen[0].share > 0
    assert seen[-1].share == 0


def test_a_slow_walker_goes_on_moving(scene: Scene, generator: np.random.Generator) -> None:
    scene.show(*(noisy(generator) for _ in range(20)))
    # One of the gate's pixels each look: 30 seconds for the width of the picture.
    seen = scene.show(
        *(with_block(noisy(generator), 5 + i, size=16, level=160) for i in range(130))
    )
    assert sum(one.moving for one in seen) > 0.95 * len(seen)


def test_a_place_that_always_flickers_is_ignored_after_a_while(
    scene: Scene, generator: np.random.Generator
) -> None:
    def tree() -> Grey:
        picture = noisy(generator)
        picture[20:50, 30:70] = generator.integers(85, 125, (30, 40))
        return picture

    scene.show(*(tree() for _ in range(300)))
    seen = scene.show(*(tree() for _ in range(100)))
    assert not any(one.moving for one in seen)


def test_a_clock_that_stops_does_no_harm() -> None:
    gate = MotionGate()
    pictures = [grey(), *(with_block(grey(), 10 + 6 * i) for i in range(10))]
    seen = [gate.update(picture, 5.0) for picture in pictures]
    assert all(one.moving for one in seen[2:])


def test_a_clock_that_goes_back_does_no_harm() -> None:
    gate = MotionGate()
    seen = [
        gate.update(with_block(grey(), 10 + 6 * i) if i else grey(), 100.0 - i) for i in range(10)
    ]
    assert all(one.moving for one in seen[2:])


def test_the_share_is_that_of_the_changed_pixels(scene: Scene) -> None:
    scene.show(*[grey()] * 3)
    (motion,) = scene.show(with_block(grey(), 40, size=20))
    # A lone square loses its four corners' pixels as specks.
    assert motion.share == pytest.approx(400 / (WIDTH * HEIGHT), rel=0.05)


def test_scattered_rain_is_not_motion(scene: Scene, generator: np.random.Generator) -> None:
    def rain() -> Grey:
        picture = noisy(generator, spread=1.0)
        for _ in range(12):
            x, y = generator.integers(0, WIDTH), generator.integers(0, HEIGHT - 14)
            picture[y : y + 14, x] = 190
        return picture

    scene.show(*(rain() for _ in range(20)))
    seen = scene.show(*(rain() for _ in range(60)))
    assert sum(one.moving for one in seen) <= 2


def test_the_moving_share_of_a_box_is_reported(
    scene: Scene, generator: np.random.Generator
) -> None:
    def thing(x: int) -> Grey:
        picture = grey()
        picture[60:100, x : x + 40] = texture
        return picture

    texture = generator.integers(150, 255, (40, 40), np.uint8)
    scene.show(*[grey()] * 10)
    scene.show(thing(100), thing(140))
    there = Box(140 / WIDTH, 60 / HEIGHT, 180 / WIDTH, 100 / HEIGHT)
    shown = scene.gate.evidence(there)
    assert shown.motion > 0.8
    assert shown.foreground > 0.8
    # It fills half of this box.
    half = scene.gate.evidence(there.moved(20 / WIDTH, 0))
    assert half.foreground == pytest.approx(shown.foreground / 2, abs=0.1)
    # Boxes smaller than a pixel, outside, or upside down are tolerated.
    for empty in (
        Box(0.7, 0.7, 0.9, 0.9),
        Box(0.7, 0.8, 0.7, 0.8),
        Box(1.5, 1.5, 1.6, 1.6),
        Box(0.9, 0.9, 0.7, 0.7),
    ):
        assert scene.gate.evidence(empty) == BACKGROUND


def test_two_separate_motions_are_two_places(scene: Scene) -> None:
    scene.show(*[grey()] * 10)
    seen = scene.show(
        *(
            with_block(with_block(grey(), 40 + 5 * i, 40, size=30), 250 - 5 * i, 120)
            for i in range(5)
        )
    )
    large, small = seen[-1].places
    assert large.box.x2 < small.box.x1
    assert large.box.area > small.box.area
