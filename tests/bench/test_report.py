"""The tables."""

from __future__ import annotations

from bench.arms.protocol import SeenVisit
from bench.report import table, tables

from .test_score import outcome


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
