"""The whole demo, discovery and all, in a network that leads out, but where all is counted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 10
BASH = "/bin/bash"
UNSHARE = shutil.which("unshare")
# A way out of its own: what is sent there arrives at the other end and is counted.
NETWORK = """
set -e
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
    if os.geteuid() != 0 or not shutil.which("ip") or not UNSHARE:
        pytest.skip("a network of its own needs root, ip and unshare")
    demo = [str(ROOT / "scripts/demo"), "--headless", "--seconds", str(SECONDS)]
    run = subprocess.run(  # noqa: S603 - our own command
        [UNSHARE, "--mount", "--net", BASH, "-c", NETWORK, "bash", *demo],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    before, *told, after, proof = run.stdout.splitlines()
    assert any(json.loads(line)["entity_id"].startswith("binary_sensor.") for line in told)
    assert after == before
    assert int(proof) == int(after) + 1, "what would leave is not counted"
