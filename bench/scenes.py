"""The list of scenes: what is varied, half of it to tune on, half to report on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Literal

type Way = Literal[
    "enter", "emerge", "behind", "cross", "stand", "nobody", "crowd", "pairs", "pass", "stop"
]
type Half = Literal["tune", "report"]
type Codec = Literal["h264", "hevc"]

HALVES: tuple[Half, ...] = ("tune", "report")
HEIGHTS = (120, 60, 30)
FULL, SMALL, WIDE = (1280, 720), (480, 360), (640, 360)
NOBODY_SECONDS, QUIET_SECONDS = 60.0, 180.0
# Conditions without people begin with the first; the second is that in which nothing happens.
NOBODY, QUIET = "nobody", "nobody, quiet"
# Conditions of scenes about counting begin with one of these.
COUNTED = ("crowd", "line", "things", "light", "foliage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a scene shows; `height` is the people's in its pixels, 0 where there are none.

    `people` is how many a crowd has at once, `things` how many still things there are, `light` what
    changes over part of the picture, and `plant` what the wind moves.
    """

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
    size: tuple[int, int] = FULL
    people: int = 0
    things: int = 0
    light: str = ""
    plant: str = ""

    @property
    def body(self) -> int:
        """The people's height in the composed picture, which is scaled down to `size`."""
        return round(self.height * FULL[1] / self.size[1])


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

_CROWDS: tuple[tuple[str, Way, tuple[int, int], int, int], ...] = (
    ("crowd, 480x360", "crowd", SMALL, 60, 4),
    ("crowd, 480x360", "crowd", SMALL, 60, 8),
    ("crowd, 640x360", "crowd", WIDE, 60, 6),
    ("crowd, 640x360", "crowd", WIDE, 60, 10),
    ("crowd, 1280x720", "crowd", FULL, 120, 5),
    ("crowd, 1280x720", "crowd", FULL, 60, 8),
    ("line, 640x360", "pairs", WIDE, 60, 0),
    ("line, 1280x720", "pairs", FULL, 120, 0),
)
_BOTH, _OUTSIDE = ("car park", "hallway"), ("car park", "car park, cars")
# Condition, how people walk, size, height, what else there is, stages of the two halves.
type _Rows = tuple[
    tuple[str, Way, tuple[int, int], int, dict[str, int | str], tuple[str, ...]], ...
]
_DISTURBED: _Rows = (
    ("light, nobody", "nobody", FULL, 0, {"light": "slow clouds"}, ("porch", "car park")),
    ("light, nobody", "nobody", FULL, 0, {"light": "fast clouds"}, ("car park", "porch")),
    ("light, nobody", "nobody", FULL, 0, {"light": "lamp"}, ("hallway", "porch")),
    ("light, walkers", "enter", FULL, 120, {"light": "slow clouds"}, ("car park", "porch")),
    ("light, walkers", "enter", FULL, 60, {"light": "fast clouds"}, ("car park", "porch")),
    ("light, walkers", "enter", FULL, 120, {"light": "lamp"}, ("hallway", "car park")),
    ("foliage, nobody", "nobody", FULL, 0, {"plant": "bush"}, _OUTSIDE),
    ("foliage, nobody", "nobody", WIDE, 0, {"plant": "flag"}, _OUTSIDE),
    ("foliage, walkers", "pass", WIDE, 60, {"plant": "bush"}, _OUTSIDE),
    ("foliage, walkers", "pass", FULL, 120, {"plant": "flag"}, _OUTSIDE),
)
_THINGS: _Rows = (
    ("things, nobody", "nobody", WIDE, 0, {"things": 3}, _BOTH),
    ("things, nobody", "nobody", FULL, 0, {"things": 3, "light": "slow clouds"}, _BOTH[::-1]),
    ("things, nobody", "nobody", WIDE, 0, {"things": 3, "light": "shadows"}, _BOTH),
    ("things, walkers", "pass", WIDE, 60, {"things": 3}, _BOTH),
    ("things, walkers", "stop", WIDE, 60, {"things": 3}, _BOTH[::-1]),
    ("things, walkers", "pass", FULL, 120, {"things": 3}, _BOTH[::-1]),
    ("things, walkers", "stop", FULL, 120, {"things": 3}, _BOTH),
    ("things, walkers", "pass", WIDE, 60, {"things": 3, "light": "slow clouds"}, _BOTH),
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
    found.extend(_crowds(numbers))
    found.extend(_disturbed(numbers, _DISTURBED))
    found.extend(_disturbed(numbers, _THINGS))
    return tuple(found)


def _disturbed(numbers: count[int], rows: _Rows) -> list[Scene]:
    """Still things, light over part of the picture, plants in the wind; nobody, and people."""
    found = []
    for turn, half in enumerate(HALVES):
        for row, (condition, way, size, height, more, stages) in enumerate(rows):
            number = next(numbers)
            codec, gop, _ = _CAMERAS[(row + turn) % len(_CAMERAS)]
            slug = "-".join(
                (condition, *(str(value) for name, value in more.items() if name != "things"))
            )
            found.append(
                Scene(
                    name=f"{number:03}-{slug.replace(', ', '-').replace(' ', '-')}-{height}-{half}",
                    stage=stages[turn % len(stages)],
                    height=height,
                    condition=condition,
                    weather="dusk" if more.get("light") == "lamp" else "day",
                    way=way,
                    codec=codec,
                    gop=gop,
                    fps=10,
                    seed=number,
                    walks=0 if way == "nobody" else 3 if way != "enter" else 2,
                    half=half,
                    size=size,
                    things=int(more.get("things", 0)),
                    light=str(more.get("light", "")),
                    plant=str(more.get("plant", "")),
                )
            )
    return found


def _crowds(numbers: count[int]) -> list[Scene]:
    """Four to ten people at once, and pairs who cross a line together."""
    found = []
    for turn, half in enumerate(HALVES):
        for row, (condition, way, size, height, people) in enumerate(_CROWDS):
            number = next(numbers)
            codec, gop, _ = _CAMERAS[(row + turn) % len(_CAMERAS)]
            slug = condition.replace(", ", f"-{people}-" if people else "-")
            found.append(
                Scene(
                    name=f"{number:03}-{slug}-{height}-{half}",
                    stage=("car park", "hallway")[(row + turn) % 2],
                    height=height,
                    condition=condition,
                    weather="day",
                    way=way,
                    codec=codec,
                    gop=gop,
                    fps=10,
                    seed=number,
                    walks=1 if way == "crowd" else 3,
                    half=half,
                    size=size,
                    people=people,
                )
            )
    return found


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
