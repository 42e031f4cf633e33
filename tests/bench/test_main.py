"""The command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.__main__ import main
from bench.cases import cases
from bench.run import save

from .support import need
from .test_score import outcome, visit

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CLIPS = (
    "videos/one_by_one_person.mp4",
    "videos/car_park_nobody.mp4",
    "videos/porch_man_leaves.mkv",
    "videos/porch_man_leaves_gop10.mp4",
    "videos/ir_night_nobody.mp4",
    "videos/ir_night_person_32s_57s.mp4",
)


def test_kept_outcomes_make_tables_without_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save([outcome(visit(11, 19))], tmp_path / "ours.json")
    assert main(["--kept", "--keep", str(tmp_path)]) == 0
    assert "| ours | 120 px | 1 | 1.00 |" in capsys.readouterr().out


def test_missing_outcomes_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kept", "--keep", str(tmp_path)]) == 1
    assert "no stored results" in capsys.readouterr().err


def test_a_run_is_kept(tmp_path: Path) -> None:
    need(*CLIPS, "models/yolox_nano_416_float16.tflite")
    only = ["--arm", "every_frame", "--only", "clip-porch_man_leaves_gop10"]
    assert main([*only, "--keep", str(tmp_path)]) == 0
    (kept,) = json.loads((tmp_path / "every_frame.json").read_text(encoding="utf-8"))
    assert kept["case"] == "clip-porch_man_leaves_gop10"
    assert len(kept["visits"]) == 1
    assert 20 < kept["memory"] < 2000
    before = (tmp_path / "every_frame.json").stat().st_mtime_ns
    assert main([*only, "--keep", str(tmp_path), "--resume"]) == 0
    # Nothing was left to run, so nothing was written.
    assert (tmp_path / "every_frame.json").stat().st_mtime_ns == before


def test_clips_belong_to_the_half_that_is_reported() -> None:
    need(*CLIPS)
    assert len(list(cases("report", "clip-*"))) == len(list(cases(None, "clip-*"))) == 6
    assert list(cases("tune", "clip-*")) == []
