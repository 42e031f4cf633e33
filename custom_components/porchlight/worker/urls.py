"""Streams' addresses with and without a login."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from .messages import Source

# The usual ports of streams, by scheme.
RTSP_PORTS = {"rtsp": 554, "rtsps": 322}
_USERINFO = re.compile(r"//[^/@\s]*@")


def with_login(source: Source) -> str:
    """The stream's address with its login, each part percent-encoded whatever it holds."""
    login = source.credentials
    if not login.username:
        return source.url
    parts = urlsplit(source.url)
    host = parts.netloc.rpartition("@")[2]
    userinfo = f"{quote(login.username, safe='')}:{quote(login.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{host}"))


def redact(text: str) -> str:
    """The text without any login in an address."""
    return _USERINFO.sub("//", text)
