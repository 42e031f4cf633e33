"""The tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.arms.protocol import SeenVisit
from bench.report import processor, table, tables, write

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
    assert "| other | 120 px | 1 | 0.00 | – |" in text  # noqa: RUF001 - nothing to tell
    assert "| nobody, rain | other | 0 |" in text
    assert "| other | quiet |" in text
    assert "| other | weather |" in text
    assert "| other | quiet and weather | 2.0 | 0 | 0 |" in text
    assert "| other | one | 10 s |  |  |" in text


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_a_page_says_when_and_on_what_it_was_measured(tmp_path: Path) -> None:
    write("The figures", "| a |", tmp_path / "docs" / "figures.md", ["recall.svg"])
    page = (tmp_path / "docs" / "figures.md").read_text(encoding="utf-8")
    assert page.startswith("# Benchmark of decisions: the figures\n")
    assert processor() in page
    assert "![recall](recall.svg)" in page
    assert page.endswith("| a |")
