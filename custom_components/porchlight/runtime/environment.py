"""What the worker's processes get of Home Assistant's environment and folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What an interpreter and its libraries need. Everything else stays with Home Assistant: its
# supervisor's token, for example.
_NAMES = frozenset({"HOME", "LANG", "PATH", "TMPDIR", "TZ"})
_PREFIXES = ("COVERAGE_", "LC_", "LD_", "MALLOC_", "OMP_", "PYTHON")

# Threads that numpy starts as it is imported would not be confined.
_FIXED = {"OPENBLAS_NUM_THREADS": "1"}


def worker_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that are passed on."""
    return _FIXED | {
        name: value
        for name, value in environment.items()
        if name in _NAMES or name.startswith(_PREFIXES)
    }


def worker_folders(*folders: str) -> tuple[str, ...]:
    """The folders to which the worker's processes may write: these, and the tests' coverage."""
    measured = os.environ.get("COVERAGE_FILE")
    return (*folders, str(Path(measured).parent)) if measured else folders
