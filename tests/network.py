"""Runs a command in a network of its own, and counts the packets that leave it."""

from __future__ import annotations

import os
import shutil

import pytest

# In documentation's networks: an address that every packet to it is counted for, and a way out.
ELSEWHERE = "198.51.100.1"
_BASH = "/bin/bash"
_NEEDS = ("ip", "unshare")
# A network with its own way out: packets sent there arrive at the other end and are counted. The
# command may be ended by a signal, which the shell survives.
_NETWORK = f"""
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
count() {{ cat /sys/class/net/counted/statistics/rx_packets; }}
count
"$@" || exit 9
count
python3 -c 'import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("{ELSEWHERE}", 9))'
count
"""


def counted(*command: str) -> list[str]:
    """The command that does this in a counted network; skips the test where that can't be."""
    missing = [name for name in _NEEDS if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        why = f"a network of its own needs root and {' and '.join(_NEEDS)}"
        if os.environ.get("CI"):
            pytest.fail(f"{why}, and CI wants it")
        pytest.skip(why)
    return ["unshare", "--mount", "--net", _BASH, "-c", _NETWORK, "bash", *command]


def nothing_left(printed: list[str], problems: str = "") -> None:
    """Check what a counted command printed: nothing left, and what would is counted."""
    before, after, proof = (int(line) for line in printed if line.isdecimal())
    assert after == before, problems
    assert proof == after + 1, "what would leave is not counted"
