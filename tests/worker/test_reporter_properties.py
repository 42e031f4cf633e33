"""Whatever happens to a camera, and in whatever order, what is reported of it fits together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from porchlight.vision.settings import Line, Mask, Zone
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.messages import (
    BestPicture,
    Status,
    StreamDown,
    StreamUp,
    VisitInfo,
    VisitNews,
    VisitPhase,
    WatchCamera,
)
from porchlight.worker.reporter import Reporter

from .support import SOMEBODY, Direct, frame, sight
from .watching import HALF, NOWHERE, QUICK, swayed

FRAME = frame(width=32, height=32)
SMALL = frame(width=16, height=16)
MASKS = ((), (Mask(points=HALF),), (Mask(points=((0.6, 0), (1, 0), (1, 1))),))
ZONES = ((), (Zone(zone_id="z", points=HALF),))
LINES = ((), (Line(line_id="l", start=(0, 0.6), end=(1, 0.6)),))
EPOCH = 1_700_000_000.0


class CameraMachine(RuleBasedStateMachine):
    """A camera's reporter, with clocks that stand still unless a rule moves them."""

    @initialize(resumed=st.booleans(), detect=st.booleans())
    def start(self, *, resumed: bool, detect: bool) -> None:
        self.at, self.offset = 1000.0, EPOCH
        self.heard: list[Any] = []
        self.disk = Direct()
        visit = VisitInfo(
            visit_id="kept", arrived_at=5.0, last_seen=7.0, score=0.5, count=1, most=1
        )
        self.config = WatchCamera(
            camera_id="c",
            source=NOWHERE,
            picture_path="/p.jpg",
            detect=detect,
            open_visit=visit if resumed else None,
        )
        self.reporter = Reporter(
            self.config,
            self.heard.append,
            self.disk,
            timing=replace(QUICK, visit_survives=20.0, visit_interval=5.0),
            clock=lambda: self.at,
            wall=lambda: self.at + self.offset,
        )
        self.open: str | None = "kept" if resumed else None
        self.known = {"kept": 5.0}
        # The wall clock's times at which a person may have been seen.
        self.said = [7.0]
        self.taken = 0
        self.frames = 0
        self.noted: dict[float, float] = {}
        # A look that has begun on a frame of then, and is not over.
        self.begun: float | None = None
        self.masked_at = -1.0
        self.reporter.start()

    @rule(seconds=st.sampled_from([0.1, 0.2, 1.0, 3.0, 25.0]))
    def time_passes(self, seconds: float) -> None:
        self.at += seconds
        self.reporter.idle()

    @rule(step=st.sampled_from([-86400.0, -3.0, 3.0, 3600.0]))
    def somebody_sets_the_clock(self, step: float) -> None:
        self.offset += step
        self.at += 0.1

    @rule()
    def frames_come(self) -> None:
        self.reporter.came_up(StreamUp(camera_id="c", codec="h264", width=32, height=32))
        self.reporter.came(self.at)

    @rule(problem=st.sampled_from(StreamProblem))
    def the_stream_fails(self, problem: StreamProblem) -> None:
        self.reporter.went_down(StreamError(problem))

    @rule(somebody=st.booleans(), looks=st.integers(1, 8))
    def looks_are_made(self, *, somebody: bool, looks: int) -> None:
        for _ in range(looks):
            self.at += 0.4
            self.reporter.came(self.note())
            self.look(self.at, somebody=somebody)

    def note(self) -> float:
        """A packet comes."""
        self.noted[self.at] = self.at + self.offset
        return self.reporter.note()

    def look(self, at: float, *, somebody: bool) -> None:
        self.frames += 1
        self.said.append(self.noted.get(at, at + self.offset))
        people = (swayed(SOMEBODY, self.frames),) if somebody else ()
        self.reporter.looked(sight(FRAME if at > self.masked_at else SMALL, at, *people))

    @rule()
    def a_look_begins(self) -> None:
        self.at += 0.1
        self.begun = self.note()

    @precondition(lambda self: self.begun is not None)
    @rule(somebody=st.booleans())
    def it_ends(self, *, somebody: bool) -> None:
        begun, self.begun = self.begun, None
        assert begun is not None
        self.at += 0.1
        self.look(begun, somebody=somebody)

    @rule(masks=st.sampled_from(MASKS), somebody=st.booleans())
    def masks_are_drawn_during_a_look(self, masks: Any, *, somebody: bool) -> None:
        self.a_look_begins()
        self.update(settings=replace(self.config.settings, masks=masks))
        self.it_ends(somebody=somebody)

    @rule(zones=st.sampled_from(ZONES), lines=st.sampled_from(LINES))
    def zones_and_lines_are_drawn(self, zones: Any, lines: Any) -> None:
        self.update(settings=replace(self.config.settings, zones=zones, lines=lines))

    @rule(path=st.sampled_from(["/p.jpg", None]))
    def pictures_are_wanted_or_not(self, path: str | None) -> None:
        self.update(picture_path=path)

    @rule(detect=st.booleans())
    def people_are_looked_for_or_not(self, *, detect: bool) -> None:
        self.update(detect=detect)

    def update(self, **changes: Any) -> None:
        before = len(self.heard)
        config = replace(self.config, revision=self.config.revision + 1, **changes)
        masked = config.settings.masks != self.config.settings.masks
        gone = config.picture_path is None and self.config.picture_path is not None
        if masked or gone:
            self.masked_at = self.at
        had = self.config.picture_path is not None
        self.config = config
        self.reporter.update(config)
        if had and (masked or gone):
            assert self.disk.jobs[-1] == ("/p.jpg", None)
        # Nobody comes by it, and nobody leaves but when nobody is to be looked for any more.
        news = [one for one in self.heard[before:] if isinstance(one, VisitNews)]
        assert not news or not config.detect

    @rule()
    def the_model_goes(self) -> None:
        self.reporter.idle(looking=False)
        assert self.reporter.people is None

    @invariant()
    def what_is_reported_fits_together(self) -> None:
        for one in self.heard[self.taken :]:
            match one:
                case VisitNews():
                    self.take_news(one)
                case Status():
                    assert not one.people or self.open
                    assert (one.zones is None) == (one.people is None)
                case BestPicture():
                    assert self.config.picture_path is not None
                    assert one.revision <= self.config.revision
                case StreamUp() | StreamDown():
                    pass
        self.taken = len(self.heard)

    def take_news(self, news: VisitNews) -> None:
        visit = news.visit
        if news.phase is VisitPhase.ARRIVED:
            assert self.open is None
            assert self.config.detect
            assert visit.visit_id not in self.known
            self.open = visit.visit_id
            self.known[visit.visit_id] = visit.arrived_at
        assert self.open == visit.visit_id
        # What has happened stays where it was, whatever became of the clock since.
        assert visit.arrived_at == self.known[visit.visit_id]
        assert any(abs(visit.last_seen - said) < 0.06 for said in self.said)
        if news.phase is VisitPhase.LEFT:
            self.open = None

    @invariant()
    def no_picture_is_from_before_a_mask(self) -> None:
        """Frames from before one are small, so their pictures differ."""
        if getattr(self, "disk", None) is None:
            return
        for path, picture in self.disk.jobs:
            assert path == "/p.jpg"
            if picture is not None:
                assert b"\x00\x11\x08\x00\x20\x00\x20" in picture, "a picture of a hidden frame"


TestCamera = CameraMachine.TestCase
TestCamera.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)


@pytest.mark.parametrize("step", [7200.0, -7200.0])
def test_a_departure_carries_the_moment_of_the_last_sighting_as_the_clock_had_it(
    step: float,
) -> None:
    machine = CameraMachine()
    machine.start(resumed=False, detect=True)
    machine.frames_come()
    machine.looks_are_made(somebody=True, looks=6)
    seen = machine.at + machine.offset
    # The machine sleeps, or its clock is set: the monotonic clock hardly moves.
    machine.offset += step
    machine.time_passes(25.0)
    news = [one for one in machine.heard if isinstance(one, VisitNews)]
    assert news[-1].phase is VisitPhase.LEFT
    assert news[-1].visit.last_seen == pytest.approx(seen, abs=0.01)
    assert news[0].visit.arrived_at == news[-1].visit.arrived_at


def test_a_visit_from_before_keeps_its_times_until_a_person_is_seen_again() -> None:
    machine = CameraMachine()
    machine.start(resumed=True, detect=True)
    machine.frames_come()
    machine.time_passes(6.0)
    first = next(one for one in machine.heard if isinstance(one, VisitNews))
    assert (first.phase, first.visit.arrived_at, first.visit.last_seen) == (
        VisitPhase.CHANGED,
        5.0,
        7.0,
    )
    machine.looks_are_made(somebody=True, looks=6)
    machine.time_passes(6.0)
    last = [one for one in machine.heard if isinstance(one, VisitNews)][-1]
    assert last.visit.arrived_at == 5.0
    assert last.visit.last_seen == pytest.approx(machine.at - 6.0 + machine.offset, abs=0.01)


def test_people_are_not_known_after_a_visit_has_ended_without_a_look() -> None:
    machine = CameraMachine()
    machine.start(resumed=False, detect=True)
    machine.frames_come()
    machine.looks_are_made(somebody=True, looks=6)
    assert [one for one in machine.heard if isinstance(one, Status)][-1].people == 1
    machine.time_passes(25.0)
    assert [one for one in machine.heard if isinstance(one, VisitNews)][-1].phase is VisitPhase.LEFT
    last = [one for one in machine.heard if isinstance(one, Status)][-1]
    assert (last.people, last.zones) == (None, None)
