"""The decisions on real footage: its own time is the clock, the real model looks."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import av
import pytest
from porchlight.vision.visits import Arrived, Left
from porchlight.vision.watch import Watch
from porchlight.worker.decoding import Decoder
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load
from porchlight.worker.eye import Eye
from porchlight.worker.pixels import Shrinker

from .support import footage

if TYPE_CHECKING:
    from porchlight.vision.visits import Visit

MODEL = "models/yolox_nano_416_float16.tflite"
# Seconds at which a person is first fully in view of the hallway.
IN_VIEW = (6.4, 22.9, 50.6, 74.6, 93.2, 123.6)
# A person is one after three looks, 0.4 s after the first; the model needs a moment in the door.
SOON = 1.0


class Seen:
    """What a video comes to: visits, and how often it was looked at."""

    def __init__(self, video: str) -> None:
        pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
        detector = Detector(load("litert", footage(MODEL), 2))
        numbers = count(1)
        watch = Watch(lambda: str(next(numbers)))
        eye = Eye(watch, Decoder(), Shrinker())
        self.arrived: list[Visit] = []
        self.left: list[tuple[float, Visit]] = []
        self.looks = self.calls = self.pictures = 0
        at = 0.0
        with av.open(str(footage(video))) as container:
            watch.began(container.streams.video[0].codec_context.height)
            for number, packet in enumerate(container.demux(video=0)):
                if not packet.size:
                    continue
                came = (
                    number / 10
                    if packet.time_base is None
                    else float(packet.dts * packet.time_base)
                )
                newest = eye.take(packet, came)
                if newest is None or not watch.look_due(newest[1]):
                    continue
                frame, at = newest
                view = detector.view(frame)
                regions = watch.regions(view, at)
                self.looks += 1
                self.calls += len(regions)
                seen = detector.people(frame, regions)
                look = watch.look(seen, at, [view.share(one) for one in regions])
                self.pictures += look.best is not None
                self.arrived += [one.visit for one in look.events if isinstance(one, Arrived)]
                self.left += [(at, one.visit) for one in look.events if isinstance(one, Left)]
        self.seconds = came
        self.open = watch.visit


def test_each_of_six_people_in_a_hallway_arrives_once_and_leaves_once() -> None:
    seen = Seen("videos/one_by_one_person.mp4")
    assert len(seen.arrived) == len(seen.left) == 6
    for moment, visit in zip(IN_VIEW, seen.arrived, strict=True):
        assert moment - 0.2 <= visit.arrived_at <= moment + SOON
        assert visit.count == 1
    for (at, left), arrived in zip(seen.left, seen.arrived, strict=True):
        assert left.visit_id == arrived.visit_id
        assert left.most == 1
        assert left.score >= 0.8
        # They leave through the door at the border: two seconds and a look.
        assert 1.9 <= at - left.last_seen <= 2.5
    for (at, _), after in zip(seen.left, seen.arrived[1:], strict=False):
        assert at < after.arrived_at
    assert seen.pictures >= 6
    # A person is there for most of the time; a person who is known is looked at less often.
    assert seen.calls < 3 * seen.seconds


def test_cars_in_a_car_park_are_not_people() -> None:
    seen = Seen("videos/car_park_nobody.mp4")
    assert seen.arrived == []
    assert seen.looks > 10


def test_a_person_in_infrared_light_arrives_and_leaves_once() -> None:
    seen = Seen("videos/ir_night_person_32s_57s.mp4")
    (arrived,) = seen.arrived
    assert 32 <= arrived.arrived_at <= 34
    ((at, left),) = seen.left
    assert 55 <= left.last_seen <= 58
    # Last seen amid the picture, so waited for.
    assert 6 <= at - left.last_seen <= 7.5


def test_an_empty_infrared_scene_has_no_visit() -> None:
    seen = Seen("videos/ir_night_nobody.mp4")
    assert seen.arrived == []
    # Noise keeps nobody busy.
    assert seen.looks < 0.3 * seen.seconds


@pytest.mark.parametrize("video", ["porch_man_leaves.mkv", "porch_man_leaves_gop10.mp4"])
def test_the_man_on_the_porch_arrives_once(video: str) -> None:
    seen = Seen(f"videos/{video}")
    (arrived,) = seen.arrived
    assert arrived.count == 1
    assert arrived.score >= 0.8
    # The clip ends before he has been gone for long.
    assert seen.open is not None
    assert seen.open.visit_id == arrived.visit_id
