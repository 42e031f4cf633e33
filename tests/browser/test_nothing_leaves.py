"""The whole demo, with discovery, in a network with a way out where all packets are counted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from tests.network import counted, nothing_left

ROOT = Path(__file__).parents[2]
# Seconds after which it has failed, generous because the machine may be busy.
LIMIT = 900


def test_nothing_leaves_the_machine_while_cameras_are_found_added_and_watched() -> None:
    command = counted(str(ROOT / "scripts/demo"), "--headless")
    printed, problems = watch_the_demo(command)
    nothing_left(printed, problems)


def watch_the_demo(command: list[str]) -> tuple[list[str], str]:
    """The demo's output until it has seen a person, the counts before and after, and its log."""
    printed = []
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        ) as demo,
    ):
        too_late = threading.Timer(LIMIT, os.killpg, (demo.pid, signal.SIGTERM))
        too_late.start()
        assert demo.stdout
        for line in demo.stdout:
            printed.append(line.strip())
            if sees_a_person(line):
                os.killpg(demo.pid, signal.SIGTERM)
        too_late.cancel()
        log.seek(0)
        problems = log.read()[-3000:]
    assert demo.returncode == 0, problems
    assert any(map(sees_a_person, printed)), problems
    return printed, problems


def sees_a_person(line: str) -> bool:
    entry = json.loads(line)
    return isinstance(entry, dict) and (
        entry.get("entity_id", "").endswith("_person") and entry.get("state") == "on"
    )
