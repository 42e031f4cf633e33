"""Streams' addresses: whatever a camera answers, requests go to the source's host and port."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from ...onvif.values import bracketed
from ..errors import StreamError, StreamProblem
from ..urls import RTSP_PORTS

_URL = re.compile(
    r"(?P<scheme>rtsps?)://(?:[^/?#]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\]|[\w.-]+)(?::(?P<port>\d{0,5}))?"
    r"(?P<path>(?:[/?#].*)?)",
    re.IGNORECASE | re.DOTALL,
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
# What may stand in an address as it is; the rest is percent-encoded.
_KEPT = "".join(map(chr, range(0x21, 0x7F)))
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a stream is; `path` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "rtsps"

    @property
    def uri(self) -> str:
        """As it stands in requests: without a login."""
        port = "" if self.port == RTSP_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{bracketed(self.host)}{port}{self.path}"

    def at(self, reference: str) -> Address:
        """Another path of the same camera; of an absolute reference only the path counts."""
        absolute = _ABSOLUTE.match(reference)
        path = reference[absolute.end() :] if absolute else reference
        if path[:1] not in {"", "/", "?"}:
            path = f"/{path}"
        return replace(self, path=quote(path, safe=_KEPT, errors="replace"))

    def below(self, control: str) -> Address:
        """The track that a description names; without a name, this.

        Players append it: cameras put it behind a query, too.
        """
        if control in {"", "*"}:
            return self
        if _ABSOLUTE.match(control):
            return self.at(control)
        return self.at(f"{self.path.rstrip('/')}/{control.lstrip('/')}")

    def redirected(self, location: str) -> Address:
        """Where a redirect leads. Raises StreamError if that is another host, port or scheme."""
        if not location:
            raise StreamError(StreamProblem.REFUSED, "a redirect that leads nowhere")
        target = self.at(location) if not _ABSOLUTE.match(location) else parse(location)
        if self.at("") != target.at(""):
            raise StreamError(StreamProblem.REFUSED, "a redirect to another address")
        return target


def parse(url: str) -> Address:
    """A stream's address. Raises StreamError if it is not one of RTSP."""
    match = _URL.fullmatch(url)
    if match is None:
        raise StreamError(StreamProblem.REFUSED, "not an RTSP address")
    scheme = match["scheme"].lower()
    port = int(match["port"] or RTSP_PORTS[scheme])
    if not 0 < port <= _MAX_PORT:
        raise StreamError(StreamProblem.REFUSED, "not an RTSP address")
    host = match["host"].strip("[]").lower()
    return Address(scheme=scheme, host=host, port=port, path="").at(match["path"])
