"""Reads and writes RTSP messages (RFC 2326); skips interleaved frames."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

_REASONS = {
    451: "Parameter Not Understood",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
}
_FRAME_MARK = b"$"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The URL's path without slashes at its ends."""
        return urlsplit(self.url).path.strip("/")


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request, or None for an interleaved frame (the client's RTCP).

    Raises EOFError when the client has gone, ValueError when it does not send RTSP.
    """
    first = await reader.readexactly(1)
    if first == _FRAME_MARK:
        head = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(head[1:]))
        return None
    if first in b"\r\n":
        return None
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise ValueError("request too long") from error
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    method, url, version = lines[0].split(" ", 2)
    if not version.startswith("RTSP/1."):
        raise ValueError(f"no RTSP: {version}")
    headers: dict[str, str] = {}
    for line in filter(None, lines[1:]):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method=method, url=url, headers=headers)


def answer(
    request: Request, status: int, headers: Mapping[str, str | Sequence[str]], body: str = ""
) -> bytes:
    """Return an answer to a request; a header with several values stands there several times."""
    lines = [f"RTSP/1.0 {status} {_reason(status)}"]
    if "cseq" in request.headers:
        lines.append(f"CSeq: {request.headers['cseq']}")
    lines.append("Server: RTSP Server")
    for name, values in headers.items():
        lines.extend(f"{name}: {one}" for one in ([values] if isinstance(values, str) else values))
    payload = body.encode()
    if payload:
        lines.append(f"Content-Length: {len(payload)}")
    return "\r\n".join([*lines, "", ""]).encode() + payload


def interleaved_channels(transport: str) -> tuple[int, int] | None:
    """Return the RTP and RTCP channels that a Transport header requests; None if not TCP."""
    for offer in transport.split(","):
        parts = [part.strip() for part in offer.split(";")]
        if parts[0].upper() != "RTP/AVP/TCP":
            continue
        for part in parts:
            name, _, value = part.partition("=")
            if name.lower() == "interleaved":
                low, _, high = value.partition("-")
                return int(low), int(high or int(low) + 1)
        return 0, 1
    return None


def client_ports(transport: str) -> tuple[int, int] | None:
    """Return the ports for RTP and RTCP over UDP a Transport header asks for; None without."""
    for offer in transport.split(","):
        parts = [part.strip() for part in offer.split(";")]
        ports = [
            part.partition("=")[2] for part in parts if part.lower().startswith("client_port=")
        ]
        if parts[0].upper() in {"RTP/AVP", "RTP/AVP/UDP"} and ports:
            low, _, high = ports[0].partition("-")
            return int(low), int(high or int(low) + 1)
    return None


def _reason(status: int) -> str:
    if status in _REASONS:
        return _REASONS[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
