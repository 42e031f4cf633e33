"""The ground truth of a scene or clip."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from porchlight.vision.polygons import crossed_at, distance, turn
from porchlight.vision.settings import Line

if TYPE_CHECKING:
    from pathlib import Path

    from porchlight.vision.settings import Point

# Left, top, right and bottom in fractions of the picture.
type Corners = tuple[float, float, float, float]
# First visible is the first frame that shows at least this share of the figure.
HALF = 0.5
# Gone is after the last frame that shows more than this.
TRACE = 0.05
# Seconds between moments, and for which one must have been visible to count, or may count after.
STEP, SETTLED = 0.2, 1.5
# Times of frames are this exact.
EXACT = 1e-6
# How far from a line, as a share of the picture, feet are clearly on one side.
CLEAR = 0.01
PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A figure on a frame: the whole box in fractions of the picture, and the visible share.

    For what is not a person, `walk` is -1.
    """

    walk: int
    person: int
    box: Corners
    share: float
    label: str = PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueWalk:
    """A walk, by one or more people: seconds of first visible and gone."""

    first: float
    gone: float
    people: int


class Moment(NamedTuple):
    """Who is there at a second: how many surely and perhaps count, and who is half visible."""

    at: float
    least: int
    most: int
    people: tuple[tuple[int, Corners], ...]


class TrueCrossing(NamedTuple):
    """A person's feet crossed a line; `inward` is to the right of its direction."""

    at: float
    line: str
    inward: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A scene's frames, in seconds, with the people on them; its lines; and what else is shown.

    `others` has the frames on which something with another label is.
    """

    seconds: float
    frames: tuple[tuple[float, tuple[Sight, ...]], ...]
    lines: tuple[Line, ...] = ()
    others: tuple[tuple[float, tuple[Sight, ...]], ...] = ()

    def walks(self) -> tuple[TrueWalk, ...]:
        """The walks in which a person is visible at all."""
        numbers = sorted({sight.walk for _, sights in self.frames for sight in sights})
        return tuple(walk for number in numbers if (walk := self._walk(number)) is not None)

    def moments(self) -> tuple[Moment, ...]:
        """Who is there, every STEP seconds.

        A person surely counts who is at least half visible and has been for SETTLED seconds, and
        may count who shows more than a trace or did so within the last SETTLED seconds.
        """
        found: list[Moment] = []
        half_since: dict[int, float] = {}
        traced_at: dict[int, float] = {}
        for at, sights in self.frames:
            half = {sight.person: sight.box for sight in sights if sight.share >= HALF}
            half_since = {person: half_since.get(person, at) for person in half}
            traced_at |= {sight.person: at for sight in sights if sight.share > TRACE}
            if at + EXACT < len(found) * STEP:
                continue
            found.append(
                Moment(
                    round(at, 3),
                    sum(at - since >= SETTLED - EXACT for since in half_since.values()),
                    sum(at - seen <= SETTLED + EXACT for seen in traced_at.values()),
                    tuple((person, _rounded(box)) for person, box in half.items()),
                )
            )
        return tuple(found)

    def crossings(self) -> tuple[TrueCrossing, ...]:
        """All crossings by people who are half visible on both sides of the line."""
        persons = sorted({sight.person for _, sights in self.frames for sight in sights})
        found = [
            crossing
            for person in persons
            for line in self.lines
            for crossing in _crossings(line, self._path(person))
        ]
        return tuple(sorted(found))

    def _path(self, person: int) -> list[tuple[float, Point]]:
        """Where a person's feet are while at least half of the figure is visible."""
        return [
            (at, ((sight.box[0] + sight.box[2]) / 2, sight.box[3]))
            for at, sights in self.frames
            for sight in sights
            if sight.person == person and sight.share >= HALF
        ]

    def _walk(self, number: int) -> TrueWalk | None:
        seen = [
            (at, sight.share, sight.person)
            for at, sights in self.frames
            for sight in sights
            if sight.walk == number
        ]
        visible = [at for at, share, _ in seen if share >= HALF]
        if not visible:
            return None
        return TrueWalk(
            first=visible[0],
            gone=max(at for at, share, _ in seen if share > TRACE),
            people=len({person for _, share, person in seen if share >= HALF}),
        )


def _rounded(box: Corners) -> Corners:
    x1, y1, x2, y2 = box
    return round(x1, 4), round(y1, 4), round(x2, 4), round(y2, 4)


def _crossings(line: Line, path: list[tuple[float, Point]]) -> list[TrueCrossing]:
    found: list[TrueCrossing] = []
    last: Point | None = None
    for at, point in path:
        if distance(line.start, line.end, point) < CLEAR:
            continue
        right = turn(line.start, line.end, point) > 0
        if (
            last is not None
            and right != (turn(line.start, line.end, last) > 0)
            and 0 <= crossed_at(line.start, line.end, last, point) <= 1
        ):
            found.append(TrueCrossing(round(at, 3), line.line_id, right))
        last = point
    return found


def save(truth: Truth, path: Path) -> None:
    """Write as JSON."""
    path.write_text(json.dumps(asdict(truth), separators=(",", ":")), encoding="utf-8")


def load(path: Path) -> Truth:
    """Read what `save` wrote."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return Truth(
        seconds=rows["seconds"],
        frames=_frames(rows["frames"]),
        lines=tuple(
            Line(line_id=row["line_id"], start=tuple(row["start"]), end=tuple(row["end"]))
            for row in rows["lines"]
        ),
        others=_frames(rows["others"]),
    )


def _frames(
    rows: list[tuple[float, list[dict[str, Any]]]],
) -> tuple[tuple[float, tuple[Sight, ...]], ...]:
    return tuple((at, tuple(_sight(**sight) for sight in sights)) for at, sights in rows)


def _sight(*, walk: int, person: int, box: list[float], share: float, label: str) -> Sight:
    x1, y1, x2, y2 = box
    return Sight(walk=walk, person=person, box=(x1, y1, x2, y2), share=share, label=label)
