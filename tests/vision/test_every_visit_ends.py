"""Every visit ends soon after the last walker has left, whatever still things there are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np
import pytest
from porchlight.vision.regions import View
from porchlight.vision.settings import SENSITIVITIES, Settings
from porchlight.vision.types import Box, Detection
from porchlight.vision.visits import Arrived, Left
from porchlight.vision.watch import Watch

from .people import Grey, grey, painted

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import given, settings
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

FRAME = 0.2
VIEW = View(640, 360, 416)
# Seconds after the last person has left within which the visit must end.
ENDS_WITHIN = 15.0


@dataclass(frozen=True)
class Walker:
    """Someone who walks from one side of the picture to the other."""

    begins: float
    y: float
    height: float
    seconds: float
    leftwards: bool

    def box(self, at: float) -> Box | None:
        """Where they are; None if not in the picture."""
        done = (at - self.begins) / self.seconds
        if not 0 <= done <= 1:
            return None
        width = self.height * 0.35
        x = -width / 2 + (1 + width) * (1 - done if self.leftwards else done)
        low, high = max(0.0, x - width / 2), min(1.0, x + width / 2)
        if high - low < width / 4:
            return None
        return Box(low, self.y - self.height / 2, high, self.y + self.height / 2)

    @property
    def ends(self) -> float:
        return self.begins + self.seconds


@dataclass(frozen=True)
class Thing:
    """A still thing that is detected as a person in a share of the looks."""

    box: Box
    score: float
    often: float


WALKERS = st.builds(
    Walker,
    begins=st.floats(3, 12),
    y=st.floats(0.45, 0.7),
    height=st.floats(0.2, 0.5),
    seconds=st.floats(4, 9),
    leftwards=st.booleans(),
)
THINGS = st.builds(
    lambda x, y, height, score, often: Thing(
        Box(x, y - height / 2, x + 0.35 * height, y + height / 2), score, often
    ),
    x=st.floats(0.0, 0.8),
    y=st.floats(0.45, 0.7),
    height=st.floats(0.15, 0.5),
    score=st.floats(0.25, 0.95),
    often=st.sampled_from([0.2, 0.35, 0.5, 1.0]),
)


class Camera:
    """A watch of walkers and things, five frames a second; it looks when and where it is due."""

    def __init__(self, walkers: list[Walker], things: list[Thing], rules: str, seed: int) -> None:
        numbers = count(1)
        chosen = SENSITIVITIES[rules]
        self.watch = Watch(lambda: str(next(numbers)), settings=Settings(day=chosen, night=chosen))
        self.walkers, self.things = walkers, things
        self.chance = np.random.default_rng(seed)
        self.ground = self._ground()
        self.events: list[object] = []
        self.at = 0.0

    def _ground(self) -> Grey:
        picture = grey()
        for thing in self.things:
            x1, x2 = (round(edge * 320) for edge in (thing.box.x1, thing.box.x2))
            y1, y2 = (round(edge * 180) for edge in (thing.box.y1, thing.box.y2))
            picture[y1:y2, x1:x2] = 150
        return picture

    def run(self, until: float) -> None:
        while self.at < until:
            walking = [box for one in self.walkers if (box := one.box(self.at))]
            people = [Detection(box, 0.8) for box in walking]
            self.watch.see(painted(*people, picture=self.ground), 1000 + self.at)
            if self.watch.look_due(1000 + self.at):
                self._look(people)
            self.at += FRAME

    def _look(self, people: list[Detection]) -> None:
        regions = [VIEW.share(one) for one in self.watch.regions(VIEW, 1000 + self.at)]
        # Who walks is missed now and then.
        seen = [one for one in people if self.chance.random() < 0.9]
        seen += [
            Detection(thing.box, thing.score)
            for thing in self.things
            if self.chance.random() < thing.often
            and not any(one.box.share_of(thing.box) > 0.5 for one in people)
        ]
        shown = [one for one in seen if any(region.covers(one.box) for region in regions)]
        look = self.watch.look(shown, 1000 + self.at, regions)
        self.events += look.events


@settings(max_examples=25, deadline=None)
@given(
    st.lists(WALKERS, min_size=1, max_size=3),
    st.lists(THINGS, max_size=3),
    st.sampled_from(sorted(SENSITIVITIES)),
    st.integers(0, 1000),
)
def test_every_visit_ends_soon_after_the_last_walker_has_left(
    walkers: list[Walker], things: list[Thing], rules: str, seed: int
) -> None:
    camera = Camera(walkers, things, rules, seed)
    last = max(one.ends for one in walkers)
    camera.run(last + ENDS_WITHIN)
    assert camera.watch.visit is None
    arrived = len(camera.events)
    # And none begins without anybody.
    camera.run(last + ENDS_WITHIN + 20)
    assert len(camera.events) == arrived


@pytest.mark.parametrize("rules", sorted(SENSITIVITIES))
def test_a_walker_among_things_is_one_visit(rules: str) -> None:
    walker = Walker(begins=4, y=0.55, height=0.4, seconds=7, leftwards=False)
    things = [
        Thing(Box(0.45, 0.4, 0.57, 0.75), score=0.65, often=0.5),
        Thing(Box(0.8, 0.35, 0.94, 0.75), score=0.5, often=1.0),
    ]
    camera = Camera([walker], things, rules, 1)
    camera.run(walker.ends + ENDS_WITHIN)
    kinds = [type(one) for one in camera.events if isinstance(one, Arrived | Left)]
    assert kinds == [Arrived, Left]
