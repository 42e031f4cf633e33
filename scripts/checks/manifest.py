"""The manifest, against Home Assistant's own tables."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from scripts.checks.syntax import Module, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.checks.tree import Tree

MANDATORY = {
    "codeowners",
    "config_flow",
    "documentation",
    "domain",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "name",
    "requirements",
    "version",
}
# Keys that the oldest supported Home Assistant does not know.
NEW = {"categories", "connectivity"}
# What Home Assistant sets itself.
INTERNAL = {"disabled", "is_built_in", "overwrites_built_in", "quality_scale"}
# Integrations that may be imported without a dependency: the integration has platforms for them.
PLATFORMS = {"diagnostics", "media_source", "system_health"}
_SEMANTIC = re.compile(r"\d+\.\d+\.\d+")


def manifest_keys(tree: Tree) -> Iterator[str]:
    """All required keys, and no unknown ones."""
    yield from (f"{key} is missing" for key in sorted(MANDATORY - set(tree.manifest)))
    if loader := tree.home("loader.py"):
        known = {
            line.target.id
            for node in Module.read(loader).classes()
            if node.name == "Manifest"
            for line in node.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        } - INTERNAL
        unknown = set(tree.manifest) - known - NEW
        yield from (f"{key} is not known" for key in sorted(unknown))


def manifest_order(tree: Tree) -> Iterator[str]:
    """Domain and name first, then in alphabetical order."""
    keys = list(tree.manifest)
    right = ["domain", "name", *sorted(set(keys) - {"domain", "name"})]
    if keys != right:
        yield f"the keys should come in this order: {', '.join(right)}"


def manifest_values(tree: Tree) -> Iterator[str]:
    """Values that Home Assistant knows."""
    manifest = tree.manifest
    if table := tree.home("generated/integrations.json"):
        for key in ("integration_type", "iot_class"):
            known = _values(json.loads(table.read_text(encoding="utf-8")), key)
            if manifest.get(key) not in known:
                yield f"{key} is not one of {', '.join(sorted(known))}"
    for key, single in (("categories", "category"), ("connectivity", "connectivity")):
        if table := tree.home(f"generated/integration_{key}.json"):
            known = set(_slugs(json.loads(table.read_text(encoding="utf-8"))))
            unknown = sorted(set(manifest.get(key, [])) - known)
            yield from (f"{value} is not a known {single}" for value in unknown)


def manifest_version(tree: Tree) -> Iterator[str]:
    """A semantic version, the same as the project's."""
    version = tree.manifest.get("version", "")
    if not _SEMANTIC.fullmatch(version):
        yield f"{version!r} is not a semantic version"
    project = tomllib.loads((tree.root / "pyproject.toml").read_text(encoding="utf-8"))
    if version != project["project"]["version"]:
        yield f"{version} here, {project['project']['version']} in pyproject.toml"


def requirements(tree: Tree) -> Iterator[str]:
    """Requirements are ranges of versions that fit Home Assistant's own constraints.

    This includes the engines' requirements, which are installed later.
    """
    engines = tree.module("detection/wheels.py")
    later = {
        text
        for call in engines.calls("EngineKind")
        for text in engines.texts(keyword(call, "requirements"))
    }
    for text in [*tree.manifest.get("requirements", []), *sorted(later)]:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield f"{text} is not a requirement"
            continue
        if sorted(bound.operator for bound in requirement.specifier) != ["<", ">="]:
            # A fixed version would be in the way of others that share the environment.
            yield f"{text} should be a range: from a version, below another"
        for home in tree.homes:
            for pinned in _constraints(home / "package_constraints.txt", requirement.name):
                if not requirement.specifier.contains(pinned, prereleases=True):
                    yield f"{text} conflicts with {requirement.name}=={pinned}"


def dependencies(tree: Tree) -> Iterator[str]:
    """Dependencies exist, and every integration that is used is one of them."""
    wanted = {*tree.manifest.get("dependencies", []), *tree.manifest.get("after_dependencies", [])}
    for domain in sorted(wanted):
        if tree.homes and not tree.home(f"components/{domain}/manifest.json"):
            yield f"{domain} is not an integration of Home Assistant"
    if platforms := tree.home("generated/entity_platforms.py"):
        allowed = PLATFORMS | Module.read(platforms).members("EntityPlatforms")
        used = {
            name
            for module in tree.modules.values()
            for node in ast.walk(module.node)
            for name in _components(node)
        }
        yield from (f"{name} is used" for name in sorted(used - wanted - allowed))


def _components(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ImportFrom(module="homeassistant.components", names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(name)) if name.startswith("homeassistant.components."):
            yield name.split(".")[2]


def _values(table: Any, key: str) -> set[str]:
    """All values of a key, however deep."""
    if not isinstance(table, dict):
        return set()
    own = {table[key]} if isinstance(table.get(key), str) else set()
    return own.union(*(_values(value, key) for value in table.values()))


def _slugs(table: list[dict[str, Any]]) -> Iterator[str]:
    for entry in table:
        yield entry["slug"]
        yield from (f"{entry['slug']}.{inner}" for inner in _slugs(entry.get("subcategories", [])))


def _constraints(path: Path, name: str) -> Iterator[str]:
    """The versions that a constraints file pins a package to."""
    for line in path.read_text(encoding="utf-8").splitlines():
        package, pinned, version = line.partition("==")
        if pinned and canonicalize_name(package) == canonicalize_name(name):
            yield version
