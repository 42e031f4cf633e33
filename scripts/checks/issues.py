"""The repair issues and translated errors in the code."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.checks.syntax import functions, keys, keyword

if TYPE_CHECKING:
    from scripts.checks.syntax import Module
    from scripts.checks.tree import Tree

# Functions that make an issue from a problem's key, and the position of that argument.
NAMED_BY = {"create_detector_issue": 1, "_fail": 0, "ModelFileError": 0}
# Which flow fixes which issue, in repairs.py.
FIX_FLOWS = "FIX_FLOWS"


@dataclass(frozen=True, kw_only=True)
class Issue:
    """A repair issue; `given` are its placeholders, None if they cannot be determined."""

    fixable: bool
    steps: frozenset[str]
    given: frozenset[str] | None


def issues(tree: Tree) -> dict[str, Issue]:
    """All issues by the keys of their texts."""
    found: dict[str, Issue] = {}
    problems = tree.module("worker/errors.py").members("EngineProblem") | {
        key
        for module in tree.modules.values()
        for name, place in NAMED_BY.items()
        for call in module.calls(name)
        if len(call.args) > place and (key := module.text(call.args[place]))
    }
    fixes = _fixes(tree)
    for module in tree.modules.values():
        for call in module.calls("async_create_issue"):
            key = module.argument(call, "translation_key")
            issue = _issue(call, fixes.get(key or "", _Fix()))
            # Without a fixed key, it is the issue that uses the problems' texts.
            streams = _stream_keys(tree, module, keyword(call, "translation_key"))
            found |= dict.fromkeys([key] if key else streams or problems, issue)
    return found


def _stream_keys(tree: Tree, module: Module, key: ast.expr | None) -> set[str]:
    """The keys of an issue that has a text for each problem of a stream."""
    match key:
        case ast.JoinedStr(values=[ast.FormattedValue(value=first), *_]):
            prefix = module.text(first)
            problems = tree.module("worker/errors.py").members("StreamProblem")
            return {f"{prefix}_{problem}" for problem in problems}
    return set()


@dataclass(frozen=True, kw_only=True)
class _Fix:
    """A flow that fixes an issue; `own_words`: it gives placeholders of its own."""

    steps: frozenset[str] = frozenset()
    own_words: bool = False


def _fixes(tree: Tree) -> dict[str, _Fix]:
    """The flows that fix issues, by the issues' keys."""
    module = tree.module("repairs.py")
    flows = {flow.name: flow for flow in module.classes()}
    found: dict[str, _Fix] = {}
    for node in ast.walk(module.node):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=names, values=values)):
                if name == FIX_FLOWS:
                    for key, value in zip(names, values, strict=True):
                        flow = flows.get(value.id) if isinstance(value, ast.Name) else None
                        if flow and (text := module.text(key)):
                            found[text] = _fix(flow)
    return found


def _fix(flow: ast.ClassDef) -> _Fix:
    names = {function.name for function in functions(flow)} - {"async_step_init"}
    return _Fix(
        steps=frozenset(
            name.removeprefix("async_step_") for name in names if name.startswith("async_step_")
        ),
        own_words=any(
            keyword(call, "description_placeholders")
            for call in ast.walk(flow)
            if isinstance(call, ast.Call)
        ),
    )


def _issue(call: ast.Call, fix: _Fix) -> Issue:
    fixable = keyword(call, "is_fixable")
    given = keyword(call, "translation_placeholders")
    is_fixable = isinstance(fixable, ast.Constant) and fixable.value is True
    return Issue(
        fixable=is_fixable,
        steps=fix.steps if is_fixable else frozenset(),
        given=None if fix.own_words else keys(given) if given else frozenset(),
    )


def raised_texts(tree: Tree) -> dict[str, set[str] | None]:
    """The keys of translated errors, each with the placeholders that it is given."""
    found: dict[str, set[str] | None] = {}
    for module in tree.modules.values():
        for call in ast.walk(module.node):
            if isinstance(call, ast.Call) and keyword(call, "translation_domain"):
                key = module.argument(call, "translation_key") or "?"
                placeholders = keyword(call, "translation_placeholders")
                given = keys(placeholders) if placeholders else frozenset()
                found[key] = None if given is None else set(given)
    return found
