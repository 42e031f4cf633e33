"""The whole demo, with discovery, in a network with a way out where all packets are counted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Seconds after which it has failed, generous because the machine may be busy.
LIMIT = 900
BASH = "/bin/bash"
NEEDS = ("ip", "unshare")
# A network with its own way out: packets sent there arrive at the other end and are counted. The
# demo is ended by a signal, which the shell survives.
NETWORK = """
set -e
trap : TERM
mount -t sysfs sysfs /sys
ip link set lo up
ip link add out type veth peer name counted
for end in out counted; do
  echo 1 >/proc/sys/net/ipv6/conf/$end/disable_ipv6
  ip link set $end up
done
ip address add 192.0.2.2/24 dev out
ip neighbour add 192.0.2.1 lladdr 02:00:00:00:00:01 dev out
ip route add default via 192.0.2.1 dev out
count() { cat /sys/class/net/counted/statistics/rx_packets; }
count
"$@" || exit 9
count
python3 -c 'import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("198.51.100.1", 9))'
count
"""


def test_nothing_leaves_the_machine_while_cameras_are_found_added_and_watched() -> None:
    missing = [name for name in NEEDS if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        why = f"a network of its own needs root and {' and '.join(NEEDS)}"
        if os.environ.get("CI"):
            pytest.fail(f"{why}, and CI wants it")
        pytest.skip(why)
    printed, problems = watch_the_demo()
    before, after, proof = (int(line) for line in printed if line.isdecimal())
    assert after == before, problems
    assert proof == after + 1, "what would leave is not counted"


def watch_the_demo() -> tuple[list[str], str]:
    """The demo's output until it has seen a person, the counts before and after, and its log."""
    printed = []
    command = ["unshare", "--mount", "--net", BASH, "-c", NETWORK, "bash"]
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(  # noqa: S603 - our own command
            [*command, str(ROOT / "scripts/demo"), "--headless"],
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
