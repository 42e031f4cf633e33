"""The checkout and Home Assistant's own tables, for the checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from scripts.checks.syntax import Module

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "porchlight"


class BrokenTreeError(Exception):
    """A check cannot run; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Input:
    """A place in a blueprint that one of its inputs fills."""

    name: str


class _Yaml(yaml.SafeLoader):
    """YAML with Home Assistant's `!input`."""


def _input(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Input:
    return Input(str(loader.construct_scalar(node)))


_Yaml.add_constructor("!input", _input)


@cache
def installed(root: Path = ROOT) -> tuple[Path, ...]:
    """Home Assistant's packages in a checkout's environments, the oldest first."""
    places = root.glob(".venv*/lib/python3*/site-packages/homeassistant/const.py")
    return tuple(sorted((place.parent for place in places), key=version))


def version(home: Path) -> tuple[int, ...]:
    """The version of a Home Assistant package."""
    constants = Module.read(home / "const.py").constants
    return int(constants["MAJOR_VERSION"]), int(constants["MINOR_VERSION"])


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A checkout; `homes` are Home Assistant packages to look things up in, the oldest first."""

    root: Path
    homes: tuple[Path, ...] = ()

    @property
    def component(self) -> Path:
        """The integration's folder."""
        return self.root / "custom_components" / DOMAIN

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest."""
        return dict(self.data(self.component / "manifest.json"))

    @cached_property
    def texts(self) -> dict[str, Any]:
        """The English texts."""
        return dict(self.data(self.component / "translations" / "en.json"))

    @cached_property
    def icons(self) -> dict[str, Any]:
        """The icons."""
        return dict(self.data(self.component / "icons.json"))

    @cached_property
    def modules(self) -> dict[str, Module]:
        """The integration's modules by their path in it, such as `worker/errors.py`."""
        return {
            path.relative_to(self.component).as_posix(): Module.read(path)
            for path in self.python("custom_components")
        }

    def module(self, name: str) -> Module:
        """One module of the integration. Raises BrokenTreeError."""
        if name not in self.modules:
            raise BrokenTreeError(f"{name} is needed by a check, but does not exist")
        return self.modules[name]

    def data(self, path: Path) -> Any:
        """The content of a JSON or YAML file. Raises BrokenTreeError."""
        try:
            text = path.read_text(encoding="utf-8")
            # A SafeLoader with one more constructor.
            return json.loads(text) if path.suffix == ".json" else yaml.load(text, _Yaml)  # noqa: S506 - see above
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise BrokenTreeError(f"{self.name(path)}: {error}") from error

    def python(self, *folders: str) -> list[Path]:
        """The Python files below these folders."""
        found = (path for folder in folders for path in (self.root / folder).rglob("*.py"))
        return sorted(path for path in found if "/." not in f"/{self.name(path)}")

    def name(self, path: Path) -> str:
        """A file's path in the checkout."""
        return path.relative_to(self.root).as_posix()

    def home(self, name: str) -> Path | None:
        """A file of the newest Home Assistant that has it, if one is installed."""
        found = [home / name for home in self.homes if (home / name).is_file()]
        return found[-1] if found else None


type Check = Callable[[Tree], Iterator[str]]
