from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from porchlight.vision.life import LOOKS_TO_STAND, NEVER_A_PERSON
from porchlight.vision.matching import likeness
from porchlight.vision.tracks import (
    GONE_AMID,
    GONE_AT_EDGE,
    GONE_STILL,
    GONE_UNCONFIRMED,
    MISSES_TO_GO,
    Tracker,
)
from porchlight.vision.types import Box, Detection

from .people import BACKGROUND, STANDING, person

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP = 0.2


class Looks:
    """A tracker that looks five times a second."""

    def __init__(self) -> None:
        self.tracker = Tracker()
        self.at = 10.0

    def see(self, *looks: Sequence[Detection], step: float = STEP) -> None:
        """Look several times."""
        for detections in looks:
            self.at += step
            self.tracker.update(detections, self.at)

    def stand(self, *people: Detection) -> None:
        """Look at people who do not move at all."""
        for _ in range(LOOKS_TO_STAND):
            self.at += STEP
            self.tracker.update(people, self.at, lambda _: STANDING)

    def see_no_one(self, times: int, step: float = STEP) -> None:
        """Look several times and see no one."""
        self.see(*[[]] * times, step=step)

    def score(self, *scores: float | None) -> int:
        """Show one person with these scores, None for a miss; returns the number of people."""
        self.see(*([] if one is None else [person(score=one)] for one in scores))
        return len(self.tracker.people)


@pytest.fixture
def looks() -> Looks:
    return Looks()


def test_one_frame_never_makes_a_person(looks: Looks) -> None:
    assert looks.score(1.0) == 0
    assert len(looks.tracker.tracks) == 1


def test_two_frames_do_not_make_a_person(looks: Looks) -> None:
    assert looks.score(1.0, 1.0) == 0


def test_three_good_frames_make_a_person(looks: Looks) -> None:
    assert looks.score(0.7, 0.7, 0.7) == 1


def test_the_median_decides(looks: Looks) -> None:
    assert looks.score(0.95, 0.45, 0.45) == 0
    assert looks.score(0.51) == 0
    assert looks.score(0.51) == 1


def test_the_median_must_reach_the_threshold_and_not_more(looks: Looks) -> None:
    assert looks.score(0.49, 0.49, 0.49, 0.49, 0.49) == 0
    assert looks.score(0.5, 0.5, 0.5) == 1


def test_a_miss_counts_as_zero(looks: Looks) -> None:
    assert looks.score(0.9, None, 0.45) == 0
    assert looks.tracker.tracks[0].score == pytest.approx(0.45)
    assert looks.score(0.9) == 1


def test_a_small_person_seen_intermittently_is_confirmed(looks: Looks) -> None:
    assert looks.score(0.9, 0.4, None, None, 0.4, 0.9, None, None) == 0
    assert looks.score(0.9) == 1
    assert looks.tracker.tracks[0].peak == 0.9


def test_weak_sightings_do_not_add_up_to_a_person(looks: Looks) -> None:
    assert looks.score(*[0.49, None] * 20) == 0


def test_an_occasional_flicker_is_not_a_person(looks: Looks) -> None:
    assert looks.score(*[0.9, None, None] * 10) == 0


def test_a_person_stays_confirmed_however_weak_the_scores_become(looks: Looks) -> None:
    assert looks.score(0.8, 0.8, 0.8, 0.3, 0.3, 0.3, 0.3, 0.3) == 1
    assert len(looks.tracker.tracks[0].scores) == 8


def test_a_weak_detection_begins_no_track(looks: Looks) -> None:
    looks.score(0.39)
    assert looks.tracker.tracks == []
    looks.score(0.4)
    assert len(looks.tracker.tracks) == 1


def test_the_peak_is_the_best_median_of_a_person(looks: Looks) -> None:
    looks.score(0.7, 0.8, 0.99, 0.9, 0.9)
    looks.score(0.4, 0.4, 0.4)
    assert looks.tracker.people[0].peak == pytest.approx(0.9)


def confirmed(looks: Looks, detection: Detection) -> None:
    looks.see(*[[detection]] * 3)
    assert len(looks.tracker.people) == 1


def test_a_person_last_seen_at_the_border_is_gone_soon(looks: Looks) -> None:
    confirmed(looks, person(0.95, width=0.1))
    looks.see_no_one(9)
    assert len(looks.tracker.people) == 1
    looks.see_no_one(2)
    assert looks.tracker.people == []


def test_a_person_last_seen_inside_the_picture_is_waited_for(looks: Looks) -> None:
    confirmed(looks, person(0.5))
    looks.see_no_one(round(GONE_AMID / STEP) - 1)
    assert len(looks.tracker.people) == 1
    looks.see_no_one(2)
    assert looks.tracker.people == []


def test_the_upper_border_is_not_an_exit(looks: Looks) -> None:
    confirmed(looks, Detection(Box(0.4, 0.0, 0.6, 0.5), 0.9))
    looks.see_no_one(round(GONE_AT_EDGE / STEP) + 5)
    assert len(looks.tracker.people) == 1


def test_leaving_a_frame_with_odd_width_is_noticed(looks: Looks) -> None:
    looks.see(*([person(x, width=0.1)] for x in (0.75, 0.85, 0.95)))
    for _ in range(12):
        looks.at += STEP
        looks.tracker.update([], looks.at, regions=[Box(0, 0, 640 / 641, 1)])
    assert looks.tracker.people == []


def test_one_sighting_long_ago_is_not_furniture(looks: Looks) -> None:
    looks.tracker.update([person(0.2)], 0.0, lambda _: BACKGROUND)
    looks.tracker.update([], NEVER_A_PERSON + 1, regions=[Box(0.5, 0, 1, 1)])
    assert looks.tracker.furniture.pieces == ()


def test_an_unconfirmed_track_is_forgotten_sooner(looks: Looks) -> None:
    looks.score(0.9)
    looks.see_no_one(round(GONE_UNCONFIRMED / STEP) - 1)
    assert len(looks.tracker.tracks) == 1
    looks.see_no_one(2)
    assert looks.tracker.tracks == []


@pytest.mark.parametrize("x", [0.5, 0.97])
def test_few_looks_prove_nothing_however_far_apart(looks: Looks, x: float) -> None:
    confirmed(looks, person(x))
    looks.see_no_one(MISSES_TO_GO - 1, step=60.0)
    assert len(looks.tracker.people) == 1
    looks.see_no_one(1, step=60.0)
    assert looks.tracker.people == []


def test_a_sighting_restarts_the_wait(looks: Looks) -> None:
    confirmed(looks, person(0.5))
    looks.see_no_one(20)
    looks.see([person(0.5)])
    looks.see_no_one(20)
    assert len(looks.tracker.people) == 1


@pytest.mark.parametrize("x", [0.5, 0.97])
def test_an_undetected_person_who_stands_still_has_not_left(looks: Looks, x: float) -> None:
    confirmed(looks, person(x))
    looks.stand(person(x))
    looks.see_no_one(round(GONE_STILL / STEP) - 2)
    assert len(looks.tracker.people) == 1
    looks.see_no_one(3)
    assert looks.tracker.people == []


def test_a_person_still_for_one_look_may_have_left(looks: Looks) -> None:
    confirmed(looks, person(0.5))
    looks.at += STEP
    looks.tracker.update([person(0.5)], looks.at, lambda _: STANDING)
    looks.see_no_one(round(GONE_AMID / STEP) + 1)
    assert looks.tracker.people == []


def test_a_person_is_gone_some_time_after_a_motion_near_them(looks: Looks) -> None:
    confirmed(looks, person(0.5))
    looks.stand(person(0.5))
    looks.see_no_one(round(20 / STEP))
    looks.tracker.moved([Box(0.53, 0.5, 0.58, 0.6)], looks.at)
    looks.see_no_one(round(GONE_AMID / STEP) - 1)
    assert len(looks.tracker.people) == 1
    # What moves there later is another person's.
    looks.tracker.moved([Box(0.53, 0.5, 0.58, 0.6)], looks.at)
    looks.see_no_one(2)
    assert looks.tracker.people == []


def test_motion_elsewhere_is_not_a_departure(looks: Looks) -> None:
    confirmed(looks, person(0.5))
    looks.stand(person(0.5))
    looks.tracker.moved([Box(0.8, 0.5, 0.9, 0.6)], looks.at)
    looks.see_no_one(round(GONE_AMID / STEP) + 5)
    assert len(looks.tracker.people) == 1


def numbers(looks: Looks) -> dict[int, float]:
    return {track.number: round(track.box.centre[0], 3) for track in looks.tracker.people}


def test_a_walker_keeps_the_track(looks: Looks) -> None:
    looks.see(*([person(0.1 + 0.03 * i)] for i in range(25)))
    assert numbers(looks) == {1: 0.82}


def test_a_fast_runner_keeps_the_track_by_speed(looks: Looks) -> None:
    # From look to look a whole width of the box.
    looks.see([person(0.1)], [person(0.15)], [person(0.22)])
    looks.see(*([person(0.32 + 0.1 * i)] for i in range(5)))
    assert numbers(looks) == {1: 0.72}


def test_a_walker_found_again_after_a_gap_is_the_same(looks: Looks) -> None:
    looks.see(*([person(0.2 + 0.04 * i)] for i in range(6)))
    looks.see_no_one(4)
    # Five looks on, where the speed leads: no overlap with the last box, and out of its reach.
    looks.see([person(0.6)])
    assert numbers(looks) == {1: 0.6}


def test_two_people_side_by_side_are_two_tracks(looks: Looks) -> None:
    looks.see(*[[person(0.4), person(0.55)]] * 5)
    assert numbers(looks) == {1: 0.4, 2: 0.55}


def test_two_people_keep_their_tracks_in_whatever_order_they_are_detected(looks: Looks) -> None:
    pair = [person(0.3), person(0.7)]
    for i in range(6):
        looks.see(pair if i % 2 else pair[::-1])
    assert sorted(numbers(looks).values()) == [0.3, 0.7]
    assert {track.number for track in looks.tracker.tracks} == {1, 2}


def test_two_people_who_pass_each_other_keep_their_tracks(looks: Looks) -> None:
    # One comes from the left, one from the right and a little lower; both are always seen.
    for i in range(31):
        x = 0.2 + 0.02 * i
        looks.see([person(x, 0.48), person(1.0 - x, 0.55)])
    assert numbers(looks) == {1: 0.8, 2: 0.2}


def test_two_people_one_hidden_while_they_cross_stay_two(looks: Looks) -> None:
    for i in range(31):
        x = 0.2 + 0.02 * i
        far = abs(x - 0.5) > 0.04
        looks.see([person(x, 0.48), person(1.0 - x, 0.55)] if far else [person(x, 0.48)])
    assert len(numbers(looks)) == 2
    assert numbers(looks)[1] == pytest.approx(0.8)


def test_a_jump_across_the_picture_is_another_person(looks: Looks) -> None:
    confirmed(looks, person(0.2))
    looks.see(*[[person(0.8)]] * 3)
    assert sorted(numbers(looks)) == [1, 2]


def test_the_better_match_wins_in_any_order(looks: Looks) -> None:
    looks.see(*[[person(0.40), person(0.52)]] * 3)
    # The right one is gone; the left one has moved towards its place.
    looks.see([person(0.44)])
    assert {track.number: track.misses for track in looks.tracker.tracks} == {1: 0, 2: 1}


def test_two_looks_at_the_same_time_do_no_harm(looks: Looks) -> None:
    looks.see(*[[person(0.5)], [person(0.52)], [person(0.54)]], step=0.0)
    assert len(looks.tracker.people) == 1
    assert looks.tracker.people[0].speed == (0.0, 0.0)


def test_boxes_without_size_are_tolerated(looks: Looks) -> None:
    dot = Detection(Box(0.5, 0.5, 0.5, 0.5), 0.9)
    looks.see(*[[dot]] * 3)
    assert all(likeness(track, dot, looks.at) == 0 for track in looks.tracker.tracks)


def test_all_tracks_can_be_forgotten(looks: Looks) -> None:
    confirmed(looks, person(0.5))
    looks.tracker.clear()
    assert looks.tracker.people == []
    looks.see([person(0.5)])
    assert looks.tracker.tracks[0].number == 2
