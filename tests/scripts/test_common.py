"""The commands' common part: system packages are installed, or their purpose is printed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from scripts.checks.tree import ROOT

from .commands import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

CALLS = 'source scripts/lib/common.sh; packages "$@"; echo went on'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Commands that replace the machine's: apt-get records its arguments."""
    user(tmp_path, 0)
    stand_in(tmp_path, "apt-get", f'echo "$*" >>{tmp_path}/asked')
    return tmp_path


def stand_in(machine: Path, name: str, does: str) -> None:
    path = machine / name
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


def user(machine: Path, number: int) -> None:
    stand_in(machine, "id", f"echo {number}")


def packages(machine: Path, *wanted: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    path = f"{machine}:{os.environ['PATH']}"
    return run("bash", "-c", CALLS, "bash", *wanted, PATH=path, CI=ci)


def asked(machine: Path) -> str:
    path = machine / "asked"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(
    "wanted",
    [
        "bash=bash",
        f"{ROOT}/scripts/lib/common.sh=porchlight",
        f"{ROOT}/scripts/lib/comm*.sh=porchlight",
    ],
)
def test_what_is_there_is_not_installed(machine: Path, wanted: str) -> None:
    done = packages(machine, wanted)
    assert (done.returncode, done.stdout) == (0, "went on\n")
    assert asked(machine) == ""


def test_what_is_missing_is_installed_where_we_may(machine: Path) -> None:
    done = packages(machine, "no-such-command=one", "bash=bash", "/no/such/*.file=two", ci="true")
    assert (done.returncode, done.stdout) == (0, "went on\n")
    update, install = asked(machine).splitlines()
    assert update.startswith("update")
    assert install.startswith("install")
    assert install.endswith(" one two")


def test_without_the_right_to_install_it_reports_that_and_continues(machine: Path) -> None:
    user(machine, 1000)
    done = packages(machine, "no-such-command=one")
    assert (done.returncode, done.stdout) == (0, "went on\n")
    assert "Without one some of it is left out" in done.stderr
    assert asked(machine) == ""


def test_in_ci_a_missing_package_is_an_error(machine: Path) -> None:
    user(machine, 1000)
    done = packages(machine, "no-such-command=one", ci="true")
    assert (done.returncode, done.stdout) == (1, "")
    assert "one must be installed here" in done.stderr


def test_a_failed_installation_is_reported(machine: Path) -> None:
    stand_in(machine, "apt-get", "exit 100")
    assert "Without one some of it is left out" in packages(machine, "no-such-command=one").stderr
    assert packages(machine, "no-such-command=one", ci="true").returncode == 1


def test_making_an_environment_leaves_the_caller_s_variables_alone(tmp_path: Path) -> None:
    stand_in(tmp_path, "uv", f'[ "$1" != venv ] || mkdir -p {tmp_path}/made')
    calls = (
        "source scripts/lib/common.sh; python=mine uv=mine;"
        "find_python() { echo theirs; }; new_enough() { false; };"
        f'environment {tmp_path}/made test; echo "$python $uv"'
    )
    done = run("bash", "-c", calls, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (0, "mine mine\n"), done.stderr
    assert (tmp_path / "made" / ".stamp").read_text()
