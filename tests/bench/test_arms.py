"""Each arm on one small clip, and the rules of the compared policies."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from porchlight.vision.settings import Line

from bench.arms import maker
from bench.arms.presence import Presence
from bench.arms.protocol import Meter
from bench.cases import Case, clips
from bench.run import MODEL, run_named
from bench.truth import Sight, Truth

from .support import need

if TYPE_CHECKING:
    from pathlib import Path

    from bench.run import Outcome

NEEDS = "OpenCV and norfair are in the environment of the benchmark only"


def outcome(arm: str, clip: str = "clip-porch_man_leaves_gop10") -> Outcome:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    need(MODEL, "videos/porch_man_leaves_gop10.mp4")
    return run_named(arm, next(case for case in clips() if case.name == clip))


def test_every_frame_is_looked_at_five_times_a_second_and_the_man_is_one_visit() -> None:
    seen = outcome("every_frame")
    assert seen.counts["inference"] == 30
    assert seen.counts["decode"] == 59
    (visit,) = seen.visits
    assert visit.arrived_at < 1
    assert visit.left_at == pytest.approx(4.0, abs=0.5)
    # The clip ends before the man counts as gone.
    assert visit.ended_at is None
    assert len(seen.samples) == 30
    assert {sample.people for sample in seen.samples if sample.at > 1} == {1}
    numbers = {number for sample in seen.samples for number, _ in sample.tracks or ()}
    assert len(numbers) == 1


@pytest.mark.parametrize("arm", ["ours", "every_frame"])
def test_crossings_of_a_line_are_reported(arm: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    need(MODEL, "videos/porch_man_leaves_gop10.mp4")
    case = next(case for case in clips() if case.name == "clip-porch_man_leaves_gop10")
    line = Line(line_id="steps", start=(0.35, 0.0), end=(0.35, 1.0))
    seen = run_named(arm, replace(case, truth=Truth(seconds=6.0, frames=(), lines=(line,))))
    (crossing,) = seen.crossings or ()
    assert crossing.line == "steps"
    assert any(sample.tracks for sample in seen.samples)


def after_ten_seconds(folder: Path) -> Case:
    """The clip with the man, after ten seconds of its last picture, on which he has left."""
    (path,) = need("videos/porch_man_leaves_gop10.mp4")
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    late = folder / "late.mkv"
    with av.open(str(late), "w", format="matroska") as container:
        stream = container.add_stream("libx264", 10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency"}
        for index, frame in enumerate([*[frames[-1]] * 100, *frames]):
            frame.pts, frame.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Case(name="late", path=late, condition="clip", height=0, seconds=15.9, walks=())


def test_frigate_reports_the_man_after_four_looks(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason=NEEDS)
    pytest.importorskip("norfair", reason=NEEDS)
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    need(MODEL)
    seen = run_named("frigate", after_ten_seconds(tmp_path))
    (visit,) = seen.visits
    assert 10.6 <= visit.arrived_at < 12.5
    assert visit.left_at == pytest.approx(14.0, abs=0.5)


def test_viseron_analyzes_once_a_second_with_enough_motion() -> None:
    pytest.importorskip("cv2", reason=NEEDS)
    seen = outcome("viseron")
    assert seen.counts["motion"] == 6
    assert 1 <= seen.counts["inference"] <= 6


def test_guided_looks_at_the_people_in_the_ground_truth() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    need(MODEL, "videos/porch_man_leaves_gop10.mp4")
    case = next(case for case in clips() if case.name == "clip-porch_man_leaves_gop10")
    sight = Sight(walk=0, person=0, box=(0, 0, 1, 1), share=1)
    frames = tuple((index / 10, (sight,) if index < 20 else ()) for index in range(59))
    reported = replace(case, truth=Truth(seconds=case.seconds, frames=frames))
    seen = run_named("guided", reported)
    assert seen.counts["inference"] == 10
    (visit,) = seen.visits
    assert visit.arrived_at < 1
    assert visit.left_at == pytest.approx(1.8, abs=0.2)


def test_arms_are_made_by_name() -> None:
    assert maker("every_frame").__name__ == "EveryFrame"


def test_presence_ends_with_the_last_sighting() -> None:
    presence = Presence(Meter())
    for at, people, seen_at in ((1.0, 1, 1.0), (2.0, 2, 2.0), (3.0, 1, 2.5), (4.0, 0, 4.0)):
        presence.update(people, seen_at, at)
    (visit,) = presence.visits
    assert visit.arrived_at == pytest.approx(1.0, abs=0.1)
    assert (visit.left_at, visit.most) == (2.5, 2)


def test_presence_reports_its_count_at_each_look_and_when_a_visit_ended() -> None:
    presence = Presence(Meter())
    for at, people in ((1.0, 2), (2.0, 0), (3.0, 1)):
        presence.update(people, at, at)
    presence.close(4.0)
    assert [(sample.at, sample.people, sample.tracks) for sample in presence.samples] == [
        (1.0, 2, None),
        (2.0, 0, None),
        (3.0, 1, None),
    ]
    ended, still_open = presence.visits
    assert ended.ended_at == pytest.approx(2.0, abs=0.1)
    assert still_open.ended_at is None
    assert presence.crossings is None


def test_presence_that_is_closed_twice_ends_once() -> None:
    presence = Presence(Meter())
    presence.update(1, 1.0, 1.0)
    presence.close(2.0)
    presence.close(3.0)
    assert len(presence.visits) == 1


def test_the_meter_measures_stages_and_time_since_the_packet_came() -> None:
    meter = Meter()
    meter.begin(backlog=2.0)
    with meter("decode"):
        np.linalg.svd(np.random.default_rng(1).random((120, 120)))
    assert meter.counts["decode"] == 1
    assert meter.spent() >= 2.0 + meter.seconds["decode"] > 2.0
    assert meter.seconds["motion"] == 0
