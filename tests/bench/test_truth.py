"""First visible, gone, and how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def test_truth_survives_its_file(tmp_path: Path) -> None:
    made = truth((sight(0.2),), (sight(0.5), sight(0.7, 1, 1)))
    save(made, tmp_path / "truth.json")
    assert load(tmp_path / "truth.json") == made
