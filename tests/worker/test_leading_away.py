"""Whatever a camera names, only the camera is contacted: shown by counting packets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.network import counted, nothing_left

from .support import needs_tls

ROOT = Path(__file__).parents[2]
# Seconds after which it has failed, generous because the machine may be busy.
LIMIT = 600


@needs_tls
def test_no_packet_goes_to_where_a_camera_leads() -> None:
    pytest.importorskip("aiohttp", reason="the simulated services need it")
    command = counted(sys.executable, "-m", "tests.worker.leading_away")
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    printed = done.stdout.splitlines()
    nothing_left(printed, done.stdout)
    ended = dict(line.split() for line in printed if not line.isdecimal())
    # The same camera without a trap is played, so the others were not refused for another reason.
    assert ended.pop("names-tcp") == ended.pop("live-names-tcp") == "plays"
    redirects = {name: how for name, how in ended.items() if "redirect-3" in name}
    assert redirects.keys() >= {"redirect-302-tcp", "live-redirect-302-tcp"}
    assert "plays" not in redirects.values()
    assert "plays" not in {ended[scheme] for scheme in ("http", "file", "rtmp", "udp")}
    assert ended["soap-redirect"] == "not_onvif"
    assert "soap-names" in ended
