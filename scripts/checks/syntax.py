"""Reading Python without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module's syntax."""

    path: Path
    node: ast.Module

    @classmethod
    def read(cls, path: Path) -> Module:
        """Parse a file. Raises SyntaxError."""
        return cls(path=path, node=ast.parse(path.read_text(encoding="utf-8"), str(path)))

    @cached_property
    def assigned(self) -> dict[str, ast.expr]:
        """The values of the module's top-level names."""
        found: dict[str, ast.expr] = {}
        for statement in self.node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found[name] = value
        return found

    @cached_property
    def constants(self) -> dict[str, str]:
        """Top-level names of texts and numbers."""
        return {
            name: str(value.value)
            for name, value in self.assigned.items()
            if isinstance(value, ast.Constant)
        }

    @cached_property
    def known(self) -> dict[str, str]:
        """The texts of names in this module, including names imported from the integration."""
        found = dict(self.constants)
        for statement in ast.walk(self.node):
            if isinstance(statement, ast.ImportFrom) and statement.level and statement.module:
                folder = self.path.parents[statement.level - 1]
                beside = folder.joinpath(*statement.module.split(".")).with_suffix(".py")
                if beside.is_file():
                    theirs = Module.read(beside).constants
                    found |= {
                        alias.asname or alias.name: theirs[alias.name]
                        for alias in statement.names
                        if alias.name in theirs
                    }
        return found

    def text(self, node: ast.expr | None) -> str | None:
        """The text that an expression evaluates to, if that can be determined."""
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name) if name in self.known:
                return self.known[name]
            case ast.Name(id=name) if name.startswith("CONF_"):
                # A name from Home Assistant stands for its text.
                return name.removeprefix("CONF_").lower()
        return None

    def texts(self, node: ast.AST | None) -> set[str]:
        """All texts in a piece of syntax."""
        found = (self.text(part) for part in walk(node) if isinstance(part, ast.expr))
        return {text for text in found if text is not None}

    def calls(self, *names: str) -> list[ast.Call]:
        """The calls of functions or methods with one of these names."""
        return calls(self.node, *names)

    def argument(self, call: ast.Call, name: str) -> str | None:
        """The text of a keyword argument, if it can be determined."""
        return self.text(keyword(call, name))

    def arguments(self, call: ast.Call, name: str) -> set[str]:
        """The texts of a keyword argument, also if a function only passes it on."""
        value = keyword(call, name)
        if (text := self.text(value)) is not None:
            return {text}
        found: set[str] = set()
        for function in functions(self.node):
            names = [argument.arg for argument in function.args.args]
            if isinstance(value, ast.Name) and value.id in names and call in ast.walk(function):
                place = names.index(value.id)
                found |= {
                    text
                    for outer in self.calls(function.name)
                    if len(outer.args) > place and (text := self.text(outer.args[place]))
                }
        return found

    def classes(self, bases: Iterable[str] = ()) -> list[ast.ClassDef]:
        """The classes, or those with one of these bases."""
        wanted = set(bases)
        return [
            node
            for node in ast.walk(self.node)
            if isinstance(node, ast.ClassDef)
            and (not wanted or wanted & {last_name(base) for base in node.bases})
        ]

    def members(self, enumeration: str) -> set[str]:
        """The values of an enumeration."""
        return {
            str(statement.value.value)
            for node in self.classes()
            if node.name == enumeration
            for statement in node.body
            if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        }


def walk(node: ast.AST | None) -> Iterator[ast.AST]:
    """A node and all nodes in it."""
    if node is not None:
        yield from ast.walk(node)


def calls(node: ast.AST | None, *names: str) -> list[ast.Call]:
    """The calls of functions or methods with one of these names."""
    return [
        part for part in walk(node) if isinstance(part, ast.Call) and last_name(part.func) in names
    ]


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, without its subscript."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return last_name(value)
    return ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((word.value for word in call.keywords if word.arg == name), None)


def functions(node: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods in a piece of syntax."""
    return [part for part in ast.walk(node) if isinstance(part, _FUNCTIONS)]


def keys(node: ast.expr | None) -> frozenset[str] | None:
    """The keys of a dictionary that is written out; None if it is not."""
    if not isinstance(node, ast.Dict):
        return None
    texts = [key.value for key in node.keys if isinstance(key, ast.Constant)]
    return frozenset(map(str, texts)) if len(texts) == len(node.keys) else None
