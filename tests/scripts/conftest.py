from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.checks.tree import Tree, installed

from .copies import copy_checkout

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A complete copy of the files that are checked."""
    return copy_checkout(tmp_path)


@pytest.fixture
def tree(checkout: Path) -> Tree:
    """The copy as the checks see it."""
    return Tree(root=checkout, homes=installed())
