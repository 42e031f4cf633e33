"""Checks imports between rooms: Home Assistant's files → seam → worker → vision, never back."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from scripts.checks.tree import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.checks.syntax import Module
    from scripts.checks.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Files that may import the same: these rooms, these packages, the standard library."""

    name: str
    files: tuple[str, ...]
    rooms: frozenset[str]
    packages: frozenset[str] = frozenset()


def _room(name: str, files: str, rooms: str, packages: str = "") -> Room:
    return Room(
        name=name,
        files=tuple(files.split()),
        rooms=frozenset(rooms.split()),
        packages=frozenset(packages.split()),
    )


# A file belongs to the first room with a matching pattern. "Words" are what rooms exchange: types,
# errors and the channel, which load neither sockets nor codecs nor engines.
ROOMS = (
    _room(
        "vision-words",
        "vision/capacity.py vision/settings.py vision/polygons.py vision/types.py",
        "vision-words",
    ),
    _room("vision", "vision/**", "vision vision-words", "numpy"),
    _room(
        "onvif-words",
        "onvif/values.py onvif/errors.py onvif/identity.py onvif/profiles.py",
        "onvif-words",
    ),
    _room("onvif", "onvif/**", "onvif onvif-words", "aiohttp lxml onvif onvif_parsers yarl zeep"),
    _room(
        "worker-words",
        "worker/__init__.py worker/urls.py worker/backoff.py worker/channel.py"
        " worker/control_messages.py worker/errors.py worker/event_messages.py"
        " worker/messages.py",
        "worker-words onvif-words vision-words",
        "mashumaro",
    ),
    _room(
        "engines",
        "worker/engines/**",
        "engines worker-words vision vision-words",
        "ai_edge_litert flatbuffers ncnn numpy tflite",
    ),
    _room(
        "worker",
        "worker/**",
        "worker engines worker-words onvif onvif-words vision vision-words",
        "av numpy PIL",
    ),
    _room(
        "seam",
        "runtime/ask.py runtime/blame.py runtime/bridge.py runtime/environment.py"
        " runtime/faults.py runtime/ledger.py",
        "seam worker-words onvif-words",
    ),
    _room(
        "detection",
        "detection/**",
        "detection top-words worker-words vision-words",
        "aiohttp homeassistant packaging",
    ),
    _room(
        "runtime",
        "runtime/**",
        "runtime detection top-words seam worker-words onvif-words vision-words",
        "homeassistant mashumaro",
    ),
    _room("top-words", "const.py", "top-words"),
    _room(
        "home-assistant",
        "*.py flows/**",
        "home-assistant top-words runtime detection seam worker-words onvif-words vision-words",
        "PIL aiohttp homeassistant probatio",
    ),
)
_PREFIXES = (f"custom_components.{DOMAIN}", DOMAIN)
# The worker's entry point, which creates the package that it then imports from.
_WAY_IN = "worker/__main__.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import of the integration's own file (`own`) or of another package."""

    line: int
    name: str
    own: bool
    relative: bool


def room_of(name: str) -> Room | None:
    """The room of a file of the integration."""
    for room in ROOMS:
        if any(PurePosixPath(name).full_match(pattern) for pattern in room.files):
            return room
    return None


def arrows(tree: Tree) -> Iterator[str]:
    """No file imports what its room may not: at module level, in functions or for types."""
    rooms = {name: room_of(name) for name in tree.modules}
    for name, module in tree.modules.items():
        if (room := rooms[name]) is None:
            yield f"{name} is in no room"
            continue
        for found in imports(name, module, set(tree.modules)):
            where = f"{name}:{found.line}"
            if not found.own:
                if found.name not in room.packages and found.name not in sys.stdlib_module_names:
                    yield f"{where} {found.name} may not be imported in {room.name}"
                continue
            target = rooms.get(found.name)
            if target is None:
                yield f"{where} {found.name} is not a file of the integration"
            elif target.name not in room.rooms:
                yield f"{where} {found.name} ({target.name}) may not be imported in {room.name}"
            elif not found.relative and name != _WAY_IN:
                yield f"{where} our own files are imported relatively: the worker has no package"


def imports(name: str, module: Module, files: set[str]) -> Iterator[Import]:
    """All imports of a file, wherever they are written."""
    package = PurePosixPath(name).parent
    for node in ast.walk(module.node):
        match node:
            case ast.Import(names=names, lineno=line):
                for alias in names:
                    yield from _absolute(alias.name, [], line, files)
            case ast.ImportFrom(module=str(source), names=names, level=0, lineno=line):
                yield from _absolute(source, [alias.name for alias in names], line, files)
            case ast.ImportFrom(module=source, names=names, level=level, lineno=line):
                folder = package
                for _ in range(level - 1):
                    folder = folder.parent
                base = folder.joinpath(*(source or "").split("."))
                for alias in names:
                    found = _file(base, alias.name, files)
                    yield Import(line=line, name=found, own=True, relative=True)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="__import__"),
                args=[ast.Constant(value=str(source)), *_],
                lineno=line,
            ):
                yield from _absolute(source, [], line, files)


def _absolute(source: str, names: list[str], line: int, files: set[str]) -> Iterator[Import]:
    for prefix in _PREFIXES:
        if source == prefix or source.startswith(f"{prefix}."):
            base = PurePosixPath(*source.removeprefix(prefix).split(".")[1:])
            for name in names or [""]:
                found = _file(base, name, files)
                yield Import(line=line, name=found, own=True, relative=False)
            return
    yield Import(line=line, name=source.partition(".")[0], own=False, relative=False)


def _file(base: PurePosixPath, name: str, files: set[str]) -> str:
    """The file that `from base import name` reads."""
    candidates = [base / f"{name}.py", base / name / "__init__.py"]
    if base.name:
        candidates.append(base.with_suffix(".py"))
    for candidate in candidates:
        if candidate.as_posix() in files:
            return candidate.as_posix()
    return (base / "__init__.py").as_posix()
