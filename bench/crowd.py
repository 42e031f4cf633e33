"""Several people at once: crowds in lanes of different depths, and pairs who cross a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from porchlight.vision.settings import Line

from .planes import HEIGHT
from .stages import GROUNDS, Lane

if TYPE_CHECKING:
    import numpy as np

    from .scenes import Scene

# Body heights a second.
SLOWEST, FASTEST = 0.7, 1.0
# Seconds: before the first, in which a crowd begins, in which it stays, and after the last.
LEAD, GATHERING, CROWDED, TAIL = 3.0, 5.0, 45.0, 22.0
# Seconds between one person's leaving and the next one's entering.
PAUSE = (0.2, 1.2)
# How often a person stops on the way, how often one turns back, and for how many seconds one stops.
STOPS, TURNS, STOP = 0.35, 0.2, (1.5, 5.0)
# Body heights: how far beyond the border people begin, and how far from the line they stop.
OUTSIDE, OFF_LINE = 0.45, 1.0
# People at the far end of the ground and at the near end, to the height that the scene states.
FAR, NEAR = 0.75, 1.25
# Seconds between two who cross the line together in one direction, so that one does not hide the
# other; and between pairs.
TOGETHER, PAIRS_APART = (0.25, 0.5), (10.5, 12.5)
# Body heights from the farthest lane to the nearest at most.
DEPTH = 2.2
# Pixels by which a lane rises or falls at most.
SLANT = 14
MIDDLE = "middle"

type Corners = list[tuple[float, float]]


class Crowd:
    """Draws the ways of several people, each a lane and corners."""

    def __init__(self, scene: Scene, draw: np.random.Generator) -> None:
        self._scene = scene
        self._draw = draw
        self.window = window(scene)
        left, right = self.window
        lean = float(draw.uniform(-0.03, 0.03))
        self.line = Line(line_id=MIDDLE, start=(0.5 - lean, 0.0), end=(0.5 + lean, 1.0))
        self._middle = (left + right) / 2
        self.lanes = lanes(scene, draw, max(5, scene.people))
        self.ways: list[tuple[int, Lane, Corners]] = []

    def crowd(self) -> None:
        """Everybody walks at once, and the first two always meet on the line."""
        until = LEAD + CROWDED
        for slot in range(2, self._scene.people):
            at = LEAD + float(self._draw.uniform(0, GATHERING))
            while at < until:
                self.ways.append((0, *self._way(self._lane(slot), at)))
                at = self.ways[-1][2][-1][0] + float(self._draw.uniform(*PAUSE))
        at, turn = LEAD, 0
        while at < until:
            at = self._pair(0, at, same=bool(turn % 2)) + float(self._draw.uniform(*PAUSE))
            turn += 1

    def pairs(self) -> None:
        """Two at a time, one pair after the other, in the same and in opposite directions."""
        at = LEAD
        for walk in range(self._scene.walks):
            at = self._pair(walk, at, same=bool(walk % 2)) + float(self._draw.uniform(*PAIRS_APART))

    def _lane(self, slot: int) -> Lane:
        """Another lane for each, and another one each time."""
        return self.lanes[(slot + int(self._draw.integers(2))) % len(self.lanes)]

    def _ends(self, lane: Lane) -> tuple[float, float]:
        left, right = self.window
        return left - OUTSIDE * lane.height, right + OUTSIDE * lane.height

    def _speed(self, lane: Lane) -> float:
        return float(self._draw.uniform(SLOWEST, FASTEST)) * lane.height

    def _way(self, lane: Lane, at: float) -> tuple[Lane, Corners]:
        """Across the picture; some stop on the way, and some turn back."""
        start, end = self._ends(lane)
        if self._draw.random() < 0.5:  # noqa: PLR2004 - either way as often
            start, end = end, start
        speed, spot = self._speed(lane), self._spot(lane)
        corners: Corners = [(at, start)]
        chance = self._draw.random()
        if chance < STOPS + TURNS:
            there = at + abs(spot - start) / speed
            leave = there + float(self._draw.uniform(*STOP))
            corners += [(there, spot), (leave, spot)]
            if chance < TURNS:
                end = start
        since, here = corners[-1]
        return lane, [*corners, (since + abs(end - here) / speed, end)]

    def _spot(self, lane: Lane) -> float:
        """Where one stops: not on the line, and whole in the picture."""
        left, right = self.window
        room = OFF_LINE * lane.height
        side = (left + room / 2, self._middle - room)
        if self._draw.random() < 0.5:  # noqa: PLR2004 - either side as often
            side = (self._middle + room, right - room / 2)
        return float(self._draw.uniform(*side))

    def _pair(self, walk: int, at: float, *, same: bool) -> float:
        """Two in neighboring lanes who reach the line at once; the time at which both are gone."""
        first = int(self._draw.integers(len(self.lanes) - 1))
        leftwards = bool(self._draw.integers(2))
        late = float(self._draw.uniform(*TOGETHER)) if same else 0.0
        ways = []
        for turn, lane in enumerate(self.lanes[first : first + 2]):
            start, end = self._ends(lane)
            if leftwards is (same or turn == 0):
                start, end = end, start
            speed = self._speed(lane)
            # When the line is reached, had the way begun at 0, and how much later than the other's.
            ways.append((abs(self._middle - start) / speed - turn * late, speed, lane, start, end))
        longest = max(until for until, *_ in ways)
        gone = at
        for until, speed, lane, start, end in ways:
            begin = at + longest - until
            gone = max(gone, begin + abs(end - start) / speed)
            self.ways.append(
                (walk, lane, [(begin, start), (begin + abs(end - start) / speed, end)])
            )
        return gone


def window(scene: Scene) -> tuple[int, int]:
    """The columns of the composed picture that a camera of this scene's size shows."""
    width = round(HEIGHT * scene.size[0] / scene.size[1] / 4) * 4
    from_left = (1280 - width) // 4 * 2
    return from_left, from_left + width


def lanes(scene: Scene, draw: np.random.Generator, count: int) -> list[Lane]:
    """Lanes from the far end of a stage's ground to the near end."""
    far, near = GROUNDS[scene.stage]
    far = max(far, round(FAR * scene.body) + SLANT)
    # Near enough to each other to hide and be hidden.
    depth = min(near - far, round(DEPTH * scene.body))
    far += int(draw.integers(near - far - depth + 1))
    near = far + depth
    left, right = window(scene)
    found = []
    for index in range(count):
        share = index / (count - 1)
        feet = far + (near - far) * share
        slant = int(draw.integers(-SLANT, SLANT + 1))
        found.append(
            Lane(
                height=round(scene.body * (FAR + (NEAR - FAR) * share) / 2) * 2,
                left=(left, round(feet - slant / 2)),
                right=(right, round(feet + slant / 2)),
            )
        )
    return found
