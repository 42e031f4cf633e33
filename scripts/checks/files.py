"""Checks everything but code: assets, pictures, blueprints, the Marketplace, workflows, sizes."""

from __future__ import annotations

import ast
import re
import struct
from typing import TYPE_CHECKING, Any

from scripts.checks.syntax import functions
from scripts.checks.tree import BrokenTreeError, Input

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.checks.tree import Tree

MOST_LINES, MOST_FUNCTION_LINES = 500, 50
ASSET_KEYS = {"file", "bytes", "sha256", "url", "licence", "what"}
# Only models that users can choose have these.
MODEL_KEYS = {"accuracy", "cost"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# The smaller side's least and greatest length, by the picture's name without `dark_`.
BRAND = {
    "icon.png": (256, 256),
    "icon@2x.png": (512, 512),
    "logo.png": (128, 256),
    "logo@2x.png": (256, 512),
}
HACS_KEYS = {
    "content_in_root",
    "country",
    "filename",
    "hacs",
    "hide_default_branch",
    "homeassistant",
    "name",
    "persistent_directory",
    "render_readme",
    "zip_release",
}
_PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # \S.*")


def assets(tree: Tree) -> Iterator[str]:
    """Every asset can be downloaded, verified and redistributed."""
    entries = tree.data(tree.component / "detection" / "assets.json")
    names = [entry.get("file") for entry in entries]
    yield from (f"{name} is listed twice" for name in {n for n in names if names.count(n) > 1})
    for entry in entries:
        name = entry.get("file", "?")
        yield from (f"{name} has no {key}" for key in sorted(ASSET_KEYS - set(entry)))
        extra = set(entry) - ASSET_KEYS
        if extra and extra != MODEL_KEYS:
            yield f"{name} has {', '.join(sorted(extra))}"
        if not _SHA256.fullmatch(str(entry.get("sha256"))):
            yield f"{name}: its sha256 is invalid"
        if not isinstance(entry.get("bytes"), int) or entry["bytes"] <= 0:
            yield f"{name}: its bytes are not a size"
        if not entry.get("licence"):
            yield f"{name} has no licence"
        yield from _address(name, entry.get("url"), needed=bool(extra))


def _address(name: str, url: Any, *, needed: bool) -> Iterator[str]:
    if url is None:
        if needed:
            yield f"{name} may be chosen, but cannot be downloaded"
    elif not str(url).startswith("https://"):
        yield f"{name}: its url is not https"
    elif not _COMMIT.search(str(url)):
        yield f"{name}: its url is not pinned to a commit"


def brand(tree: Tree) -> Iterator[str]:
    """The pictures that Home Assistant shows for the integration, in the sizes that it wants."""
    folder = tree.component / "brand"
    there = {path.name: path for path in folder.glob("*")}
    yield from (f"{name} is missing" for name in sorted(set(BRAND) - set(there)))
    for name, path in sorted(there.items()):
        kind = name.removeprefix("dark_")
        if kind not in BRAND:
            yield f"{name} is not a brand picture"
            continue
        width, height = _size(path)
        least, most = BRAND[kind]
        if not least <= min(width, height) <= most or (kind[:4] == "icon" and width != height):
            yield f"{name} is {width}x{height}"


def _size(path: Path) -> tuple[int, int]:
    """A PNG's width and height. Raises BrokenTreeError."""
    head = path.read_bytes()[:24]
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        raise BrokenTreeError(f"{path.name} is not a PNG")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def blueprints(tree: Tree) -> Iterator[str]:
    """Blueprints load, use exactly the inputs they define, and support the same Home Assistant."""
    least = tree.data(tree.root / "hacs.json").get("homeassistant")
    for path in sorted((tree.root / "blueprints").rglob("*.y*ml")):
        name, content = tree.name(path), tree.data(path)
        head = content.get("blueprint", {})
        for key in ("name", "description", "domain", "source_url", "input"):
            if not head.get(key):
                yield f"{name} has no {key}"
        if head.get("domain") != path.relative_to(tree.root / "blueprints").parts[0]:
            yield f"{name} lies in another domain's folder"
        if not str(head.get("source_url")).endswith(name):
            yield f"{name}: its source_url is another file's"
        if head.get("homeassistant", {}).get("min_version") != least:
            yield f"{name}: its min_version should be {least}, as in hacs.json"
        defined, used = set(_inputs(head.get("input", {}))), set(_used(content))
        yield from (f"{name}: {key} is not an input" for key in sorted(used - defined))
        yield from (f"{name}: the input {key} is not used" for key in sorted(defined - used))


def _inputs(inputs: dict[str, Any]) -> Iterator[str]:
    """The names of inputs; a section has inputs of its own."""
    for name, value in inputs.items():
        if "input" in (value or {}):
            yield from _inputs(value["input"])
        else:
            yield name


def _used(content: Any) -> Iterator[str]:
    match content:
        case Input(name=name):
            yield name
        case dict():
            for value in content.values():
                yield from _used(value)
        case list():
            for value in content:
                yield from _used(value)


def marketplace(tree: Tree) -> Iterator[str]:
    """The files that the Marketplace (HACS) reads, for a release as a zip."""
    hacs = tree.data(tree.root / "hacs.json")
    yield from (f"{key} is not a key of hacs.json" for key in sorted(set(hacs) - HACS_KEYS))
    if hacs.get("name") != tree.manifest.get("name"):
        yield "hacs.json has another name than the manifest"
    if not hacs.get("zip_release") or hacs.get("filename") != "porchlight.zip":
        yield "hacs.json should name the zip of a release"
    if not re.fullmatch(r"\d{4}\.\d{1,2}\.\d+", str(hacs.get("homeassistant"))):
        yield "hacs.json should name the oldest Home Assistant that is tested"
    yield from (f"{name} is missing" for name in ("LICENSE",) if not (tree.root / name).is_file())


def workflows(tree: Tree) -> Iterator[str]:
    """Workflows use pinned actions and declare their permissions."""
    for path in sorted((tree.root / ".github" / "workflows").glob("*.y*ml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if "uses:" in line and not _PINNED.fullmatch(line.strip().removeprefix("- ")):
                yield f"{tree.name(path)}:{number} pin the action to a commit, its version beside"
        if "permissions" not in tree.data(path):
            yield f"{tree.name(path)} does not say which permissions it needs"


def sizes(tree: Tree) -> Iterator[str]:
    """Files of at most 500 lines, functions of at most 50."""
    for path in tree.python("custom_components", "scripts", "simulator", "tests"):
        text = path.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > MOST_LINES:
            yield f"{tree.name(path)} has {lines} lines"
        for function in functions(ast.parse(text)):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > MOST_FUNCTION_LINES:
                yield f"{tree.name(path)}:{function.lineno} {function.name} has {lines} lines"
