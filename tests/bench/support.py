"""Small scenes and people made of plain rectangles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench.actors import Actor
from bench.scenes import Scene
from scripts.lib.assets import AssetError, asset

if TYPE_CHECKING:
    from pathlib import Path

SCENE = Scene(
    name="small",
    stage="porch",
    height=120,
    condition="day",
    weather="day",
    way="enter",
    codec="h264",
    gop=2,
    fps=10,
    seed=5,
    walks=2,
    half="tune",
    seconds=3.0,
)


def scene(**changes: Any) -> Scene:
    """SCENE with other values."""
    return replace(SCENE, **changes)


def need(*names: str) -> list[Path]:
    """The paths of assets; skips the test if they are not available."""
    try:
        return [asset(name) for name in names]
    except AssetError as error:
        pytest.skip(str(error))


def blocks(number: int = 4) -> tuple[Actor, ...]:
    """People who are white upright rectangles, a third as wide as high."""
    figure = np.full((90, 30, 4), 255, np.uint8)
    return tuple(
        Actor(number=index, sideways=(figure,) * 5, standing=(figure,) * 5)
        for index in range(number)
    )
