"""Zones and lines on real footage: checked against what a viewer sees."""

from __future__ import annotations

from itertools import count, pairwise
from typing import TYPE_CHECKING

import av
import pytest
from porchlight.vision.settings import Line, Settings, Zone
from porchlight.vision.visits import Left
from porchlight.vision.watch import Watch
from porchlight.worker.decoding import Decoder
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load
from porchlight.worker.eye import Eye
from porchlight.worker.pixels import Shrinker

from tests.footage import HALLWAY, HALLWAY_WALKS

from .support import footage

if TYPE_CHECKING:
    from porchlight.vision.visits import Visit
    from porchlight.vision.zones import Crossing

MODEL = "models/yolox_nano_416_float16.tflite"
# Where people stand before the table, and the way out on the right that all of them take.
BEFORE_THE_TABLE = Zone(
    zone_id="table", points=((0.45, 0.8), (0.72, 0.8), (0.72, 1.0), (0.45, 1.0)), stay=3.0
)
WAY_OUT = Line(line_id="way out", start=(0.78, 1.0), end=(0.78, 0.4))
# They come in from below, where a box is cut until the feet are in the picture.
NOBODY_THERE = Zone(zone_id="left", points=((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0)))


class Hallway:
    """What the zones and lines of the hallway come to."""

    def __init__(self) -> None:
        pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
        detector = Detector(load("litert", footage(MODEL), 2))
        numbers = count(1)
        drawn = Settings(zones=(BEFORE_THE_TABLE, NOBODY_THERE), lines=(WAY_OUT,))
        watch = Watch(lambda: str(next(numbers)), settings=drawn)
        eye = Eye(watch, Decoder(), Shrinker())
        self.crossings: list[Crossing] = []
        self.looks: list[tuple[float, dict[str, int]]] = []
        self.left: list[Visit] = []
        with av.open(str(footage(HALLWAY))) as container:
            watch.began(container.streams.video[0].codec_context.height)
            for packet in container.demux(video=0):
                if not packet.size or packet.dts is None or packet.time_base is None:
                    continue
                newest = eye.take(packet, float(packet.dts * packet.time_base))
                if newest is None or not watch.look_due(newest[1]):
                    continue
                frame, at = newest
                view = detector.view(frame)
                regions = watch.regions(view, at)
                seen = detector.people(frame, regions)
                look = watch.look(seen, at, [view.share(one) for one in regions])
                self.crossings += look.crossings
                self.looks.append((at, watch.zones))
                self.left += [one.visit for one in look.events if isinstance(one, Left)]

    def spells(self, zone: str) -> list[tuple[float, float]]:
        """From when to when a person was in a zone."""
        changes = [
            at
            for (_, before), (at, after) in pairwise([(0.0, {zone: 0}), *self.looks])
            if bool(before[zone]) != bool(after[zone])
        ]
        return list(zip(changes[::2], changes[1::2], strict=True))


def test_six_people_stand_at_the_table_one_after_the_other_and_leave_to_the_right() -> None:
    seen = Hallway()
    spells = seen.spells("table")
    assert len(spells) == len(seen.crossings) == len(HALLWAY_WALKS)
    for walk, (came, went), crossing in zip(HALLWAY_WALKS, spells, seen.crossings, strict=True):
        # The stay of three seconds begins between the shoulders' coming and the whole figure's.
        assert walk.shoulders + 3 <= came <= walk.whole + 5
        assert walk.gone - 3 <= went <= walk.gone + 1.5
        assert crossing.line_id == "way out"
        assert crossing.inward
        assert walk.gone - 2 <= crossing.at <= walk.gone + 0.5
    assert seen.spells("left") == []
    assert [visit.zones for visit in seen.left] == [("table",)] * len(HALLWAY_WALKS)
