"""The cases that arms run on: composed scenes and labeled clips."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.lib.assets import asset

from .encode import recording
from .scenes import scenes
from .truth import TrueWalk, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .scenes import Half, Scene

LABELS = Path(__file__).with_name("labels.json")
CLIP = "clip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file with its true walks; a clip has height 0 and no ground truth for each frame."""

    name: str
    path: Path
    condition: str
    height: int
    seconds: float
    walks: tuple[TrueWalk, ...]
    truth: Truth | None = None


def cases(half: Half | None = None, only: str = "*") -> Iterator[Case]:
    """The cases of a half whose names match; clips belong to the reported half."""
    for scene in scenes():
        if half in {None, scene.half} and fnmatch(scene.name, only):
            yield of_scene(scene)
    if half != "tune":
        yield from (case for case in clips() if fnmatch(case.name, only))


def of_scene(scene: Scene) -> Case:
    """A scene's case; the scene is composed and encoded if it is not in the cache."""
    made = recording(scene)
    return Case(
        name=scene.name,
        path=made.path,
        condition=scene.condition,
        height=scene.height,
        seconds=made.truth.seconds,
        walks=made.truth.walks(),
        truth=made.truth,
    )


def clips() -> list[Case]:
    """The cases of the footage that is labeled by hand."""
    return [
        Case(
            name=f"{CLIP}-{Path(row['file']).stem}",
            path=asset(row["file"]),
            condition=CLIP,
            height=0,
            seconds=row["seconds"],
            walks=tuple(
                TrueWalk(first=first, gone=last, people=1) for first, last in row["people"]
            ),
        )
        for row in json.loads(LABELS.read_text(encoding="utf-8"))["clips"]
    ]
