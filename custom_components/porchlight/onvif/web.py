"""Asks for one document over HTTP: what comes back is limited, and leads to no other host."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

from yarl import URL

from .errors import NotOnvifError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

REFUSED_STATUS = frozenset({401, 403})
# Cameras send a fault with any HTTP status.
FAULT = re.compile(rb"<(?:[\w-]+:)?Fault\b")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
# Bytes of one answer, also unpacked: the largest that cameras send are a tenth of it.
MAX_ANSWER = 4 * 1024 * 1024
_CHUNK = 65536
# Of zlib or gzip.
_ANY_HEADER = zlib.MAX_WBITS + 32


async def post(
    session: aiohttp.ClientSession,
    address: str,
    data: bytes,
    headers: Mapping[str, str],
    *,
    most: int = MAX_ANSWER,
) -> tuple[aiohttp.ClientResponse, bytes]:
    """The answer and its unpacked body of at most `most` bytes; raises NotOnvifError.

    The session must not unpack answers itself.
    """
    return await _exchange(session, "POST", URL(address), most, data=data, headers=headers)


async def get(
    session: aiohttp.ClientSession, address: str, *, most: int
) -> tuple[aiohttp.ClientResponse, bytes]:
    """The same for a document: the answer and its unpacked body of at most `most` bytes."""
    try:
        url = URL(address)
    except ValueError:
        raise NotOnvifError("This is no address") from None
    return await _exchange(session, "GET", url, most)


async def _exchange(
    session: aiohttp.ClientSession, method: str, url: URL, most: int, **rest: Any
) -> tuple[aiohttp.ClientResponse, bytes]:
    for _ in range(1 + MAX_REDIRECTS):
        async with session.request(method, url, allow_redirects=False, **rest) as response:
            if response.status not in _REDIRECTS:
                return response, await _content(response, most)
            url = _redirected(url, response.headers.get("Location", ""))
    raise NotOnvifError("The camera redirects in circles")


async def _content(response: aiohttp.ClientResponse, most: int) -> bytes:
    packed = response.headers.get("Content-Encoding", "identity").lower() != "identity"
    unpacker = zlib.decompressobj(_ANY_HEADER) if packed else None
    content = bytearray()
    try:
        async for chunk in response.content.iter_chunked(_CHUNK):
            # One byte more shows that there is too much, and no more than that is unpacked.
            room = most + 1 - len(content)
            content += unpacker.decompress(chunk, room) if unpacker else chunk
            if len(content) > most:
                raise NotOnvifError("The answer is too large")
    except zlib.error:
        raise NotOnvifError("The answer can't be unpacked") from None
    return bytes(content)


def _redirected(url: URL, location: str) -> URL:
    """Where a redirect leads: a signed call never goes to another host, nor from TLS to none."""
    try:
        target = url.join(URL(location))
    except ValueError:
        raise NotOnvifError("The camera redirects to no address") from None
    if target.host != url.host or target.scheme not in {"https", url.scheme}:
        raise NotOnvifError("The camera redirects to another host")
    return target
