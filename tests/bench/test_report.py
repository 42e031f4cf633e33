"""The tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.arms.protocol import Sample, SeenCrossing, SeenVisit
from bench.grown import Growth, restore, save
from bench.report import processor, table, tables, write
from bench.truth import Moment, TrueCrossing

from .test_score import outcome

if TYPE_CHECKING:
    from pathlib import Path


def test_tables_have_a_row_for_each_arm_height_and_condition() -> None:
    outcomes = {
        "ours": [outcome(SeenVisit(arrived_at=11, left_at=19, most=1))],
        "other": [
            outcome(),
            outcome(walks=(), condition="nobody, rain", height=0),
            outcome(walks=(), condition="nobody, quiet", height=0),
        ],
    }
    text = tables(outcomes)
    assert "| ours | 120 px | 1 | 1.00 | 1.00 | 0 |" in text
    assert "| other | 120 px | 1 | 0.00 | – |" in text  # noqa: RUF001 - no value
    assert "| no people, rain | other | 0 |" in text
    assert "| other | quiet |" in text
    assert "| other | weather |" in text
    assert "| other | quiet and weather | 2.0 | 0 | 0 |" in text
    assert "| other | one | 10 s |  |  |" in text


def test_counting_has_a_row_for_each_kind_of_scene_and_arm() -> None:
    box = (0.1, 0.1, 0.2, 0.5)
    crowd = outcome(
        SeenVisit(arrived_at=11, left_at=20, most=1, ended_at=26.5),
        condition="crowd, 480x360",
        counts={"inference": 150},
        moments=tuple(Moment(10 + at / 5, 1, 1, ((0, box),)) for at in range(10)),
        samples=(Sample(10.0, 10.0, 1, ((1, box),)), Sample(11.0, 11.0, 2, ((2, box),))),
        crossings=(SeenCrossing(15.0, "gate", inward=True),),
        true_crossings=(TrueCrossing(14.0, "gate", inward=True),),
    )
    blind = replace(crowd, crossings=None, samples=(Sample(10.0, 10.0, 1),), visits=())
    text = tables({"ours": [crowd], "other": [blind]})
    figures = "50% | 50% | 1.00 | 30.00 | 1 | 1.00 | 1.00 | 6.50 s | 6.50 s | 0 | 150 | 0.50"
    assert f"| crowd, 480x360 | ours | {figures} |" in text
    none = "–"  # noqa: RUF001 - no value
    figures = f"0% | 0% | 0.00 | {none} | knows no lines |  |  | {none} | {none} | 0 | 150 | 0.50"
    assert f"| crowd, 480x360 | other | {figures} |" in text
    assert "| ours | crowd, 480x360 | 1.0 | 0 | 0 |" in text
    # A crowd is not among the walks that recall by height is about.
    assert "| ours | 120 px |" not in text


def test_growth_is_listed_for_each_number_of_cameras(tmp_path: Path) -> None:
    few = Growth(
        cameras=1, busy=1, walks=6, delays=(0.3, 0.9, 0.5), cores=0.12, memory=150.4, pace=1.0
    )
    many = replace(few, cameras=16, busy=2, delays=(), pace=0.5)
    assert restore(tmp_path) == []
    save([few, many], tmp_path)
    assert restore(tmp_path) == [few, many]
    text = tables({"ours": [outcome()]}, [few, many])
    assert "| 1 | 1 | 3 of 6 | 0.50 s | 0.86 s | 0.12 | 100% | 150 |" in text
    assert "| 16 | 2 | 0 of 6 | 0.00 s | 0.00 s | 0.12 | 50% | 150 |" in text
    assert "Growth" not in tables({"ours": [outcome()]})


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_a_page_says_when_and_on_what_it_was_measured(tmp_path: Path) -> None:
    write("The figures", "| a |", tmp_path / "docs" / "figures.md", ["recall.svg"])
    page = (tmp_path / "docs" / "figures.md").read_text(encoding="utf-8")
    assert page.startswith("# Benchmark of decisions: the figures\n")
    assert processor() in page
    assert "![recall](recall.svg)" in page
    assert page.endswith("| a |")
