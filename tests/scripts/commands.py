"""Runs this project's commands like a user."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from scripts.checks.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run(
    *command: str | Path, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without input and with these variables."""
    return subprocess.run(  # noqa: S603 - our own programs
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        text=True,
    )
