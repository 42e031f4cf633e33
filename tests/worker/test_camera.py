from __future__ import annotations

import threading
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from time import monotonic, time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from porchlight.vision.life import NEVER_A_PERSON
from porchlight.vision.settings import Line, Mask, Settings, Zone
from porchlight.vision.types import Box, Detection
from porchlight.worker.backoff import Backoff
from porchlight.worker.camera import Camera
from porchlight.worker.errors import StreamProblem
from porchlight.worker.messages import (
    BestPicture,
    FurnitureKnown,
    LineCrossed,
    PictureKept,
    Status,
    StreamDown,
    StreamUp,
    ThreadStarted,
    VisitPhase,
    WatchCamera,
)

from .support import (
    PATIENCE,
    SOMEBODY,
    Direct,
    Heard,
    ScriptedDetector,
    frame,
    sight,
    until,
)
from .watching import BEFORE, HALF, NOWHERE, QUICK, phases, swayed, visit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from porchlight.worker.analyst import Analyst

    from .support import Stage

# Seconds by which two clocks may differ.
SLACK = 1.0


def test_a_stream_that_comes_up_is_reported_with_its_codec_and_size(
    watch: Callable[..., Camera], heard: Heard
) -> None:
    camera = watch()
    up = heard.wait(StreamUp)
    assert up == StreamUp(camera_id="c", codec="h264", width=320, height=240)
    started = heard.wait(ThreadStarted, where=lambda one: one.camera_id == "c")
    assert started.thread == camera.ident


def test_status_reports_motion_and_people_as_they_change(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    # Else the first look may be over before the first status.
    detector.gate = threading.Event()
    began = time()
    watch()
    first = heard.wait(Status)
    assert first.people is None
    detector.gate.set()
    nobody = heard.wait(Status, where=lambda one: one.people == 0)
    assert began - SLACK < nobody.frame_at < time() + SLACK
    heard.wait(Status, where=lambda one: one.moving is True)
    detector.found = (SOMEBODY,)
    one = heard.wait(Status, where=lambda one: one.people == 1)
    assert one.inference_ms is not None
    assert one.fps > 0
    states = [(status.moving, status.people) for status in heard.of(Status)]
    assert all(a != b for a, b in pairwise(states))


def test_an_unchanged_state_is_reported_now_and_then(
    watch: Callable[..., Camera], heard: Heard
) -> None:
    watch(replace(QUICK, status_interval=0.3))
    until(lambda: len(heard.of(Status)) > 6, "statuses")


def test_a_visit_from_arrival_to_departure(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    watch()
    heard.wait(StreamUp)
    began = time()
    detector.found = (SOMEBODY,)
    arrived = visit(heard, VisitPhase.ARRIVED)
    assert began - SLACK < arrived.visit.arrived_at < time() + SLACK
    assert (arrived.visit.count, arrived.visit.score) == (1, 0.9)
    other = replace(SOMEBODY, box=replace(SOMEBODY.box, x1=0.9, x2=1.0))
    detector.found = (SOMEBODY, other)
    changed = visit(heard, VisitPhase.CHANGED)
    assert changed.visit.count == 2
    detector.found = ()
    left = visit(heard, VisitPhase.LEFT)
    assert left.visit.visit_id == arrived.visit.visit_id == changed.visit.visit_id
    assert (left.visit.count, left.visit.most) == (0, 2)
    assert left.visit.last_seen < time() - 1.5
    # Nobody counts some time before the visit ends.
    nobody = heard.wait(Status, where=lambda one: one.people == 0, after=heard.position(changed))
    assert heard.position(nobody) < heard.position(left)


def test_the_best_picture_comes_before_the_arrival_and_is_kept(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector, tmp_path: Path
) -> None:
    path = tmp_path / "last.jpg"
    watch(picture_path=str(path))
    detector.found = (SOMEBODY,)
    arrived = visit(heard, VisitPhase.ARRIVED)
    best = heard.of(BestPicture)[0]
    assert heard.position(best) < heard.position(arrived)
    assert best.visit_id == arrived.visit.visit_id
    assert best.jpeg.startswith(b"\xff\xd8")
    assert heard.wait(PictureKept).kept
    assert path.read_bytes() == best.jpeg
    better = replace(SOMEBODY, box=replace(SOMEBODY.box, x1=0.0, x2=0.4))
    detector.found = (better,)
    second = heard.wait(BestPicture, after=heard.position(best) + 1)
    assert second.at > best.at
    until(lambda: path.read_bytes() == second.jpeg, "the better picture is kept")


def test_a_failed_picture_write_is_reported(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    watch(picture_path=str(tmp_path / "file" / "last.jpg"))
    detector.found = (SOMEBODY,)
    assert not heard.wait(PictureKept).kept
    detector.found = ()
    visit(heard, VisitPhase.LEFT)


def test_without_pictures_there_are_neither_stills_nor_best_pictures(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    camera = watch()
    detector.found = (SOMEBODY,)
    visit(heard, VisitPhase.ARRIVED)
    assert camera.still(None, None) is None
    assert heard.of(BestPicture) == heard.of(PictureKept) == []


def test_a_still_is_the_last_frame_while_there_is_a_stream(
    watch: Callable[..., Camera], heard: Heard, stage: Stage, tmp_path: Path
) -> None:
    camera = watch(picture_path=str(tmp_path / "last.jpg"))
    heard.wait(StreamUp)
    still = camera.still(100, None)
    assert still is not None
    assert still.startswith(b"\xff\xd8")
    stage.call(stage.camera.go_offline)
    heard.wait(StreamDown)
    assert camera.still(None, None) is None


def test_a_dropped_stream_comes_back_and_so_does_the_state(
    watch: Callable[..., Camera], heard: Heard, stage: Stage, detector: ScriptedDetector
) -> None:
    watch()
    heard.wait(Status, where=lambda one: one.people == 0)
    detector.gate = threading.Event()
    stage.call(stage.camera.drop_rtsp)
    down = heard.wait(StreamDown)
    assert down.problem in {StreamProblem.ENDED, StreamProblem.UNREACHABLE}
    up = heard.wait(StreamUp, after=heard.position(down))
    # Who heard that it was down knows nothing any more: at once, not when something changes.
    state = heard.wait(Status, after=heard.position(up))
    assert state.people is None
    detector.gate.set()
    heard.wait(Status, where=lambda one: one.people == 0, after=heard.position(up))


def test_retries_back_off(watch: Callable[..., Camera], heard: Heard, stage: Stage) -> None:
    stage.call(stage.camera.refuse_rtsp, 503)
    start = monotonic()
    watch(replace(QUICK, first_retry=0.2, last_retry=10.0))
    until(lambda: len(heard.of(StreamDown)) == 4, "four tries")
    # 0.2 + 0.4 + 0.8 seconds, each at least 70 percent of it.
    assert monotonic() - start >= 0.7 * 1.4
    assert {down.problem for down in heard.of(StreamDown)} == {StreamProblem.TOO_MANY_VIEWERS}


def test_after_a_good_stream_the_retry_is_quick_again(
    watch: Callable[..., Camera],
    heard: Heard,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    class Recording(Backoff):
        def wait(self) -> float:
            waits.append(super().wait())
            return waits[-1]

    monkeypatch.setattr("porchlight.worker.camera.Backoff", Recording)
    stage.call(stage.camera.refuse_rtsp, 503)
    watch(replace(QUICK, first_retry=0.1, last_retry=30.0, good_stream=1.0))
    until(lambda: len(heard.of(StreamDown)) == 5, "five tries")
    stage.call(stage.camera.refuse_rtsp, None)
    up = heard.wait(StreamUp)
    began = monotonic()
    until(lambda: monotonic() - began > 1.2, "a good stream")
    stage.call(stage.camera.drop_rtsp)
    down = heard.wait(StreamDown, after=heard.position(up))
    heard.wait(StreamUp, after=heard.position(down))
    assert waits[4] >= 0.7 * 1.6
    assert waits[-1] <= 1.3 * 0.1


def test_a_visit_survives_a_short_drop(
    watch: Callable[..., Camera], heard: Heard, stage: Stage, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    watch()
    visit(heard, VisitPhase.ARRIVED)
    stage.call(stage.camera.drop_rtsp)
    down = heard.wait(StreamDown)
    up = heard.wait(StreamUp, after=heard.position(down))
    heard.wait(Status, where=lambda one: one.people == 1, after=heard.position(up))
    assert phases(heard) == [VisitPhase.ARRIVED]


def test_a_visit_does_not_survive_a_long_drop(
    watch: Callable[..., Camera], heard: Heard, stage: Stage, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    camera = watch()
    arrived = visit(heard, VisitPhase.ARRIVED)
    stage.call(stage.camera.go_offline)
    heard.wait(StreamDown)
    # Before that, a pause of the machine would have counted, too.
    camera._reporter._timing = replace(QUICK, visit_survives=1.0)
    left = visit(heard, VisitPhase.LEFT)
    camera._reporter._timing = QUICK
    assert left.visit.visit_id == arrived.visit.visit_id
    assert heard.position(left) > heard.position(heard.wait(StreamDown))
    stage.call(stage.camera.go_online)
    again = visit(heard, VisitPhase.ARRIVED, after=heard.position(left))
    assert again.visit.visit_id != arrived.visit.visit_id


def test_a_visit_ends_when_no_one_can_look_any_more(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    watch(replace(QUICK, visit_survives=1.0))
    visit(heard, VisitPhase.ARRIVED)
    detector.error = RuntimeError("the engine fails")
    visit(heard, VisitPhase.LEFT)
    assert heard.of(StreamDown) == []


def test_a_visit_from_before_ends_if_no_person_is_there(
    watch: Callable[..., Camera], heard: Heard
) -> None:
    watch(open_visit=BEFORE)
    left = visit(heard, VisitPhase.LEFT)
    assert left.visit.visit_id == "kept"
    assert left.visit.arrived_at == pytest.approx(BEFORE.arrived_at, abs=0.1)
    assert left.visit.last_seen == pytest.approx(BEFORE.last_seen, abs=0.1)


def test_a_visit_from_before_goes_on_with_who_is_there(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    watch(open_visit=BEFORE)
    heard.wait(Status, where=lambda one: one.people == 1)
    assert phases(heard) == []


def test_a_visit_from_before_ends_if_detection_is_off(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    watch(open_visit=BEFORE, detect=False)
    assert visit(heard, VisitPhase.LEFT).visit.visit_id == "kept"
    heard.wait(Status, where=lambda one: one.moving is True)
    assert detector.frames == []


def test_detection_that_is_switched_off_ends_the_visit_and_on_again_finds_who_is_there(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    camera = watch()
    visit(heard, VisitPhase.ARRIVED)
    camera.update(replace(camera.config, detect=False))
    left = visit(heard, VisitPhase.LEFT)
    off = heard.wait(Status, after=heard.position(left))
    assert off.people is None
    # Motion is still reported, people are not.
    looks = len(detector.frames)
    began = monotonic()
    until(lambda: monotonic() - began > 1, "frames without looks")
    assert len(detector.frames) <= looks + 1
    camera.update(replace(camera.config, detect=True))
    visit(heard, VisitPhase.ARRIVED, after=heard.position(left))


def test_switching_off_at_any_time_causes_no_departure_before_an_arrival(
    analyst: Analyst, heard: Heard
) -> None:
    config = WatchCamera(camera_id="c", source=NOWHERE)
    camera = Camera(config, analyst, heard, Direct(), timing=QUICK)
    camera._reporter._up = True
    for step in range(3):
        camera.looked(sight(frame(), float(step), swayed(SOMEBODY, step)))
    camera.update(replace(camera.config, detect=False))
    # A look that was under way when detection was switched off.
    camera.looked(sight(frame(), 3.0, SOMEBODY))
    assert phases(heard) == [VisitPhase.ARRIVED, VisitPhase.LEFT]


def test_a_stopped_camera_ends_soon_reports_nothing_and_holds_no_frame(
    watch: Callable[..., Camera], heard: Heard, stage: Stage, analyst: Analyst
) -> None:
    camera = watch(replace(QUICK, reading=2.0))
    heard.wait(Status, where=lambda one: one.people == 0)
    stage.call(stage.camera.stall, "all")
    camera.stop()
    count = len(heard.all)
    camera.join(PATIENCE)
    assert not camera.is_alive()
    assert len(heard.all) <= count + 1
    assert camera._last is None
    assert camera not in analyst._seats
    camera.looked(sight(frame(), monotonic()))
    assert len(heard.all) <= count + 1


def test_a_camera_stopped_while_it_connects_reports_nothing_more(
    watch: Callable[..., Camera], heard: Heard, stage: Stage
) -> None:
    stage.call(stage.camera.stall, "all")
    camera = watch()
    heard.wait(ThreadStarted, where=lambda one: one.camera_id == "c")
    camera.stop()
    # However long the machine paused, it still connects, or is about to.
    until(lambda: stage.call(stage.camera.drop_rtsp) or not camera.is_alive(), "it connects")
    camera.join(PATIENCE)
    assert not camera.is_alive()
    assert heard.of(StreamDown) == heard.of(StreamUp) == []


def test_the_stream_is_retried_after_any_failure_with_a_frame(
    watch: Callable[..., Camera], heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Camera._take
    failures = [RuntimeError("first"), MemoryError("second")]

    def take(self: Camera, *arguments: Any) -> None:
        if failures:
            raise failures.pop(0)
        real(self, *arguments)

    monkeypatch.setattr(Camera, "_take", take)
    watch()
    until(lambda: len(heard.of(StreamDown)) == 2, "two failures")
    assert [(one.problem, one.detail) for one in heard.of(StreamDown)] == [
        (StreamProblem.BROKEN, "RuntimeError"),
        (StreamProblem.BROKEN, "MemoryError"),
    ]
    heard.wait(Status)


def test_a_frame_that_came_during_a_look_is_not_analyzed_needlessly(
    analyst: Analyst, heard: Heard, detector: ScriptedDetector
) -> None:
    camera = Camera(
        WatchCamera(camera_id="c", source=NOWHERE), analyst, heard, Direct(), timing=QUICK
    )
    camera._reporter._up = True
    still = frame()
    camera._take(still, 100.0)
    until(lambda: camera._reporter.watch._looked_at == 100.0, "the first look")
    # The first picture of a quiet scene was looked at; the next look is seconds away.
    assert camera.regions(ScriptedDetector.view(still), 100.5) == ()


def test_people_stay_unknown_when_a_look_ends_after_the_stream_did(
    analyst: Analyst, heard: Heard
) -> None:
    camera = Camera(
        WatchCamera(camera_id="c", source=NOWHERE), analyst, heard, Direct(), timing=QUICK
    )
    assert not camera._reporter._up
    camera.looked(sight(frame(), monotonic(), SOMEBODY))
    assert camera._reporter.people is None


def test_zones_are_known_after_a_frame_and_lines_report_each_crossing_once(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    drawn = Settings(
        zones=(Zone(zone_id="z", points=HALF),),
        lines=(Line(line_id="l", start=(0.0, 0.6), end=(1.0, 0.6)),),
    )
    detector.gate = threading.Event()
    watch(settings=drawn)
    assert heard.wait(Status).zones is None
    detector.gate.set()
    assert heard.wait(Status, where=lambda one: one.people == 0).zones == {"z": 0}
    detector.found = (SOMEBODY,)
    heard.wait(Status, where=lambda one: one.zones == {"z": 1})
    detector.found = (replace(SOMEBODY, box=SOMEBODY.box.moved(0, -0.35)),)
    out = heard.wait(LineCrossed)
    assert (out.camera_id, out.line_id, out.inward) == ("c", "l", False)
    detector.found = (SOMEBODY,)
    heard.wait(LineCrossed, where=lambda one: one.inward)
    detector.found = ()
    left = visit(heard, VisitPhase.LEFT)
    assert left.visit.zones == ("z",)
    heard.wait(Status, where=lambda one: one.zones == {"z": 0}, after=heard.position(left))
    assert [one.inward for one in heard.of(LineCrossed)] == [False, True]


def test_masks_hide_from_the_detector_the_still_and_the_best_picture(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector, tmp_path: Path
) -> None:
    camera = watch(
        settings=Settings(masks=(Mask(points=HALF),)), picture_path=str(tmp_path / "last.jpg")
    )
    detector.found = (SOMEBODY,)
    best = heard.wait(BestPicture)
    still = camera.still(None, None)
    assert still is not None
    pictures = [np.asarray(Image.open(BytesIO(one))) for one in (best.jpeg, still)]
    pictures += [one.to_ndarray(format="rgb24") for one in detector.frames]
    for picture in pictures:
        assert picture[:, :150].max() <= 12
        assert picture[:, 170:].min() >= 30


def test_furniture_is_restored_and_reported_when_it_changes(analyst: Analyst, heard: Heard) -> None:
    coat, statue = SOMEBODY.box, Box(0.6, 0.3, 0.7, 0.8)
    config = WatchCamera(camera_id="c", source=NOWHERE, furniture=(coat,))
    camera = Camera(config, analyst, heard, Direct(), timing=QUICK)
    camera._reporter._up = True
    for second in range(round(NEVER_A_PERSON) + 2):
        camera.looked(sight(frame(), float(second), SOMEBODY, Detection(statue, 0.9)))
    assert [one.boxes for one in heard.all if isinstance(one, FurnitureKnown)] == [(coat, statue)]
    assert phases(heard) == []
