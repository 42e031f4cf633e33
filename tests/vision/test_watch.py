from __future__ import annotations

from itertools import count, pairwise

import numpy as np
import pytest
from porchlight.vision.furniture import Furniture
from porchlight.vision.motion import HEIGHT, WIDTH
from porchlight.vision.regions import View, tiles
from porchlight.vision.types import Box, Detection
from porchlight.vision.visits import Arrived, Changed, Left, Visit
from porchlight.vision.watch import (
    ALARM_LASTS,
    AWAKE_AFTER_MOTION,
    FIRST_SCANS,
    KNOWN_INTERVAL,
    LONGEST_GROUP,
    MOTION_LINGERS,
    MOTION_REPORTED,
    SCAN_INTERVALS,
    UNSEEN,
    Watch,
    quality,
)

from .people import grey, painted, person, stirring, with_block

BEFORE = Visit("kept", arrived_at=1.0, last_seen=5.0, score=0.7, count=1, most=1)
RATE = 0.1
VIEW = View(1280, 720, 416)
# Far enough to be a sign of life for a person of the usual height.
STRIDE = 0.08


class Camera:
    """A watch that gets ten frames a second and looks when it is due."""

    def __init__(self, open_visit: Visit | None = None, furniture: Furniture | None = None) -> None:
        numbers = count(1)
        self.watch = Watch(lambda: f"visit {next(numbers)}", open_visit, furniture)
        self.at = 1000.0
        self.looks: list[float] = []
        self.regions: list[int] = []
        self.events: list[object] = []
        self.best: list[Box] = []

    def run(
        self,
        seconds: float,
        *people: Detection,
        walking: bool = False,
        motion: bool = False,
        leaving: Detection | None = None,
    ) -> list[float]:
        """Let time pass; returns the times of looks, from the start.

        `walking`: the people go to and fro. `motion`: something moves below them. `leaving`:
        one of them leaves in the first second.
        """
        start, before = self.at, len(self.looks)
        for number in range(round(seconds / RATE)):
            step = STRIDE * (len(self.looks) % 2) if walking else 0.0
            seen = [Detection(one.box.moved(step, 0), one.score) for one in people]
            if self.watch.gate_due(self.at):
                picture = painted(*seen)
                if motion:
                    picture = with_block(picture, 8 * number % (WIDTH - 20), HEIGHT - 15)
                elif leaving and number * RATE < 1:
                    picture = stirring(leaving.box, number // 2)
                self.watch.see(picture, self.at)
            if self.watch.look_due(self.at):
                self.looks.append(self.at)
                regions = self.watch.regions(VIEW, self.at)
                self.regions.append(len(regions))
                look = self.watch.look(seen, self.at)
                self.events += look.events
                self.best += [look.best] if look.best else []
            self.at += RATE
        return [round(at - start, 1) for at in self.looks[before:]]

    @property
    def kinds(self) -> list[type]:
        """The arrivals and departures."""
        return [type(event) for event in self.events if not isinstance(event, Changed)]


@pytest.fixture
def camera() -> Camera:
    return Camera()


def test_the_first_frame_is_looked_at_at_once(camera: Camera) -> None:
    assert camera.watch.gate_due(camera.at)
    assert camera.run(0.1) == [0.0]


def test_a_quiet_picture_is_looked_at_as_a_whole_at_first_and_then_no_more(camera: Camera) -> None:
    looks = camera.run(200)
    gaps = [round(later - at, 1) for at, later in pairwise(looks)]
    assert gaps == list(SCAN_INTERVALS[:FIRST_SCANS])
    assert camera.regions == [len(tiles(VIEW))] * len(looks)


def test_a_busy_picture_is_looked_at_five_times_a_second_where_it_moves(camera: Camera) -> None:
    camera.run(1)
    looks = camera.run(0.9, motion=True)
    assert {round(later - at, 1) for at, later in pairwise(looks)} == {0.2}
    assert set(camera.regions[1:]) == {1}


def test_futile_looks_become_rarer(camera: Camera) -> None:
    camera.run(1)
    camera.run(60, motion=True)
    looks = camera.run(10, motion=True)
    assert len(looks) <= 20


def test_motion_lingers_in_the_schedule(camera: Camera) -> None:
    camera.run(3)
    camera.run(0.9, motion=True)
    looks = camera.run(2)
    assert 0 < max(looks) <= MOTION_LINGERS + 0.1


def test_walking_people_are_looked_at_more_often_than_standing_ones(camera: Camera) -> None:
    camera.run(2)
    camera.run(2, person(), walking=True)
    assert camera.kinds == [Arrived]
    still = camera.run(20, person())
    assert len(still) == pytest.approx(21, abs=2)
    moving = camera.run(10, person(y=0.85), motion=True)
    assert len(moving) >= 10 / KNOWN_INTERVAL


def test_a_person_standing_there_from_the_start_is_found_on_moving(camera: Camera) -> None:
    camera.run(5, person())
    assert camera.kinds == []
    camera.run(10, person(), walking=True)
    assert camera.kinds == [Arrived]


def test_a_picture_on_the_wall_soon_becomes_furniture(camera: Camera) -> None:
    camera.run(90, person())
    assert camera.kinds == []
    assert len(camera.watch.furniture.pieces) == 1
    # It is no reason to look or to decode.
    assert len(camera.run(120, person())) <= 2
    assert camera.kinds == []


def test_a_person_in_front_of_a_known_picture_counts() -> None:
    furniture = Furniture()
    furniture.add(person().box)
    camera = Camera(furniture=furniture)
    camera.run(5, person())
    assert camera.kinds == []
    camera.run(5, person(), person(0.55, 0.6, height=0.7, width=0.2), walking=True, motion=True)
    assert camera.kinds == [Arrived]
    assert camera.watch.visit is not None
    assert camera.watch.visit.count == 1


def test_a_coat_that_a_visitor_left_ends_the_visit_after_a_while(camera: Camera) -> None:
    camera.run(3, person(), walking=True)
    camera.run(1200, person())
    assert camera.kinds == [Arrived, Left]


def test_frames_a_little_early_are_taken(camera: Camera) -> None:
    camera.watch.see(grey(), camera.at)
    camera.watch.regions(VIEW, camera.at)
    camera.watch.look([], camera.at)
    assert not camera.watch.gate_due(camera.at + 0.17)
    assert camera.watch.gate_due(camera.at + 0.19)
    assert not camera.watch.look_due(camera.at + SCAN_INTERVALS[0] - 0.03)
    assert camera.watch.look_due(camera.at + SCAN_INTERVALS[0] - 0.01)


def test_motion_is_reported_for_a_while(camera: Camera) -> None:
    assert not camera.watch.moving(camera.at)
    camera.run(1)
    camera.run(1, motion=True)
    last = camera.watch._moved_at
    assert camera.watch.moving(last + MOTION_REPORTED - 0.1)
    assert not camera.watch.moving(last + MOTION_REPORTED + 0.1)


def test_a_new_scene_is_not_motion_and_is_looked_at_as_a_whole(camera: Camera) -> None:
    camera.run(40)
    half = grey()
    half[:, :140] = 230
    half[:80] = 10
    camera.watch.see(255 - half, camera.at)
    motion = camera.watch.see(half, camera.at)
    assert motion.new_scene
    assert not camera.watch.moving(camera.at)
    assert camera.watch.look_due(camera.at)
    assert camera.watch.regions(VIEW, camera.at) == tiles(VIEW)


def test_a_visit_from_arrival_to_departure(camera: Camera) -> None:
    camera.run(2)
    camera.run(5, person(), walking=True)
    camera.run(15, leaving=person())
    assert camera.kinds == [Arrived, Left]
    assert camera.watch.visit is None


def stand(camera: Camera) -> None:
    """Let a person come into an empty picture and stand still."""
    camera.run(2)
    camera.run(3, person(), walking=True)
    camera.run(6, person())
    assert camera.kinds == [Arrived]


def test_an_undetected_standing_person_is_looked_for_once_a_second(
    camera: Camera,
) -> None:
    stand(camera)
    camera.run(2)
    looks = camera.run(20)
    assert {round(later - at) for at, later in pairwise(looks)} == {1}
    assert camera.kinds == [Arrived]
    camera.run(1, person())
    camera.run(10, leaving=person())
    assert camera.kinds == [Arrived, Left]


def test_a_change_of_the_whole_picture_may_hide_a_departure(camera: Camera) -> None:
    stand(camera)
    rows = np.arange(HEIGHT)[:, None] // 30 % 2
    camera.watch.see(np.broadcast_to(60 + 120 * rows, (HEIGHT, WIDTH)).astype(np.uint8), camera.at)
    camera.run(10)
    assert camera.kinds == [Arrived, Left]


def test_the_number_of_people_is_reported(camera: Camera) -> None:
    camera.run(2)
    camera.run(2, person(0.3), person(0.7), walking=True)
    assert camera.watch.visit is not None
    assert camera.watch.visit.count == 2
    walking = [person(0.3), person(0.7)]
    camera.watch.see(painted(*walking), camera.at)
    assert camera.watch.look(walking, camera.at).people == 2


def test_a_pause_ends_the_visit_and_forgets_all_tracks(camera: Camera) -> None:
    camera.run(5, person(), walking=True)
    (event,) = camera.watch.pause()
    assert isinstance(event, Left)
    assert camera.watch.pause() == ()
    assert camera.watch.look_due(camera.at)
    # One frame does not confirm a person.
    assert camera.watch.look([person()], camera.at).events == ()


def test_a_resumed_visit_is_watched_and_ended() -> None:
    camera = Camera(BEFORE)
    looks = camera.run(10)
    assert len(looks) >= 6
    assert camera.kinds == [Left]


def test_a_resumed_visit_continues_with_a_standing_person() -> None:
    camera = Camera(BEFORE)
    camera.run(10, person())
    assert camera.kinds == []
    assert camera.watch.visit is not None
    assert camera.watch.visit.visit_id == "kept"


class Packets:
    """A watch that gets ten packets a second, with a key frame every `group` seconds."""

    def __init__(self, group: float = 2.0) -> None:
        self.watch = Watch(lambda: "visit")
        self.watch.began(720)
        self.group = round(group / RATE)
        self.number = 0

    @property
    def at(self) -> float:
        """When the next packet comes."""
        return 1000 + self.number * RATE

    def run(self, seconds: float, size: int = 400) -> list[bool]:
        """Which packets were wanted, if the predicted frames have this size."""
        wanted = []
        for _ in range(round(seconds / RATE)):
            at, key = self.at, self.number % self.group == 0
            wanted.append(self.watch.wants(50_000 if key else size, at, key=key))
            if wanted[-1] and self.watch.gate_due(at):
                self.watch.see(grey(), at)
            if self.watch.look_due(at):
                self.watch.regions(VIEW, at)
                self.watch.look([], at)
            self.number += 1
        return wanted


def test_a_quiet_camera_has_only_its_key_frames_decoded() -> None:
    packets = Packets()
    packets.run(20)
    assert sum(packets.run(60)) == 30


def test_larger_packets_wake_at_once_and_for_a_while() -> None:
    packets = Packets()
    packets.run(20.5)
    wanted = packets.run(1, size=3000)
    assert wanted.index(True) <= 3
    assert all(wanted[4:])
    packets.run(ALARM_LASTS)
    assert sum(packets.run(20)) == 10


def test_useless_packet_sizes_leave_only_the_last_second_unseen() -> None:
    packets = Packets(group=4)
    packets.run(20, size=60_000)
    wanted = packets.run(40, size=60_000)
    assert sum(wanted) == pytest.approx(400 * (4 - UNSEEN) / 4, rel=0.05)
    # The frames before the key frame are those left out.
    assert not wanted[39]
    assert wanted[40]


def test_without_key_frames_everything_is_decoded() -> None:
    packets = Packets(group=30)
    packets.run(120)
    wanted = packets.run(30)
    assert all(wanted[round(LONGEST_GROUP / RATE) + 1 :])
    assert not all(wanted)


def test_what_moves_keeps_a_camera_awake() -> None:
    packets = Packets()
    packets.run(20)
    at = packets.at
    for number in range(3):
        packets.watch.see(with_block(grey(), 50 + 20 * number), at - 0.4 + 0.2 * number)
    assert all(packets.run(AWAKE_AFTER_MOTION - 0.1))
    packets.run(5)
    assert sum(packets.run(20)) == 10


def seen(camera: Camera, *detections: Detection) -> Box | None:
    camera.at += 0.2
    camera.looks.append(camera.at)
    step = STRIDE / 8 * (len(camera.looks) % 2)
    swaying = [Detection(one.box.moved(0, step), one.score) for one in detections]
    look = camera.watch.look(swaying, camera.at)
    return look.best


def arrive(camera: Camera, *people: Detection, seconds: float = 1) -> None:
    """Show people until there is a visit."""
    camera.run(1, motion=True)
    camera.run(seconds, *people, walking=True, motion=True)
    assert camera.kinds[-1:] == [Arrived]


def test_the_first_person_gives_the_first_best_picture(camera: Camera) -> None:
    arrive(camera, person(score=0.7))
    assert len(camera.best) == 1


def test_only_a_clearly_better_picture_replaces_the_best(camera: Camera) -> None:
    arrive(camera, person(width=0.10))
    assert seen(camera, person(width=0.10)) is None
    assert seen(camera, person(width=0.12)) is None
    better = seen(camera, person(width=0.15))
    assert better is not None
    assert better.x2 - better.x1 == pytest.approx(0.15)
    assert seen(camera, person(width=0.14)) is None


def test_the_best_of_several_people_decides_the_best_picture(camera: Camera) -> None:
    arrive(camera, person(0.7, height=0.3), person(0.3, height=0.35))
    assert camera.best[-1].height == pytest.approx(0.35)


def test_each_visit_has_its_own_best(camera: Camera) -> None:
    arrive(camera, person(width=0.3, height=0.35))
    camera.run(12, leaving=person())
    camera.best.clear()
    # No person was found at the motion recently, so it is looked at less often.
    arrive(camera, person(width=0.05, height=0.25), seconds=3)
    assert camera.kinds == [Arrived, Left, Arrived]
    assert len(camera.best) == 1


def test_an_unseen_person_gives_no_best_picture(camera: Camera) -> None:
    arrive(camera, person(width=0.1))
    assert seen(camera) is None


def test_a_good_picture_has_a_high_score_a_large_and_a_whole_person() -> None:
    whole = quality(Box(0.4, 0.4, 0.6, 0.8), 0.8)
    assert quality(Box(0.4, 0.4, 0.6, 0.8), 0.9) > whole
    assert quality(Box(0.3, 0.4, 0.6, 0.8), 0.8) > whole
    assert quality(Box(0.0, 0.4, 0.2, 0.8), 0.8) == pytest.approx(whole / 2)
    assert quality(Box(0.4, 0.0, 0.6, 0.4), 0.8) == pytest.approx(whole / 2)
