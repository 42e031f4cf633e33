"""The ground truth of a scene or clip."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# First visible is the first frame that shows at least this share of the figure.
HALF = 0.5
# Gone is after the last frame that shows more than this.
TRACE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A person on a frame: the whole box in fractions of the picture, and the visible share."""

    walk: int
    person: int
    box: tuple[float, float, float, float]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueWalk:
    """A walk, by one or more people: seconds of first visible and gone."""

    first: float
    gone: float
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A scene's frames, in seconds, with the people on them."""

    seconds: float
    frames: tuple[tuple[float, tuple[Sight, ...]], ...]

    def walks(self) -> tuple[TrueWalk, ...]:
        """The walks in which a person is visible at all."""
        numbers = sorted({sight.walk for _, sights in self.frames for sight in sights})
        return tuple(walk for number in numbers if (walk := self._walk(number)) is not None)

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


def save(truth: Truth, path: Path) -> None:
    """Write as JSON."""
    path.write_text(json.dumps(asdict(truth), separators=(",", ":")), encoding="utf-8")


def load(path: Path) -> Truth:
    """Read what `save` wrote."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return Truth(
        seconds=rows["seconds"],
        frames=tuple(
            (
                at,
                tuple(
                    Sight(
                        walk=sight["walk"],
                        person=sight["person"],
                        box=tuple(sight["box"]),
                        share=sight["share"],
                    )
                    for sight in sights
                ),
            )
            for at, sights in rows["frames"]
        ),
    )
