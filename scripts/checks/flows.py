"""Compares what the code of flows shows with its texts."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.checks.syntax import calls, functions, keys, keyword, last_name, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.checks.syntax import Module
    from scripts.checks.tree import Tree

FLOWS = {
    "ConfigFlow": "config",
    "LensSteps": "config",
    "OptionsFlow": "options",
    "OptionsFlowWithReload": "options",
    "AreaSteps": "options",
    "StreamSteps": "options",
}
# Errors that flows pass on, whose keys are defined elsewhere.
FURTHER_ERRORS: dict[str, Callable[[Tree], set[str]]] = {
    "config": lambda tree: (
        handed_on(tree)
        | remarks(tree)
        | {"unknown"}
        | tree.module("runtime/typed.py").members("TypedProblem")
    ),
    "options": lambda tree: (
        tree.module("worker/errors.py").members("EngineProblem")
        | raised(tree, "own_file")
        | tree.module("runtime/areas.py").members("AreaProblem")
    ),
}
# Aborts whose reasons are implicit.
ABORTS = {
    "_abort_if_unique_id_configured": "already_configured",
    "_async_abort_entries_match": "already_configured",
    "async_set_unique_id": "already_in_progress",
}
# The abort reasons after updating an entry, by the step that began it.
UPDATED = {
    "async_step_reauth": "reauth_successful",
    "async_step_reconfigure": "reconfigure_successful",
}


@dataclass(kw_only=True)
class Step:
    """A form or menu; `given` are the placeholders, None where they cannot be seen."""

    fields: set[str] = field(default_factory=set)
    options: set[str] = field(default_factory=set)
    given: set[str] | None = field(default_factory=set)


@dataclass(kw_only=True)
class Flow:
    """All keys that a flow shows.

    `title` are the placeholders of its title, `named` the steps that it shows or leads to, `has`
    those that it defines.
    """

    steps: dict[str, Step] = field(default_factory=dict)
    progress: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    aborts: set[str] = field(default_factory=set)
    title: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    has: set[str] = field(default_factory=set)

    @property
    def dead_ends(self) -> set[str]:
        """The steps that it names but does not define."""
        return self.named - self.has

    @property
    def given(self) -> set[str]:
        """The placeholders of all its forms."""
        return set().union(*(step.given or set() for step in self.steps.values()))


def handed_on(tree: Tree) -> set[str]:
    """The keys of an errand's failure that the config flow has texts for."""
    module = tree.module("flows/proof.py")
    return module.texts(module.assigned.get("ERRORS"))


def remarks(tree: Tree) -> set[str]:
    """The keys of what the config flow says of a new camera's streams."""
    module = tree.module("flows/proof.py")
    return module.texts(module.assigned.get("REMARKS"))


def raised(tree: Tree, function: str) -> set[str]:
    """The keys of the model file errors that one function raises."""
    module = tree.module("detection/catalogue.py")
    bodies = [node for node in functions(module.node) if node.name == function]
    return {
        key
        for body in bodies
        for call in calls(body, "ModelFileError")
        if (key := module.text(call.args[0]))
    }


def flows(tree: Tree) -> dict[str, Flow]:
    """The config flow and the options flow, by the section of their texts."""
    found: dict[str, Flow] = {}
    for module in tree.modules.values():
        for node in module.classes(FLOWS):
            for section in {
                FLOWS[name] for base in node.bases if (name := last_name(base)) in FLOWS
            }:
                _add(found.setdefault(section, Flow()), module, node)
    for section, flow in found.items():
        flow.errors |= FURTHER_ERRORS[section](tree)
    return found


def _add(flow: Flow, module: Module, node: ast.ClassDef) -> None:
    """Add what one of a flow's classes shows."""
    for function in functions(node):
        for call in calls(function, "async_show_form", "async_show_menu"):
            placeholders = keyword(call, "description_placeholders")
            given = keys(placeholders) if placeholders else frozenset()
            for name, fields in _shown(module, node, function, call):
                flow.named.add(name)
                step = flow.steps.setdefault(name, Step())
                step.fields |= fields
                step.options |= module.texts(keyword(call, "menu_options"))
                step.given = None if given is None or step.given is None else step.given | given
        flow.errors |= _errors(module, function)
    for call in calls(node, "async_show_progress"):
        flow.progress |= module.texts(keyword(call, "progress_action"))
    for part in walk(node):
        match part:
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value="title_placeholders"))],
                value=placeholders,
            ):
                flow.title |= keys(placeholders) or set()
    flow.aborts |= _aborts(module, node)
    flow.named |= _named_steps(module, node)
    flow.has |= {function.name.removeprefix("async_step_") for function in functions(node)}


def _shown(
    module: Module,
    node: ast.ClassDef,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    call: ast.Call,
) -> Iterator[tuple[str, set[str]]]:
    """The steps that a call shows, and their fields, also if a method only passes them on."""
    fields = _fields(module, node, function, keyword(call, "data_schema"))
    step_id = keyword(call, "step_id")
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    if not (isinstance(step_id, ast.Name) and step_id.id in names):
        yield module.text(step_id) or "", fields
        return
    place = names.index(step_id.id)
    for step in functions(node):
        for outer in calls(step, function.name):
            arguments = [*outer.args, *(word.value for word in outer.keywords)]
            handed = (_fields(module, node, step, argument) for argument in arguments)
            by_place = outer.args[place] if place < len(outer.args) else None
            name = module.text(by_place or keyword(outer, step_id.id))
            yield name or "", fields.union(*handed)


def _named_steps(module: Module, node: ast.ClassDef) -> set[str]:
    """The steps that a flow shows, offers or leads to."""
    named = ("step_id", "next_step_id", "menu_options")
    shows = ("async_show_form", "async_show_menu", "async_show_progress")
    found: set[str] = set()
    for call in calls(node, *shows, "async_show_progress_done"):
        found = found.union(*(module.texts(keyword(call, name)) for name in named))
    return found


def _fields(
    module: Module,
    flow: ast.ClassDef,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    schema: ast.expr | None,
) -> set[str]:
    """The fields of a form: the keys of its schema, wherever it is defined."""
    methods = {method.name: method for method in functions(flow)}
    local = {
        target.id: statement.value
        for statement in walk(function)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    found: set[str] = set()
    pending: list[ast.AST] = [schema] if schema else []
    seen: set[int] = set()
    while pending:
        piece = pending.pop()
        if id(piece) in seen:
            continue
        seen.add(id(piece))
        for marker in calls(piece, "Required", "Optional"):
            found |= {text for argument in marker.args[:1] if (text := module.text(argument))}
        for part in walk(piece):
            match part:
                case ast.Name(id=name):
                    pending += [place[name] for place in (local, module.assigned) if name in place]
                case ast.Attribute(value=ast.Name(id="self"), attr=name) if name in methods:
                    pending.append(methods[name])
    return found


def _errors(module: Module, function: ast.AST) -> set[str]:
    """The keys that a step puts into `errors`."""
    found = set()
    for node in walk(function):
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="errors"))], value=ast.Constant(value=key)
            ):
                found.add(str(key))
            case (
                ast.Assign(targets=[ast.Name(id="errors")], value=ast.Dict(values=values))
                | ast.AnnAssign(target=ast.Name(id="errors"), value=ast.Dict(values=values))
            ):
                found |= {text for value in values if (text := module.text(value))}
    return found


def _aborts(module: Module, node: ast.ClassDef) -> set[str]:
    found = {
        text
        for call in calls(node, "async_abort", "_abort_if_unique_id_mismatch")
        if (text := module.argument(call, "reason"))
    }
    for name, reason in ABORTS.items():
        if any(not _is_false(keyword(call, "raise_on_progress")) for call in calls(node, name)):
            found.add(reason)
    if calls(node, "async_update_reload_and_abort", "async_update_and_abort"):
        names = {function.name for function in functions(node)}
        found |= {reason for step, reason in UPDATED.items() if step in names}
    return found


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def flow_texts(tree: Tree) -> Iterator[str]:
    """Everything that a flow shows has its text, and every text is used."""
    shown = flows(tree)
    for section in sorted(set(FLOWS.values()) & (set(tree.texts) | set(shown))):
        flow, texts = shown.get(section, Flow()), tree.texts.get(section, {})
        yield from (f"{section} has no step {name}" for name in sorted(flow.dead_ends))
        for key, used in (
            ("step", set(flow.steps)),
            ("progress", flow.progress),
            ("error", flow.errors),
            ("abort", flow.aborts),
        ):
            yield from compare(f"{section}.{key}", used, texts.get(key, {}))
        for name, step in flow.steps.items():
            its = texts.get("step", {}).get(name, {})
            if not its.get("title"):
                yield f"{section}.step.{name}.title is missing"
            for key, used in (
                ("data", step.fields),
                ("data_description", step.fields),
                ("menu_options", step.options),
            ):
                yield from compare(f"{section}.step.{name}.{key}", used, its.get(key, {}))


def compare(where: str, used: set[str], texts: dict[str, Any]) -> Iterator[str]:
    """Keys that are used without a text, and texts that are not used."""
    yield from (f"{where}.{key} is missing" for key in sorted(used - set(texts)))
    yield from (f"{where}.{key} is not used" for key in sorted(set(texts) - used))


def handed_on_errors(tree: Tree) -> Iterator[str]:
    """The config flow has a text for each failure that a stream can have, and no others."""
    streams = tree.module("worker/errors.py").members("StreamProblem")
    cameras = {
        statement.value.value
        for node in tree.module("onvif/errors.py").classes()
        for statement in node.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and isinstance(statement.value, ast.Constant)
    }
    errands = tree.module("runtime/ask.py")
    own = {
        key
        for call in errands.calls("ErrandError")
        if call.args and (key := errands.text(call.args[0]))
    }
    reported = handed_on(tree)
    yield from (f"nothing fails with {key}" for key in sorted(reported - streams - cameras - own))
    yield from (f"{key} is reported as unknown" for key in sorted((streams | own) - reported))
