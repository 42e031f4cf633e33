"""First visible, gone, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from porchlight.vision.settings import Line

from bench.truth import Sight, TrueWalk, Truth, load, save

if TYPE_CHECKING:
    from pathlib import Path

BOX = (0.1, 0.2, 0.3, 0.4)


def sight(share: float, walk: int = 0, person: int = 0) -> Sight:
    return Sight(walk=walk, person=person, box=BOX, share=share)


def truth(*shares: tuple[Sight, ...]) -> Truth:
    return Truth(
        seconds=len(shares) / 2, frames=tuple((index / 2, row) for index, row in enumerate(shares))
    )


def test_a_walk_is_visible_from_half_the_figure_until_the_last_trace() -> None:
    made = truth((sight(0.2),), (sight(0.5),), (sight(1.0),), (sight(0.06),), (sight(0.04),), ())
    assert made.walks() == (TrueWalk(first=0.5, gone=1.5, people=1),)


def test_a_person_never_half_visible_is_not_a_walk() -> None:
    assert truth((sight(0.49),), (sight(0.3),)).walks() == ()


def test_two_people_together_are_one_walk() -> None:
    made = truth((sight(0.6), sight(0.1, person=1)), (sight(0.9), sight(0.7, person=1)))
    assert made.walks() == (TrueWalk(first=0.0, gone=0.5, people=2),)


def test_separate_walks_are_separate_visits() -> None:
    made = truth((sight(1.0),), (), (sight(1.0, walk=1, person=1),))
    assert [(walk.first, walk.gone) for walk in made.walks()] == [(0.0, 0.0), (1.0, 1.0)]


def tenths(*shares: float) -> Truth:
    """One person's shares on ten frames a second."""
    frames = tuple((index / 10, (sight(share),)) for index, share in enumerate(shares))
    return Truth(seconds=len(shares) / 10, frames=frames)


def test_moments_are_a_fifth_of_a_second_apart() -> None:
    made = tenths(*[0.0] * 21).moments()
    assert [moment.at for moment in made] == pytest.approx([at / 5 for at in range(11)])


def test_a_person_surely_counts_after_one_and_a_half_seconds_half_visible() -> None:
    moments = tenths(*[0.5] * 21).moments()
    assert [moment.at for moment in moments if moment.least] == [1.6, 1.8, 2.0]
    assert all(moment.most == 1 for moment in moments)
    assert moments[0].people == ((0, BOX),)
    # Hidden for one frame, it begins anew.
    assert not any(moment.least for moment in tenths(*[0.5] * 10, 0.4, *[0.5] * 10).moments())


def test_a_person_may_count_from_the_first_trace_until_one_and_a_half_seconds_after_the_last() -> (
    None
):
    moments = tenths(*[0.05] * 4, *[0.06] * 4, *[0.0] * 20).moments()
    assert [moment.at for moment in moments if moment.most] == [at / 5 for at in range(2, 12)]
    assert not any(moment.least or moment.people for moment in moments)


def feet(*xs: float, share: float = 1.0) -> Truth:
    """One person whose feet are at these places, with a line down the middle."""
    line = Line(line_id="gate", start=(0.5, 0.0), end=(0.5, 0.9))
    frames = tuple(
        (
            float(index),
            (Sight(walk=0, person=0, box=(x - 0.05, 0.2, x + 0.05, 0.8), share=share),),
        )
        for index, x in enumerate(xs)
    )
    return Truth(seconds=float(len(xs)), frames=frames, lines=(line,))


def test_a_crossing_is_inward_to_the_right_of_the_line_s_direction() -> None:
    # Downwards, the right is where x is smaller.
    assert feet(0.3, 0.45, 0.55, 0.7).crossings() == ((2.0, "gate", False),)
    assert feet(0.7, 0.4).crossings() == ((1.0, "gate", True),)


def test_feet_that_only_touch_the_line_do_not_cross_it() -> None:
    assert feet(0.3, 0.495, 0.505, 0.3).crossings() == ()
    assert feet(0.3, 0.505, 0.6).crossings() == ((2.0, "gate", False),)


def test_a_person_who_is_not_seen_does_not_cross() -> None:
    assert feet(0.3, 0.7, share=0.4).crossings() == ()


def test_a_way_past_the_line_s_end_is_no_crossing() -> None:
    made = feet(0.3, 0.7)
    (line,) = made.lines
    short = Line(line_id=line.line_id, start=line.start, end=(0.5, 0.7))
    assert Truth(seconds=2.0, frames=made.frames, lines=(short,)).crossings() == ()


def test_truth_survives_its_file(tmp_path: Path) -> None:
    made = Truth(
        seconds=1.0,
        frames=((0.0, (sight(0.2),)), (0.5, (sight(0.5), sight(0.7, 1, 1)))),
        lines=feet(0.3).lines,
        others=((0.0, (Sight(walk=-1, person=0, box=BOX, share=1.0, label="cone"),)),),
    )
    save(made, tmp_path / "truth.json")
    assert load(tmp_path / "truth.json") == made
