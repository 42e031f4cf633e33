"""Ruff also refuses imports across rooms, so that editors show them."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from scripts.checks.tree import ROOT

from .commands import run
from .copies import COMPONENT

if TYPE_CHECKING:
    from pathlib import Path

HOME_ASSISTANT = "import homeassistant.core"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The rooms with ruff's settings, and nothing else in them."""
    for path in [ROOT / "pyproject.toml", *(ROOT / COMPONENT).rglob("ruff.toml")]:
        place = tmp_path / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    for path in (ROOT / COMPONENT).rglob("__init__.py"):
        place = tmp_path / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    return tmp_path


def banned(house: Path, file: str, line: str) -> bool:
    """Whether ruff refuses a line in a file, at the top and in a function."""
    path = house / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"def lazy():\n    {line}\n", encoding="utf-8")
    select = ("--select=TID251", "--output-format=json")
    done = run(sys.executable, "-m", "ruff", "check", *select, file, cwd=house)
    return [fault["code"] for fault in json.loads(done.stdout)] == ["TID251"]


@pytest.mark.parametrize(
    "file",
    [
        f"{COMPONENT}/vision/new.py",
        f"{COMPONENT}/onvif/new.py",
        f"{COMPONENT}/worker/new.py",
        f"{COMPONENT}/worker/engines/new.py",
        f"{COMPONENT}/runtime/bridge.py",
        f"{COMPONENT}/runtime/ask.py",
        "simulator/new.py",
    ],
)
def test_home_assistant_is_banned_from_the_inner_rooms(house: Path, file: str) -> None:
    assert banned(house, file, HOME_ASSISTANT)


@pytest.mark.parametrize("file", [f"{COMPONENT}/runtime/owner.py", "tests/ha/test_new.py"])
def test_home_assistant_is_allowed_in_its_own_files(house: Path, file: str) -> None:
    assert not banned(house, file, HOME_ASSISTANT)


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("vision", "import av"),
        ("vision", "from PIL import Image"),
        ("vision", "import aiohttp"),
        ("vision", "import ai_edge_litert"),
        ("vision", "from ..worker.messages import Scan"),
        ("vision", "from .. import worker"),
        ("vision", "from ..onvif import models"),
        ("vision", "from ..runtime.bridge import Bridge"),
        ("onvif", "import av"),
        ("onvif", "import numpy"),
        ("onvif", "from ..worker.messages import Scan"),
        ("onvif", "from ..vision import watch"),
    ],
)
def test_what_a_room_does_not_need_is_banned_from_it(house: Path, room: str, line: str) -> None:
    assert banned(house, f"{COMPONENT}/{room}/new.py", line)


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("vision", "import numpy"),
        ("vision", "from .geometry import iou"),
        ("onvif", "import aiohttp"),
        ("worker", "import av"),
        ("worker", "from ..vision.watch import Watch"),
    ],
)
def test_what_a_room_needs_is_not_banned(house: Path, room: str, line: str) -> None:
    assert not banned(house, f"{COMPONENT}/{room}/new.py", line)
