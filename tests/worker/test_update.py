"""A camera that is watched already goes on when it is to be watched differently."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from time import monotonic, time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from porchlight.vision.settings import Line, Mask, Rules, Settings, Zone
from porchlight.vision.watch import Watch
from porchlight.worker.backoff import Backoff
from porchlight.worker.camera import Camera
from porchlight.worker.decoding import Decoder
from porchlight.worker.errors import StreamProblem
from porchlight.worker.eye import Eye
from porchlight.worker.masks import Curtain
from porchlight.worker.messages import (
    BestPicture,
    LineCrossed,
    PictureKept,
    Status,
    StreamDown,
    StreamUp,
    Transport,
    VisitPhase,
    WatchCamera,
)
from porchlight.worker.pixels import Shrinker
from porchlight.worker.timing import TIMING

from .support import (
    PATIENCE,
    SOMEBODY,
    Direct,
    Heard,
    ScriptedDetector,
    frame,
    sight,
    source,
    until,
)
from .watching import HALF, NOWHERE, QUICK, phases, swayed, visit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from porchlight.worker.analyst import Analyst

    from .support import Stage

MASK = Mask(points=HALF)
LEFT_ZONE = Zone(zone_id="left", points=HALF)
ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class Looked:
    """A camera without a stream, whose frames and looks are a test's."""

    def __init__(self, analyst: Analyst, heard: Heard, **config: Any) -> None:
        self.disk = Direct()
        self.camera = Camera(
            WatchCamera(camera_id="c", source=NOWHERE, **config),
            analyst,
            heard,
            self.disk,
            timing=QUICK,
        )
        self.camera._reporter._up = True
        self.looks = 0

    def look(self, number: int, at: float | None = None, *, aside: float = 0.0) -> None:
        """Let a person be seen on so many frames, `aside` so far below their usual place."""
        for _ in range(number):
            self.looks += 1
            when = monotonic() if at is None else at
            self.camera._reporter.came(when)
            seen = swayed(SOMEBODY, self.looks)
            seen = replace(seen, box=seen.box.moved(0, aside))
            self.camera.looked(sight(frame(), when, seen))

    def update(self, **changes: Any) -> None:
        self.camera.update(replace(self.camera.config, **changes))


@pytest.fixture
def looked(analyst: Analyst, heard: Heard) -> Callable[..., Looked]:
    return lambda **config: Looked(analyst, heard, **config)


def test_people_stay_when_zones_lines_and_rules_change(
    looked: Callable[..., Looked], heard: Heard
) -> None:
    one = looked(settings=Settings(zones=(LEFT_ZONE,)))
    one.look(5)
    before = phases(heard)
    assert before[0] is VisitPhase.ARRIVED
    assert heard.of(Status)[-1].zones == {"left": 1}
    # Right through where they stand.
    line = Line(line_id="l", start=(0.0, 0.8), end=(1.0, 0.8))
    drawn = Settings(zones=(LEFT_ZONE,), lines=(line,), day=Rules(enter=0.6, confirm=0.7))
    one.update(settings=drawn)
    assert one.camera._reporter.watch.zones == {"left": 1}
    one.look(1)
    assert heard.of(Status)[-1].people == 1
    assert heard.of(Status)[-1].zones == {"left": 1}
    assert heard.of(LineCrossed) == []
    assert phases(heard) == before


def test_moving_a_line_over_a_person_is_not_a_crossing(
    looked: Callable[..., Looked], heard: Heard
) -> None:
    above = Line(line_id="l", start=(0.0, 0.1), end=(1.0, 0.1))
    below = replace(above, start=(0.0, 0.935), end=(1.0, 0.935))
    one = looked(settings=Settings(lines=(above,)))
    one.look(5)
    one.update(settings=Settings(lines=(below,)))
    one.look(5)
    assert heard.of(LineCrossed) == []
    # Who really crosses it then does so once.
    one.look(5, aside=0.15)
    assert len(heard.of(LineCrossed)) == 1


def test_a_moved_zone_forgets_people_and_a_new_one_counts_them(
    looked: Callable[..., Looked], heard: Heard
) -> None:
    one = looked(settings=Settings(zones=(LEFT_ZONE,)))
    one.look(5)
    elsewhere = replace(LEFT_ZONE, points=tuple((x + 0.5, y) for x, y in HALF))
    one.update(settings=Settings(zones=(elsewhere, Zone(zone_id="all", points=ALL))))
    one.look(3)
    assert heard.of(Status)[-1].zones == {"left": 0, "all": 1}


def test_an_update_says_nothing_of_a_visit(looked: Callable[..., Looked], heard: Heard) -> None:
    one = looked()
    one.look(5)
    before = len(heard.of(BestPicture)), phases(heard)
    for revision in range(1, 4):
        one.update(revision=revision)
        one.look(1)
    assert (len(heard.of(BestPicture)), phases(heard)) == before


def test_no_picture_is_made_of_a_frame_from_before_a_mask(
    looked: Callable[..., Looked], heard: Heard
) -> None:
    one = looked(picture_path="/p/last.jpg")
    one.camera._take(frame(), monotonic())
    assert one.camera.still(None, None) is not None
    one.look(4)
    assert [path for path, picture in one.disk.jobs if picture] == ["/p/last.jpg"]
    made = len(heard.of(BestPicture))
    taken_before = monotonic()
    one.update(settings=Settings(masks=(MASK,)), revision=1)
    # On disk it is deleted after the writes before.
    assert one.disk.jobs[-1] == ("/p/last.jpg", None)
    assert one.camera.still(None, None) is None
    one.look(3, taken_before)
    one.camera._take(frame(), taken_before)
    assert one.camera.still(None, None) is None
    assert len(heard.of(BestPicture)) == made
    assert one.disk.jobs[-1] == ("/p/last.jpg", None)
    one.camera._take(frame(), monotonic())
    assert one.camera.still(None, None) is not None
    one.look(1)
    assert len(heard.of(BestPicture)) == made + 1
    assert heard.of(BestPicture)[-1].revision == 1
    assert phases(heard) == [VisitPhase.ARRIVED]


def test_a_mask_that_is_drawn_while_a_frame_is_shown_is_no_motion() -> None:
    watch = Watch(lambda: "v")
    eye = Eye(watch, Decoder(), Shrinker())
    shown = eye._shrinker.grey
    masked = Settings(masks=(Mask(points=((0, 0), (0.3, 0), (0.3, 1), (0, 1))),))
    curtain = Curtain(masked.masks)

    def grey(*arguments: Any) -> Any:
        # The mask comes between hiding a frame and showing it.
        watch.update(masked)
        eye.cover(curtain)
        return shown(*arguments)

    eye._show(frame(), 0.0, None)
    eye._shrinker.grey = grey  # type: ignore[method-assign] # in between, as it says
    eye._show(frame(), 0.2, None)
    eye._shrinker.grey = shown  # type: ignore[method-assign] # and no more
    for step in range(1, 6):
        eye._show(curtain.over(frame()), 0.2 + step / 5, curtain)
        assert not watch.moving(0.2 + step / 5)


def test_masks_that_come_and_go_are_no_motion_where_nothing_moves() -> None:
    watch = Watch(lambda: "v")
    bare, shrinker = frame(), Shrinker()
    small = Mask(points=((0, 0), (0.3, 0), (0.3, 1), (0, 1)))
    hidden = Curtain([small]).over(bare)
    for second in range(20):
        masked = second % 4 >= 2
        watch.update(Settings(masks=(small,) if masked else ()))
        for part in range(5):
            at = second + part / 5
            watch.see(shrinker.grey(hidden if masked else bare, 320, 180), at)
            assert not watch.moving(at)


def test_pictures_that_are_not_wanted_any_more_are_deleted_and_no_more_are_made(
    looked: Callable[..., Looked], heard: Heard
) -> None:
    one = looked(picture_path="/p/last.jpg")
    one.camera._take(frame(), monotonic())
    one.look(4)
    one.update(picture_path=None)
    assert one.disk.jobs[-1] == ("/p/last.jpg", None)
    jobs, made = len(one.disk.jobs), len(heard.of(BestPicture))
    one.camera._take(frame(), monotonic())
    one.look(3)
    assert one.camera.still(None, None) is None
    assert (len(one.disk.jobs), len(heard.of(BestPicture))) == (jobs, made)
    one.update(picture_path="/p/last.jpg")
    assert one.camera.still(None, None) is None


def test_a_picture_has_the_revision_of_when_its_frame_came(
    looked: Callable[..., Looked], heard: Heard
) -> None:
    one = looked(picture_path="/p/last.jpg", revision=7)
    came = monotonic()
    one.update(revision=8)
    one.look(4, came)
    assert {best.revision for best in heard.of(BestPicture)} == {7}


def test_another_stream_of_the_camera_is_opened_and_the_visit_goes_on(
    watch: Callable[..., Camera], heard: Heard, stage: Stage, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    camera = watch()
    visit(heard, VisitPhase.ARRIVED)
    first = heard.wait(StreamUp)
    camera.update(replace(camera.config, source=source(stage.camera, path="main")))
    second = heard.wait(StreamUp, after=heard.position(first) + 1)
    heard.wait(Status, where=lambda one: one.people == 1, after=heard.position(second))
    until(lambda: stage.call(lambda: stage.camera.state().clients) == 1, "one client is left")
    assert phases(heard) == [VisitPhase.ARRIVED]
    assert heard.of(StreamDown) == []


@pytest.mark.parametrize(
    ("demands", "stays"),
    [
        ({"basic": False}, True),
        ({"transport": Transport.TCP}, True),
        ({"transport": Transport.UDP}, False),
        ({"certificate": "00" * 32}, False),
    ],
)
def test_a_stream_that_is_as_it_should_be_is_not_opened_again(
    watch: Callable[..., Camera], heard: Heard, stage: Stage, demands: dict[str, Any], stays: bool
) -> None:
    camera = watch(replace(QUICK, status_interval=0.2))
    heard.wait(StreamUp)
    wanted = replace(camera.config.source, **demands)
    camera.update(replace(camera.config, source=wanted))
    if not stays:
        # This camera can't send like that.
        heard.wait(StreamDown)
        return
    for _ in range(3):
        heard.wait(Status, after=len(heard.all))
    assert (len(heard.of(StreamUp)), heard.of(StreamDown)) == (1, [])


def test_a_new_login_is_tried_at_once_not_after_the_wait(
    watch: Callable[..., Camera], heard: Heard, stage: Stage
) -> None:
    camera = watch(
        replace(QUICK, first_retry=10 * PATIENCE),
        source=source(stage.camera, "wrong"),
    )
    heard.wait(StreamDown)
    camera.update(replace(camera.config, source=source(stage.camera)))
    heard.wait(StreamUp)


def test_a_mask_drawn_while_a_camera_is_watched_hides_at_once(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector, tmp_path: Path
) -> None:
    path = tmp_path / "last.jpg"
    camera = watch(picture_path=str(path))
    detector.found = (SOMEBODY,)
    visit(heard, VisitPhase.ARRIVED)
    heard.wait(PictureKept)
    position = len(heard.all)
    masked = Settings(masks=(MASK,))
    camera.update(replace(camera.config, settings=masked, revision=1))
    seen = len(detector.frames)
    best = heard.wait(BestPicture, where=lambda one: one.revision == 1, after=position)
    until(lambda: path.exists() and path.read_bytes() == best.jpeg, "the new picture is kept")
    still = camera.still(None, None)
    assert still is not None
    pictures = [np.asarray(Image.open(BytesIO(one))) for one in (best.jpeg, still)]
    # One look may have been under way.
    pictures += [one.to_ndarray(format="rgb24") for one in detector.frames[seen + 1 :]]
    for picture in pictures:
        assert picture[:, :150].max() <= 12
    assert phases(heard) == [VisitPhase.ARRIVED]
    assert len(heard.of(StreamUp)) == 1


def test_an_open_visit_is_reported_now_and_then(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector
) -> None:
    detector.found = (SOMEBODY,)
    watch(replace(QUICK, visit_interval=0.4))
    arrived = visit(heard, VisitPhase.ARRIVED)
    until(lambda: phases(heard).count(VisitPhase.CHANGED) >= 5, "news of the visit")
    last = visit(heard, VisitPhase.CHANGED, after=len(heard.all) - 20)
    assert last.visit.visit_id == arrived.visit.visit_id
    seen = [news.visit.last_seen for news in heard.all if hasattr(news, "visit")]
    assert seen == sorted(seen)
    assert seen[-1] > seen[0] + 1


def test_without_a_model_people_are_not_known_and_the_visit_ends_as_of_the_last_sighting(
    watch: Callable[..., Camera], heard: Heard, detector: ScriptedDetector, analyst: Analyst
) -> None:
    detector.found = (SOMEBODY,)
    camera = watch()
    heard.wait(Status, where=lambda one: one.people == 1)
    analyst.drop_model()
    dropped = time()
    position = len(heard.all)
    unknown = heard.wait(Status, where=lambda one: one.people is None, after=position)
    # Before that, a pause of the machine would have counted, too.
    camera._reporter._timing = replace(QUICK, visit_survives=1.5)
    left = visit(heard, VisitPhase.LEFT, after=position)
    assert heard.position(unknown) < heard.position(left)
    assert left.visit.last_seen <= dropped
    assert not [one for one in heard.of(Status)[-1:] if one.people]


def test_a_refused_login_is_tried_again_only_when_it_is_permitted(
    watch: Callable[..., Camera], heard: Heard, stage: Stage
) -> None:
    wrong = source(stage.camera, "wrong")
    camera = watch(source=wrong)
    heard.wait(StreamDown)
    for attempt in (1, 2):
        # Many retries would have come by then.
        began = monotonic()
        until(lambda began=began: monotonic() - began > 5 * QUICK.first_retry, "time for retries")
        assert len(heard.of(StreamDown)) == attempt
        camera.update(replace(camera.config, settings=Settings(), revision=attempt))
        camera.update(replace(camera.config, attempt=attempt))
        until(lambda attempt=attempt: len(heard.of(StreamDown)) == attempt + 1, "the next try")
    assert {down.problem for down in heard.of(StreamDown)} == {StreamProblem.UNAUTHORIZED}
    camera.update(replace(camera.config, source=source(stage.camera)))
    heard.wait(StreamUp)


def test_a_camera_that_is_back_is_watched_again_soon() -> None:
    backoff = Backoff(TIMING.first_retry, TIMING.last_retry, lambda: 1.0)
    waits = [backoff.wait() for _ in range(20)]
    # Connecting takes some of the fifteen seconds.
    assert max(waits) <= 12
