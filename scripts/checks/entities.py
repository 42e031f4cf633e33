"""Compares entities and actions with their texts and icons."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from scripts.checks.flows import compare
from scripts.checks.syntax import keyword, last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.checks.syntax import Module
    from scripts.checks.tree import Tree

_ICON = re.compile(r"mdi:[a-z0-9]+(-[a-z0-9]+)*")


def _descriptions(tree: Tree) -> Iterator[tuple[str, ast.Call]]:
    """Each platform's entity descriptions."""
    for name, module in tree.modules.items():
        for node in ast.walk(module.node):
            if isinstance(node, ast.Call) and last_name(node.func).endswith("Description"):
                yield name.removesuffix(".py"), node


def entity_texts(tree: Tree) -> Iterator[str]:
    """Every entity description has a translated name and an icon, and all of these are used."""
    named: dict[str, set[str]] = {}
    drawn: dict[str, set[str]] = {}
    for platform, call in _descriptions(tree):
        module = tree.module(f"{platform}.py")
        key = module.argument(call, "translation_key")
        if key is None:
            described = module.argument(call, "key")
            yield f"{platform}.py: {described} has no translation_key"
            continue
        drawn.setdefault(platform, set()).add(key)
        if keyword(call, "name") is None:
            named.setdefault(platform, set()).add(key)
    for name, module in tree.modules.items():
        for key in _attributes(module):
            for used in (named, drawn):
                used.setdefault(name.removesuffix(".py"), set()).add(key)
    for what, used, there in (
        ("translations: entity", named, tree.texts.get("entity", {})),
        ("icons: entity", drawn, tree.icons.get("entity", {})),
    ):
        for platform in sorted(set(used) | set(there)):
            keys, its = used.get(platform, set()), there.get(platform, {})
            yield from compare(f"{what}.{platform}", keys, its)
    for platform, its in tree.texts.get("entity", {}).items():
        yield from (f"{platform}.{key} has no name" for key in its if not its[key].get("name"))


def _attributes(module: Module) -> Iterator[str]:
    """The translation keys of entities without a description."""
    for node in module.classes():
        for statement in node.body:
            match statement:
                case ast.Assign(
                    targets=[ast.Name(id="_attr_translation_key")], value=ast.Constant(value=key)
                ):
                    yield str(key)


def event_types(tree: Tree) -> Iterator[str]:
    """Every type of an event has its text."""
    for platform, call in _descriptions(tree):
        if (types := keyword(call, "event_types")) is None:
            continue
        module = tree.module(f"{platform}.py")
        key = module.argument(call, "translation_key") or "?"
        its = tree.texts.get("entity", {}).get(platform, {}).get(key, {})
        texts = its.get("state_attributes", {}).get("event_type", {}).get("state", {})
        where = f"entity.{platform}.{key}.state_attributes.event_type.state"
        yield from compare(where, module.texts(types), texts)


def icon_names(tree: Tree) -> Iterator[str]:
    """Icons are Material Design icons, and each entity has a default."""
    for path, icon in _leaves(tree.icons):
        if not _ICON.fullmatch(icon):
            yield f"{path}: {icon} is not an icon"
    for platform, entities in tree.icons.get("entity", {}).items():
        for key, icons in entities.items():
            if "default" not in icons:
                yield f"{platform}.{key} has no default"


def actions(tree: Tree) -> Iterator[str]:
    """Every action that is registered is described, translated and has an icon."""
    path = tree.component / "services.yaml"
    described = tree.data(path) if path.is_file() else {}
    registered = {
        text
        for module in tree.modules.values()
        for call in module.calls("async_register", "async_register_platform_entity_service")
        for text in [module.text(argument) for argument in call.args[1:3]]
        if text and text != tree.manifest["domain"]
    }
    texts = tree.texts.get("services", {})
    yield from compare("services.yaml", registered, described)
    yield from compare("translations: services", set(described), texts)
    yield from compare("icons: services", set(described), tree.icons.get("services", {}))
    for name in sorted(set(described) & set(texts)):
        for key in ("name", "description"):
            if not texts[name].get(key):
                yield f"services.{name}.{key} is missing"
        fields = set((described[name] or {}).get("fields", {}))
        yield from compare(f"services.{name}.fields", fields, texts[name].get("fields", {}))


def _leaves(icons: Any, path: str = "icons") -> Iterator[tuple[str, str]]:
    if isinstance(icons, dict):
        for key, value in icons.items():
            yield from _leaves(value, f"{path}.{key}")
    else:
        yield path, str(icons)
