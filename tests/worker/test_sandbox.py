"""What the worker's processes may not do, whatever a camera makes them run."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
from porchlight.worker.channel import encode
from porchlight.worker.messages import Alive, Scan

from tests.bare import ROOM

from .process import Worker
from .support import needs_onvif, until

TRY = f"""
import os, subprocess, sys
sys.path.insert(0, {str(ROOM.parents[1])!r})
import tests.bare
from porchlight.worker.sandbox import confine
print("confined", confine([sys.argv[1]]))
def tried(name, function):
    try:
        function()
    except OSError as error:
        print(name, type(error).__name__)
    else:
        print(name, "done")
def write(folder):
    path = os.path.join(folder, "new")
    with open(path, "w") as file:
        file.write("x")
    os.replace(path, path + "2")
    os.truncate(path + "2", 0)
    os.remove(path + "2")
tried("write inside", lambda: write(sys.argv[1]))
tried("write outside", lambda: write(sys.argv[2]))
tried("change outside", lambda: open(os.path.join(sys.argv[2], "old"), "a"))
tried("truncate outside", lambda: os.truncate(os.path.join(sys.argv[2], "old"), 0))
tried("delete outside", lambda: os.remove(os.path.join(sys.argv[2], "old")))
tried("read outside", lambda: open(os.path.join(sys.argv[2], "old")).close())
tried("start a program", lambda: subprocess.run([sys.executable, "-c", ""]))
tried("start a shell", lambda: os.execv("/bin/sh", ["sh", "-c", "echo started"]))
import numpy
print("library", bool(numpy.__version__))
"""


@pytest.fixture(scope="module")
def landlock() -> None:
    code = (
        "from tests import bare; from porchlight.worker.sandbox import confine; print(confine([]))"
    )
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOM.parents[1],
    )
    if done.stdout.strip() != "True":
        pytest.skip("this kernel has no Landlock")


def test_only_the_given_folders_can_be_written_and_no_program_started(
    landlock: None, tmp_path: Path
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (outside / "old").write_text("kept")
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-c", textwrap.dedent(TRY), str(inside), str(outside)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "confined True",
        "write inside done",
        "write outside PermissionError",
        "change outside PermissionError",
        "truncate outside PermissionError",
        "delete outside PermissionError",
        "read outside done",
        "start a program PermissionError",
        "start a shell PermissionError",
        "library True",
    ]
    assert (outside / "old").read_text() == "kept"


def rights(pid: int) -> list[str]:
    """Which rights the threads of a process cannot get."""
    lines: list[str] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        # It may just have ended.
        with suppress(FileNotFoundError, ProcessLookupError):
            lines += (task / "status").read_text().splitlines()
    return [line for line in lines if line.startswith("NoNewPrivs")]


def test_all_threads_of_the_watch_are_confined(landlock: None) -> None:
    with Worker(environment={"OPENBLAS_NUM_THREADS": "1"}) as worker:
        worker.heard.wait(Alive)
        assert set(rights(worker.process.pid)) == {"NoNewPrivs:\t1"}


@needs_onvif
def test_all_threads_of_the_listening_process_are_confined(landlock: None) -> None:
    with Worker(command=(sys.executable, str(ROOM / "worker"), "listen")) as worker:
        worker.heard.wait(Alive)
        assert set(rights(worker.process.pid)) == {"NoNewPrivs:\t1"}


def test_an_errand_is_confined_before_it_asks_anything(landlock: None) -> None:
    errand = encode(Scan(sources=("127.0.0.1",), seconds=600.0))
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(ROOM / "worker"), "errand"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(errand)
        process.stdin.flush()
        until(lambda: set(rights(process.pid)) == {"NoNewPrivs:\t1"}, "it is confined")
        process.kill()
