"""Copies of the checkout, to be broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.checks.tree import ROOT

COMPONENT = "custom_components/porchlight"
ENGLISH = f"{COMPONENT}/translations/en.json"
_CACHES = shutil.ignore_patterns("__pycache__", ".*_cache", "*.tflite")


class _Gone:
    """Stands for a missing value. The same in each process, for the names of tests."""

    def __repr__(self) -> str:
        return "gone"


GONE = _Gone()


def copy_checkout(to: Path) -> Path:
    """The files that are checked, without this project's other files."""
    for name in ("blueprints", "custom_components", ".github"):
        shutil.copytree(ROOT / name, to / name, ignore=_CACHES)
    for name in ("hacs.json", "pyproject.toml", "requirements_test.txt", "LICENSE", "README.md"):
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, to)
    return to


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A way to break a checkout, and the message for it."""

    name: str
    how: Callable[[Path], None]
    says: str


def text(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace a piece of a text file."""

    def change(root: Path) -> None:
        content = (root / file).read_text(encoding="utf-8")
        assert old in content, f"{file} no longer has {old!r}"
        (root / file).write_text(content.replace(old, new, 1), encoding="utf-8")

    return change


def more(file: str, added: str) -> Callable[[Path], None]:
    """Add to a text file, or make it."""

    def change(root: Path) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        with (root / file).open("a", encoding="utf-8") as out:
            out.write(added)

    return change


def value(file: str, path: str, new: Any) -> Callable[[Path], None]:
    """Set or remove a value of a JSON file at a path such as `config/step/pick`."""

    def change(root: Path) -> None:
        content = json.loads((root / file).read_text(encoding="utf-8"))
        *folders, last = path.split("/")
        place = content
        for folder in folders:
            place = place[int(folder) if isinstance(place, list) else folder]
        if new is GONE:
            del place[last]
        else:
            place[last] = new
        (root / file).write_text(json.dumps(content), encoding="utf-8")

    return change
