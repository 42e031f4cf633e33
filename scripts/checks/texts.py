"""Checks that translations are complete, well-formed and used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from scripts.checks.flows import compare, flows
from scripts.checks.issues import issues, raised_texts
from scripts.checks.syntax import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Set as AbstractSet

    from scripts.checks.tree import Tree

SECTIONS = {
    "config",
    "conditions",
    "device",
    "entity",
    "exceptions",
    "issues",
    "options",
    "selector",
    "services",
    "system_health",
    "triggers",
}
PLACEHOLDER = re.compile(r"\{(\w+)\}")
_KEY = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
# What Home Assistant's own check of translations rejects in a text.
_UNWANTED = {
    "HTML": re.compile(r"<[a-z/!]", re.IGNORECASE),
    "a reference, which is not resolved for custom integrations": re.compile(r"\[%key:"),
    "an address, which belongs in a placeholder": re.compile(r"https?://"),
    "a placeholder in single quotes": re.compile(r"'\{\w+\}'"),
}


def flat(texts: Any, path: str = "") -> dict[str, str]:
    """All texts by their dotted keys."""
    if not isinstance(texts, dict):
        return {path: str(texts)}
    found: dict[str, str] = {}
    for key, value in texts.items():
        found |= flat(value, f"{path}.{key}" if path else key)
    return found


def placeholders(texts: Any) -> set[str]:
    """The placeholders of a text, or of all texts below a key."""
    return {name for text in flat(texts).values() for name in PLACEHOLDER.findall(text)}


def text_form(tree: Tree) -> Iterator[str]:
    """Sections and keys that Home Assistant accepts, and texts without anything it rejects."""
    yield from (f"{name} is not a section" for name in sorted(set(tree.texts) - SECTIONS))
    for path, text in flat(tree.texts).items():
        yield from (
            f"{path}: {key} is not a key" for key in path.split(".") if not _KEY.fullmatch(key)
        )
        if text.strip() != text or not text:
            yield f"{path} is empty or has blanks around it"
        yield from (f"{path} has {what}" for what, bad in _UNWANTED.items() if bad.search(text))


def languages(tree: Tree) -> Iterator[str]:
    """Every language has the same texts and placeholders as English; there are no other files."""
    english = flat(tree.texts)
    for path in sorted((tree.component / "translations").iterdir()):
        if path.suffix != ".json":
            yield f"{path.name} is not a translation"
            continue
        theirs = flat(tree.data(path))
        yield from compare(path.name, set(english), theirs)
        for key in sorted(set(english) & set(theirs)):
            if placeholders(english[key]) != placeholders(theirs[key]):
                yield f"{path.name}.{key} has other placeholders"
    if (tree.component / "strings.json").exists():
        yield "strings.json is not read for custom integrations"


def selectors(tree: Tree) -> Iterator[str]:
    """Every selector's choices have their texts."""
    used = {
        text
        for module in tree.modules.values()
        for call in module.calls("SelectSelectorConfig", "select")
        for text in module.arguments(call, "translation_key")
    }
    texts = tree.texts.get("selector", {})
    yield from compare("selector", used, texts)
    yield from (f"the choices of {key} are not known to this check" for key in used - set(CHOICES))
    for key in sorted(used & set(CHOICES) & set(texts)):
        yield from compare(f"selector.{key}.options", CHOICES[key](tree), texts[key]["options"])


def _found_or_typed(tree: Tree) -> set[str]:
    constants = tree.module("config_flow.py").constants
    return {constants["ENTER_ADDRESS"], constants["SCAN_AGAIN"]}


def _models(tree: Tree) -> set[str]:
    named = {
        entry["file"].removeprefix("models/").removesuffix(".tflite")
        for entry in tree.data(tree.component / "detection" / "assets.json")
        if "accuracy" in entry
    }
    automatic = tree.module("detection/choice.py").constants["AUTOMATIC"]
    return {*named, automatic, tree.module("flows/detector.py").constants["OWN_FILE"]}


def _engines(tree: Tree) -> set[str]:
    module = tree.module("detection/wheels.py")
    names = {module.argument(call, "name") for call in module.calls("EngineKind")}
    return {name for name in names if name} | {
        tree.module("detection/choice.py").constants["AUTOMATIC"]
    }


def _areas(tree: Tree) -> set[str]:
    kinds = tree.module("runtime/areas.py").members("Kind")
    return {
        tree.module("flows/area_steps.py").constants["FINISH"],
        *(f"new_{kind}" for kind in kinds),
    }


def _shapes(tree: Tree, table: str) -> set[str]:
    ready = keys(tree.module("runtime/areas.py").assigned[table])
    return {tree.module("flows/area_steps.py").constants["OWN_POINTS"], *(ready or ())}


def _sensitivities(tree: Tree) -> set[str]:
    named = keys(tree.module("vision/settings.py").assigned["SENSITIVITIES"])
    return {tree.module("runtime/sensitivity.py").constants["OWN"], *(named or ())}


# The choices, by the selector's translation key.
CHOICES: dict[str, Callable[[Tree], set[str]]] = {
    "area": _areas,
    "area_preset": lambda tree: _shapes(tree, "POLYGONS"),
    "camera": _found_or_typed,
    "engine": _engines,
    "line_preset": lambda tree: _shapes(tree, "LINES"),
    "model": _models,
    "sensitivity": _sensitivities,
    "stream": lambda tree: {tree.module("flows/stream_steps.py").constants["BEST"]},
    "transport": lambda tree: tree.module("worker/messages.py").members("Transport"),
}


def exceptions(tree: Tree) -> Iterator[str]:
    """Every translated error has its text."""
    used = raised_texts(tree)
    texts = tree.texts.get("exceptions", {})
    yield from compare("exceptions", set(used), texts)
    for key in sorted(set(used) & set(texts)):
        yield from _not_given(f"exceptions.{key}", texts[key], used[key])


def issue_texts(tree: Tree) -> Iterator[str]:
    """Every repair issue has its text; one that can be fixed has the steps of its flow."""
    used, texts = issues(tree), tree.texts.get("issues", {})
    yield from compare("issues", set(used), texts)
    for key in sorted(set(used) & set(texts)):
        issue, its = used[key], texts[key]
        wanted = {"title", "fix_flow" if issue.fixable else "description"}
        yield from compare(f"issues.{key}", wanted, its)
        steps = its.get("fix_flow", {}).get("step", {})
        yield from compare(f"issues.{key}.fix_flow.step", set(issue.steps), steps)
        yield from _not_given(f"issues.{key}", its, issue.given)


def flow_placeholders(tree: Tree) -> Iterator[str]:
    """A flow's code gives all placeholders of its texts, where that can be determined."""
    for section, flow in flows(tree).items():
        texts = tree.texts.get(section, {})
        for name, its in texts.get("step", {}).items():
            if step := flow.steps.get(name):
                yield from _not_given(f"{section}.step.{name}", its, step.given)
        for name, text in texts.get("error", {}).items():
            yield from _not_given(f"{section}.error.{name}", text, flow.given)
        yield from _not_given(f"{section}.flow_title", texts.get("flow_title", ""), flow.title)


def _not_given(where: str, texts: Any, given: AbstractSet[str] | None) -> Iterator[str]:
    if given is not None:
        for name in sorted(placeholders(texts) - given):
            yield f"{where} has {{{name}}}, which the code does not give"
