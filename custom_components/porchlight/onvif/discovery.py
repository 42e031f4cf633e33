"""WS-Discovery: finds the cameras that answer a probe from given local addresses."""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import NoInterfaceError
from .probes import PROBED_TYPES, Answer, probe, read_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .values import Found

_LOGGER = logging.getLogger(__name__)

_GROUP = "239.255.255.250"
_PORT = 3702
# SOAP over UDP asks for repeats with growing gaps: datagrams get lost, cameras sleep.
_GAPS = (0.0, 0.25, 0.5, 1.0, 1.0)
_BETWEEN_PROBES = 0.02
# Anything on the network can answer: bounds for one search, far above what cameras send.
MAX_CAMERAS = 128
MAX_DATAGRAMS = 4096
MAX_DATAGRAM = 16_384


async def scan(
    sources: Sequence[str],
    *,
    seconds: float = 4.0,
    on_found: Callable[[Found], None] | None = None,
    unicast: Sequence[str] = (),
    ttl: int = 1,
) -> list[Found]:
    """The cameras that answer within `seconds`, probed from the IPv4 `sources` only.

    `unicast` lists hosts ("192.0.2.7" or "192.0.2.7:3702") to probe directly as well.
    Raises NoInterfaceError if none of the sources can be used.
    """
    harvest = _Harvest(on_found)
    searchers = await _open(sources, harvest, ttl)
    if not searchers:
        raise NoInterfaceError("None of the given addresses can be searched from")
    try:
        targets = [(_GROUP, _PORT)]
        for host in unicast:
            targets += await _resolved(host)
        await _probe_until(asyncio.get_running_loop().time() + seconds, searchers, targets)
    finally:
        for transport in searchers:
            transport.close()
    return harvest.cameras()


class _Harvest:
    """Merges answers: one camera may answer many probes, from many addresses."""

    def __init__(self, on_found: Callable[[Found], None] | None) -> None:
        self._on_found = on_found
        self._best: dict[str, Answer] = {}

    def add(self, answer: Answer) -> None:
        """Add one answer; `on_found` gets the first of each camera."""
        key = self._key(answer.found)
        known = self._best.get(key)
        if known is None and len(self._best) >= MAX_CAMERAS:
            return
        if known is None:
            self._best[key] = answer
            if self._on_found:
                self._on_found(answer.found)
            return
        better, other = sorted((known, answer), key=lambda each: each.rank)
        self._best[key] = replace(better, found=_completed(better.found, other.found))

    def cameras(self) -> list[Found]:
        """Every camera once, in the order they answered."""
        return [answer.found for answer in self._best.values()]

    def _key(self, found: Found) -> str:
        matching = (key for key, each in self._best.items() if _is_same(each.found, found))
        return next(matching, f"{found.xaddr} {found.mac}")


def _is_same(one: Found, other: Found) -> bool:
    """Whether two answers are from the same camera; clones may share an endpoint, never a MAC."""
    if one.mac and other.mac and one.mac != other.mac:
        return False
    if one.endpoint and one.endpoint == other.endpoint:
        return True
    return one.xaddr == other.xaddr


def _completed(better: Found, other: Found) -> Found:
    """The better answer, completed by the other one."""
    return replace(
        better,
        endpoint=better.endpoint or other.endpoint,
        name=better.name or other.name,
        model=better.model or other.model,
        mac=better.mac or other.mac,
        scopes=better.scopes or other.scopes,
    )


class _Listener(asyncio.DatagramProtocol):
    """Reads the datagrams that arrive at a local address."""

    def __init__(self, source: str, harvest: _Harvest) -> None:
        self._source = source
        self._harvest = harvest
        self._left = MAX_DATAGRAMS

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Add the cameras in one datagram."""
        self._left -= 1
        if self._left < 0 or len(data) > MAX_DATAGRAM:
            return
        for answer in read_answers(data, sender=addr[0], source=self._source):
            self._harvest.add(answer)

    def error_received(self, exc: Exception) -> None:
        """Log that a host probed directly is not there; others may answer."""
        _LOGGER.debug("A probe from %s was refused: %s", self._source, type(exc).__name__)


async def _open(
    sources: Sequence[str], harvest: _Harvest, ttl: int
) -> list[asyncio.DatagramTransport]:
    loop = asyncio.get_running_loop()
    opened = []
    for source in dict.fromkeys(sources):
        try:
            sock = _socket(source, ttl)
        except OSError as error:
            _LOGGER.debug("Can't search from %s: %s", source, error)
            continue
        transport, _protocol = await loop.create_datagram_endpoint(
            lambda source=source: _Listener(source, harvest),  # type: ignore[misc] # bound now
            sock=sock,
        )
        opened.append(transport)
    return opened


def _socket(source: str, ttl: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
        sock.bind((source, 0))
    except BaseException:
        sock.close()
        raise
    return sock


async def _resolved(host: str) -> list[tuple[str, int]]:
    """The address of a host to probe directly; empty if its name is unknown."""
    name, _, port = host.partition(":")
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(
            name, int(port or _PORT), family=socket.AF_INET, type=socket.SOCK_DGRAM
        )
    except (OSError, ValueError) as error:
        _LOGGER.debug("Can't ask %s directly: %s", host, error)
        return []
    return [(str(info[4][0]), int(info[4][1])) for info in infos[:1]]


async def _probe_until(
    deadline: float,
    searchers: Sequence[asyncio.DatagramTransport],
    targets: Sequence[tuple[str, int]],
) -> None:
    """Send the rounds of probes and listen until the loop's clock reaches `deadline`."""
    loop = asyncio.get_running_loop()
    for gap in _GAPS:
        if loop.time() + gap >= deadline:
            break
        await asyncio.sleep(gap)
        for types in PROBED_TYPES:
            for searcher in searchers:
                for target in targets:
                    searcher.sendto(probe(types), target)
            await asyncio.sleep(_BETWEEN_PROBES)
    await asyncio.sleep(max(0.0, deadline - loop.time()))
