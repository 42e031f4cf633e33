from __future__ import annotations

from itertools import count, pairwise

import pytest
from porchlight.vision.types import Box
from porchlight.vision.visits import Arrived, Left, Visit
from porchlight.vision.watch import (
    MOTION_LINGERS,
    MOTION_REPORTED,
    QUIET_INTERVAL,
    Watch,
    quality,
)

from .people import grey, person, with_block

BEFORE = Visit("kept", arrived_at=1.0, last_seen=5.0, score=0.7, count=1, most=1)
RATE = 0.1


class Camera:
    """A watch that is given ten frames a second and looks when it wants to."""

    def __init__(self, open_visit: Visit | None = None) -> None:
        numbers = count(1)
        self.watch = Watch(lambda: f"visit {next(numbers)}", open_visit)
        self.at = 1000.0
        self.looks: list[float] = []
        self.events: list[object] = []
        self.best: list[Box] = []

    def run(self, seconds: float, *detections: object, moving: bool = False) -> list[float]:
        """Let time pass; when it looked, from the start of this."""
        start, before = self.at, len(self.looks)
        for number in range(round(seconds / RATE)):
            if self.watch.gate_due(self.at):
                picture = with_block(grey(), 6 * number % 140) if moving else grey()
                self.watch.see(picture, self.at)
            if self.watch.look_due(self.at):
                self.looks.append(self.at)
                look = self.watch.look(detections, self.at)  # type: ignore[arg-type] # detections
                self.events += look.events
                self.best += [look.best] if look.best else []
            self.at += RATE
        return [round(at - start, 1) for at in self.looks[before:]]

    @property
    def kinds(self) -> list[type]:
        """What became of the visits."""
        return [type(event) for event in self.events]


@pytest.fixture
def camera() -> Camera:
    return Camera()


def test_the_first_frame_is_looked_at_at_once(camera: Camera) -> None:
    assert camera.watch.gate_due(camera.at)
    assert camera.run(0.1) == [0.0]


def test_a_quiet_picture_is_looked_at_now_and_then(camera: Camera) -> None:
    assert camera.run(35) == [0, QUIET_INTERVAL, 2 * QUIET_INTERVAL, 3 * QUIET_INTERVAL]


def test_a_busy_picture_is_looked_at_five_times_a_second(camera: Camera) -> None:
    camera.run(1)
    looks = camera.run(4, moving=True)
    assert len(looks) == pytest.approx(20, abs=1)
    gaps = {round(later - at, 1) for at, later in pairwise(looks)}
    assert gaps == {0.2}


def test_motion_lingers_in_the_schedule(camera: Camera) -> None:
    camera.run(1)
    camera.run(1, moving=True)
    looks = camera.run(20)
    assert MOTION_LINGERS - 0.5 < max(at for at in looks if at < 5) <= MOTION_LINGERS + 0.6


def test_people_who_stand_still_are_looked_at_every_second(camera: Camera) -> None:
    camera.run(4, person(), moving=True)
    camera.run(4, person())
    looks = camera.run(10, person())
    assert len(looks) == pytest.approx(10, abs=1)
    assert camera.kinds == [Arrived]


def test_somebody_who_stood_there_from_the_start_is_found(camera: Camera) -> None:
    camera.run(5, person())
    assert camera.kinds == [Arrived]


def test_frames_a_little_early_are_taken(camera: Camera) -> None:
    camera.watch.see(grey(), camera.at)
    camera.watch.look([], camera.at)
    assert not camera.watch.gate_due(camera.at + 0.17)
    assert camera.watch.gate_due(camera.at + 0.19)
    assert not camera.watch.look_due(camera.at + QUIET_INTERVAL - 0.03)
    assert camera.watch.look_due(camera.at + QUIET_INTERVAL - 0.01)


def test_motion_is_reported_for_a_while(camera: Camera) -> None:
    assert not camera.watch.moving(camera.at)
    camera.run(1)
    camera.run(1, moving=True)
    last = camera.watch._moved_at
    assert last is not None
    assert camera.watch.moving(last + MOTION_REPORTED - 0.1)
    assert not camera.watch.moving(last + MOTION_REPORTED + 0.1)


def test_a_new_scene_is_looked_at_but_a_camera_that_is_knocked_sees_nobody(
    camera: Camera,
) -> None:
    camera.run(12)
    half = grey()
    half[:, :70] = 230
    half[:40] = 10
    camera.watch.see(255 - half, camera.at)
    motion = camera.watch.see(half, camera.at)
    assert motion.new_scene
    assert camera.watch.moving(camera.at)
    assert camera.run(2)
    assert camera.events == []


def test_a_visit_from_arrival_to_departure(camera: Camera) -> None:
    camera.run(2)
    camera.run(5, person(), moving=True)
    camera.run(15)
    assert camera.kinds == [Arrived, Left]
    assert camera.watch.visit is None


def test_the_number_of_people_is_told(camera: Camera) -> None:
    for _ in range(3):
        look = camera.watch.look([person(0.3), person(0.7)], camera.at)
        camera.at += 0.2
    assert look.people == 2


def test_a_pause_ends_the_visit_and_forgets_everybody(camera: Camera) -> None:
    camera.run(5, person())
    (event,) = camera.watch.pause()
    assert isinstance(event, Left)
    assert camera.watch.pause() == ()
    assert camera.watch.look_due(camera.at)
    # One frame makes nobody again.
    assert camera.watch.look([person()], camera.at).events == ()


def test_a_visit_taken_over_is_looked_after_and_ended() -> None:
    camera = Camera(BEFORE)
    looks = camera.run(10)
    assert len(looks) >= 6
    assert camera.kinds == [Left]


def test_a_visit_taken_over_goes_on_with_who_is_there() -> None:
    camera = Camera(BEFORE)
    camera.run(10, person())
    assert camera.kinds == []
    assert camera.watch.visit is not None
    assert camera.watch.visit.visit_id == "kept"


def seen(camera: Camera, *detections: object) -> Box | None:
    camera.at += 0.2
    return camera.watch.look(detections, camera.at).best  # type: ignore[arg-type] # detections


def test_the_first_person_gives_the_first_best_picture(camera: Camera) -> None:
    one = person(score=0.7)
    assert [seen(camera, one) for _ in range(3)] == [None, None, one.box]


def test_only_a_clearly_better_picture_replaces_the_best(camera: Camera) -> None:
    for _ in range(3):
        seen(camera, person(width=0.10))
    assert seen(camera, person(width=0.10)) is None
    assert seen(camera, person(width=0.12)) is None
    better = person(width=0.15)
    assert seen(camera, better) == better.box
    assert seen(camera, person(width=0.14)) is None


def test_the_best_of_several_people_is_the_best_pictures(camera: Camera) -> None:
    near, far = person(0.3, height=0.5), person(0.7, height=0.2)
    boxes = [seen(camera, far, near) for _ in range(3)]
    assert boxes[-1] == near.box


def test_each_visit_has_its_own_best(camera: Camera) -> None:
    camera.run(3, person(width=0.3, height=0.8))
    camera.run(12)
    camera.best.clear()
    camera.run(20, person(width=0.05, height=0.1))
    assert camera.kinds == [Arrived, Left, Arrived]
    assert len(camera.best) == 1


def test_who_is_not_seen_on_a_frame_makes_no_best_picture(camera: Camera) -> None:
    for _ in range(3):
        seen(camera, person(width=0.1))
    assert seen(camera) is None


def test_a_good_picture_is_sure_large_and_whole() -> None:
    whole = quality(Box(0.4, 0.4, 0.6, 0.8), 0.8)
    assert quality(Box(0.4, 0.4, 0.6, 0.8), 0.9) > whole
    assert quality(Box(0.3, 0.4, 0.6, 0.8), 0.8) > whole
    assert quality(Box(0.0, 0.4, 0.2, 0.8), 0.8) == pytest.approx(whole / 2)
    assert quality(Box(0.4, 0.0, 0.6, 0.4), 0.8) == pytest.approx(whole / 2)
