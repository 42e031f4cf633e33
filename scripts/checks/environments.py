"""The requirements of this project's own environments."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from packaging.dependency_groups import resolve_dependency_groups

from scripts.checks.tree import BrokenTreeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.checks.tree import Tree

FILE, GROUP = "requirements_test.txt", "test"


def requirements_file(tree: Tree) -> Iterator[str]:
    """requirements_test.txt lists the same as the dependency group."""
    try:
        lines = (tree.root / FILE).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BrokenTreeError(f"{FILE}: {error}") from error
    there = {line for line in lines if line and not line.startswith("#")}
    project = tomllib.loads((tree.root / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = set(resolve_dependency_groups(project["dependency-groups"], GROUP))
    yield from (f"{FILE} lacks {line}" for line in sorted(wanted - there))
    yield from (f"{FILE} has {line}, but the group does not" for line in sorted(there - wanted))
