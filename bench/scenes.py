"""The list of scenes: what is varied, half of it to tune on, half to report on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Literal

type Way = Literal["enter", "emerge", "behind", "cross", "stand", "nobody"]
type Half = Literal["tune", "report"]
type Codec = Literal["h264", "hevc"]

HALVES: tuple[Half, ...] = ("tune", "report")
HEIGHTS = (120, 60, 30)
NOBODY_SECONDS, QUIET_SECONDS = 60.0, 180.0
# Conditions without people begin with the first; the second is that in which nothing happens.
NOBODY, QUIET = "nobody", "nobody, quiet"
# Conditions of scenes about counting begin with one of these.
COUNTED = ("crowd", "line", "things", "light", "foliage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a scene shows; `height` is the people's in pixels of 720, 0 where there are none."""

    name: str
    stage: str
    height: int
    condition: str
    weather: str
    way: Way
    codec: Codec
    gop: int
    fps: int
    seed: int
    walks: int
    half: Half
    seconds: float = NOBODY_SECONDS
    portrait: bool = False


def counted(condition: str) -> bool:
    """Whether a condition's scenes are about counting, and not about single walks."""
    return condition.split(",", 1)[0] in COUNTED


# Condition, its weather, how people walk, and the stages it plays on in turn.
_WALKING: tuple[tuple[str, str, Way, tuple[str, ...]], ...] = (
    ("day", "day", "enter", ("porch", "car park", "hallway", "car park, cars")),
    ("day", "day", "emerge", ("hallway", "car park")),
    ("cars", "day", "enter", ("car park, cars",)),
    ("dusk", "dusk", "enter", ("car park", "porch", "hallway")),
    ("infrared", "infrared", "enter", ("night room", "porch", "car park")),
    ("rain", "rain", "enter", ("porch", "car park")),
    ("flicker", "flicker", "enter", ("hallway", "car park")),
    ("moths", "moths", "enter", ("porch", "night room", "car park")),
    ("spider", "spider", "enter", ("car park", "porch")),
    ("headlights", "headlights", "enter", ("car park", "porch")),
    ("exposure", "exposure", "enter", ("porch", "hallway")),
    ("infrared switch", "infrared switch", "enter", ("hallway", "porch", "car park")),
    ("occluders", "day", "behind", ("car park", "hallway")),
    ("crossing", "day", "cross", ("hallway", "car park")),
)
_EMPTY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("day", ("car park, cars", "porch")),
    ("dusk", ("porch", "hallway")),
    ("infrared", ("night room", "porch")),
    ("rain", ("car park", "porch")),
    ("flicker", ("hallway", "car park")),
    ("moths", ("porch", "night room")),
    ("spider", ("porch", "night room")),
    ("headlights", ("car park", "porch")),
    ("exposure", ("hallway", "porch")),
    ("infrared switch", ("porch", "hallway")),
)
_QUIET: tuple[tuple[Codec, int, str], ...] = (("h264", 4, "porch"), ("hevc", 2, "hallway"))
_CAMERAS: tuple[tuple[Codec, int, int], ...] = (
    ("h264", 2, 15),
    ("h264", 4, 10),
    ("hevc", 2, 10),
    ("h264", 2, 10),
    ("h264", 4, 15),
    ("hevc", 4, 15),
)


@cache
def scenes() -> tuple[Scene, ...]:
    """All scenes; each half has each condition at each height."""
    numbers = count(1)
    found: list[Scene] = []
    for row, (condition, weather, way, stages) in enumerate(_WALKING):
        for column, height in enumerate(HEIGHTS):
            for turn, half in enumerate(HALVES):
                number = next(numbers)
                codec, gop, fps = _CAMERAS[(row + 2 * column + turn) % len(_CAMERAS)]
                found.append(
                    Scene(
                        name=f"{number:03}-{condition.replace(' ', '-')}-{way}-{height}-{half}",
                        stage=stages[(column + turn) % len(stages)],
                        height=height,
                        condition=condition,
                        weather=weather,
                        way=way,
                        codec=codec,
                        gop=gop,
                        fps=fps,
                        seed=number,
                        walks=2 + number % 3 if way != "cross" else 2,
                        half=half,
                    )
                )
    found.extend(_without_walks(numbers))
    found.extend(_quiet(numbers))
    return tuple(found)


def _quiet(numbers: count[int]) -> list[Scene]:
    """By day, no people and no motion: what a camera costs most of the time."""
    return [
        Scene(
            name=f"{number:03}-quiet-{codec}-0-{half}",
            stage=stage,
            height=0,
            condition=QUIET,
            weather="day",
            way="nobody",
            codec=codec,
            gop=gop,
            fps=15,
            seed=number,
            walks=0,
            half=half,
            seconds=QUIET_SECONDS,
        )
        for half in HALVES
        for codec, gop, stage in _QUIET
        for number in (next(numbers),)
    ]


def _without_walks(numbers: count[int]) -> list[Scene]:
    """Each weather without people, a portrait on the wall, and a person standing ten minutes."""
    found = []
    for half_turn, half in enumerate(HALVES):
        rows: list[tuple[str, str, str, Way, int]] = [
            (f"{NOBODY}, {weather}", weather, stages[half_turn], "nobody", 0)
            for weather, stages in _EMPTY
        ]
        rows.append(("portrait", "day", "hallway", "nobody", 0))
        rows.append(("standing", "day", ("car park", "hallway")[half_turn], "stand", 120))
        for turn, (condition, weather, stage, way, height) in enumerate(rows):
            number = next(numbers)
            codec, gop, fps = _CAMERAS[(turn + half_turn) % len(_CAMERAS)]
            slug = condition.replace(", ", "-").replace(" ", "-")
            found.append(
                Scene(
                    name=f"{number:03}-{slug}-{height}-{half}",
                    stage=stage,
                    height=height,
                    condition=condition,
                    weather=weather,
                    way=way,
                    codec=codec,
                    gop=gop,
                    fps=10 if way == "stand" else fps,
                    seed=number,
                    walks=1 if way == "stand" else 0,
                    half=half,
                    portrait=condition == "portrait",
                )
            )
    return found
