"""Who walks where and when in a scene, drawn from its seed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from porchlight.vision.settings import Line

from . import beside
from .crowd import TAIL as CROWD_TAIL
from .crowd import Crowd
from .planes import WIDTH
from .stages import STAGES, Lane
from .things import Thing
from .truth import PERSON

if TYPE_CHECKING:
    from .scenes import Scene, Way

# Body heights a second.
SLOWEST, FASTEST = 0.7, 1.0
# Seconds: before the first walk, between walks and after the last, into the picture, at rest.
LEAD, GAP, TAIL = (6.0, 9.0), (10.5, 13.0), 7.0
INWARD, REST = (4.0, 5.5), (0.0, 2.0)
# Body heights: how broad and tall a pillar is, how far two stand apart, how near edges they may.
PILLAR, TALL, APART, ROOM = 1.0, 1.7, 9.0, 1.5
STANDING_SECONDS = 600.0
# How many pillars the ways of walking need.
PILLARS: dict[Way, int] = {"emerge": 1, "cross": 2, "behind": 3}
PEOPLE, CLOTHES = 4, 4
# Ways of walking that have lanes of their own.
ON_GROUND = {"crowd", "pairs", "pass", "stop"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pillar:
    """Something that people vanish behind: left and right edge, top and foot, in pixels."""

    left: int
    top: int
    right: int
    foot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A person at a moment: middle and feet in pixels."""

    x: float
    feet: float
    moving: bool
    leftwards: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroll:
    """One person's way along a lane: the second and the pixel across of each corner.

    With another label it is the way of something else, and belongs to no walk.
    """

    walk: int
    actor: int
    clothes: int
    lane: Lane
    corners: tuple[tuple[float, float], ...]
    label: str = PERSON

    @property
    def span(self) -> tuple[float, float]:
        """First and last second."""
        return self.corners[0][0], self.corners[-1][0]

    def pose(self, at: float) -> Pose | None:
        """Where the person is; None before and after."""
        for (start, here), (end, there) in pairwise(self.corners):
            if start <= at < end:
                x = here + (there - here) * (at - start) / (end - start)
                return Pose(
                    x=x, feet=self.lane.feet(x), moving=here != there, leftwards=there < here
                )
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a scene's seed decides.

    `deep`: who is nearer hides who is farther away, also in the truth.
    """

    strolls: tuple[Stroll, ...]
    pillars: tuple[Pillar, ...]
    seconds: float
    lines: tuple[Line, ...] = ()
    things: tuple[Thing, ...] = ()
    deep: bool = False


class Planner:
    """Draws a scene's walks one after the other."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._draw = np.random.default_rng(scene.seed)
        self._height = scene.height
        single = scene.height and scene.way not in ON_GROUND
        self._lane = STAGES[scene.stage].lane(scene.height, scene.seed) if single else None
        self._at = float(self._draw.uniform(*LEAD))
        self._strolls: list[Stroll] = []
        self._pillars: list[Pillar] = []
        self._actors = [int(number) for number in self._draw.permutation(PEOPLE)]

    def plan(self) -> Plan:
        """The whole scene."""
        if self._scene.way in {"crowd", "pairs"}:
            return self._together()
        if self._scene.things or self._scene.plant:
            return self._beside()
        if self._lane is not None:
            self._walks(self._lane)
        ends = [stroll.span[1] for stroll in self._strolls]
        return Plan(
            strolls=tuple(self._strolls),
            pillars=tuple(self._pillars),
            seconds=round(max(ends) + TAIL, 1) if ends else self._scene.seconds,
        )

    def _together(self) -> Plan:
        """Several people at once, and a line in the middle."""
        crowd = Crowd(self._scene, self._draw)
        if self._scene.way == "crowd":
            crowd.crowd()
        else:
            crowd.pairs()
        for walk, lane, corners in sorted(crowd.ways, key=lambda way: way[2][0][0]):
            self._add(walk, lane, corners)
        return Plan(
            strolls=tuple(self._strolls),
            pillars=(),
            seconds=round(max(stroll.span[1] for stroll in self._strolls) + CROWD_TAIL, 1),
            lines=(crowd.line,),
            deep=True,
        )

    def _beside(self) -> Plan:
        """Things, and people beside them if the scene has any."""
        placed = beside.props(self._scene, self._draw)
        for walk, lane, corners in beside.walks(self._scene, self._draw, placed):
            self._add(walk, lane, corners)
        ends = [stroll.span[1] for stroll in self._strolls]
        return Plan(
            strolls=tuple(self._strolls),
            pillars=(),
            seconds=round(max(ends) + beside.TAIL, 1) if ends else self._scene.seconds,
            things=placed,
            deep=True,
        )

    def _walks(self, lane: Lane) -> None:
        way = self._scene.way
        pillars = self._set_pillars(PILLARS[way], lane) if way in PILLARS else [0.0]
        for walk in range(self._scene.walks):
            match way:
                case "enter":
                    self._enter(walk, lane)
                case "emerge":
                    self._emerge(walk, lane, pillars[0])
                case "behind":
                    self._pass(walk, lane, (pillars[0], pillars[-1]))
                case "cross":
                    self._cross(walk, lane, (pillars[0], pillars[-1]))
                case "stand":
                    self._stand(lane)

    def _speed(self) -> float:
        return float(self._draw.uniform(SLOWEST, FASTEST)) * self._height

    def _add(self, walk: int, lane: Lane, corners: list[tuple[float, float]]) -> None:
        actor = self._actors[len(self._strolls) % PEOPLE]
        clothes = int(self._draw.integers(CLOTHES))
        self._strolls.append(
            Stroll(walk=walk, actor=actor, clothes=clothes, lane=lane, corners=tuple(corners))
        )

    def _next(self) -> None:
        self._at = self._strolls[-1].span[1] + float(self._draw.uniform(*GAP))

    def _enter(self, walk: int, lane: Lane) -> None:
        """From an end of the lane into the picture, a short rest, and back."""
        side = self._height * 0.4
        ends = [
            x
            for x, hides in (
                (max(lane.left[0], -side), lane.left_hides),
                (min(lane.right[0], WIDTH + side), lane.right_hides),
            )
            if hides
        ]
        start = ends[int(self._draw.integers(len(ends)))]
        inwards = 1 if start < (lane.left[0] + lane.right[0]) / 2 else -1
        speed = self._speed()
        reach = speed * float(self._draw.uniform(*INWARD)) + self._hidden(start)
        turn = start + inwards * min(reach, abs(lane.right[0] - lane.left[0]) * 0.75)
        there = self._at + abs(turn - start) / speed
        leave = there + float(self._draw.uniform(*REST))
        back = leave + abs(turn - start) / speed
        self._add(walk, lane, [(self._at, start), (there, turn), (leave, turn), (back, start)])
        self._next()

    def _hidden(self, start: float) -> float:
        """Pixels behind what the stage itself has at the end of a lane."""
        return 90.0 if 0 < start < WIDTH else 0.0

    def _set_pillars(self, count: int, lane: Lane) -> list[float]:
        """Put pillars on the lane; their middles."""
        room = ROOM * self._height
        low, high = max(lane.left[0], 0) + room, min(lane.right[0], WIDTH) - room
        whole = min(APART * self._height, high - low) if count > 1 else 0.0
        first = float(self._draw.uniform(low, high - whole))
        middles = [first + whole * index / max(1, count - 1) for index in range(count)]
        half = PILLAR * self._height / 2
        for middle in middles:
            foot = round(lane.feet(middle)) + 4
            self._pillars.append(
                Pillar(
                    left=round(middle - half),
                    top=foot - round(TALL * self._height),
                    right=round(middle + half),
                    foot=foot,
                )
            )
        return middles

    def _emerge(self, walk: int, lane: Lane, middle: float) -> None:
        """From behind a pillar, a short rest, and back behind it."""
        speed = self._speed()
        outwards = 1 if middle < WIDTH / 2 else -1
        turn = middle + outwards * speed * float(self._draw.uniform(*INWARD))
        there = self._at + abs(turn - middle) / speed
        leave = there + float(self._draw.uniform(*REST))
        back = leave + abs(turn - middle) / speed
        self._add(walk, lane, [(self._at, middle), (there, turn), (leave, turn), (back, middle)])
        self._next()

    def _pass(self, walk: int, lane: Lane, ends: tuple[float, float]) -> None:
        """From behind one pillar to behind another."""
        if self._draw.random() < 0.5:  # noqa: PLR2004 - either way as often
            ends = ends[::-1]
        end = self._at + abs(ends[1] - ends[0]) / self._speed()
        self._add(walk, lane, [(self._at, ends[0]), (end, ends[1])])
        self._next()

    def _cross(self, walk: int, lane: Lane, ends: tuple[float, float]) -> None:
        """Two people who pass each other: one walk."""
        for here, there in (ends, ends[::-1]):
            begin = self._at + float(self._draw.uniform(0, 0.6))
            end = begin + abs(there - here) / self._speed()
            self._add(walk, lane, [(begin, here), (end, there)])
        self._at = max(stroll.span[1] for stroll in self._strolls)
        self._at += float(self._draw.uniform(*GAP))

    def _stand(self, lane: Lane) -> None:
        """Into the picture, ten minutes without a step, and out again."""
        start, speed = -0.4 * self._height, self._speed()
        spot = WIDTH * float(self._draw.uniform(0.2, 0.4))
        there = self._at + (spot - start) / speed
        leave = there + STANDING_SECONDS
        back = leave + (spot - start) / speed
        self._add(0, lane, [(self._at, start), (there, spot), (leave, spot), (back, start)])
