"""Streams' addresses."""

from __future__ import annotations

import re

# The usual ports of streams, by scheme.
RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
_USERINFO = re.compile(r"//[^/@\s]*@")


def redact(text: str) -> str:
    """The text without any login in an address."""
    return _USERINFO.sub("//", text)
