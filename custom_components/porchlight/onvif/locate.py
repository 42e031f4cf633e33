"""Finds a host's ONVIF service from an address that a user typed, without any login."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from .addresses import Reached
from .discovery import MAX_DATAGRAM
from .errors import Absence, NotLocatedError, OnvifError
from .probes import PROBED_TYPES, probe, read_answers
from .values import DEVICE_PATH, HTTP_PORT, HTTPS_PORT, Found, Typed
from .web import FAULT, REFUSED_STATUS, post

if TYPE_CHECKING:
    from collections.abc import Coroutine

_LOGGER = logging.getLogger(__name__)

# Bytes of an answer: a camera's time takes one or two thousand.
MAX_ANSWER = 65_536
# An answer to a probe may list many services.
MAX_HINTS = 4
MAX_DATAGRAMS = 64
_LONGEST_PATH = 256
# Connections for HTTP at a time; there is no more to ask.
_CONNECTIONS = 32
# SOAP over UDP asks for repeats: datagrams get lost.
_GAPS = (0.25, 0.5, None)
_ANY_HOST = "0.0.0.0"  # noqa: S104 - nothing is bound to it
_BROADCAST = IPv4Address("255.255.255.255")

# Needs no login: a client must know the camera's time before it can sign anything.
_QUESTION = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
    b"</s:Body></s:Envelope>"
)
_HEADERS = {
    "Accept-Encoding": "gzip",
    "Content-Type": "application/soap+xml; charset=utf-8; "
    'action="http://www.onvif.org/ver10/device/wsdl/GetSystemDateAndTime"',
}
_TIME = re.compile(rb"<(?:[\w-]+:)?GetSystemDateAndTimeResponse\b")
# ONVIF uses SOAP 1.2; routers and players that know UPnP use 1.1.
_SOAP = b"http://www.w3.org/2003/05/soap-envelope"
_OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
_RTSP = b"RTSP/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """Where to look besides what was typed, and how long for.

    `hint`: the seconds for answers to a probe. `grace`: so many seconds after a service was found,
    one at a likelier place may still answer.
    """

    # 80: most cameras. 8000: Reolink. 2020: TP-Link. 8899: Xiongmai, sold under many names.
    # 888: Foscam. The others are what cameras use when 80 is taken.
    plain: tuple[int, ...] = (HTTP_PORT, 8000, 8080, 2020, 8899, 5000, 8081, 888)
    secure: tuple[int, ...] = (HTTPS_PORT, 8443)
    streams: tuple[int, ...] = (554, 8554)
    probe: int = 3702
    hint: float = 2.0
    grace: float = 0.5


USUAL = Usual()

type _Host = IPv4Address | IPv6Address
# How likely a place is, best first: the kind of place, and its number.
type _Rank = tuple[int, int]
_TYPED, _ANNOUNCED, _USUAL, _NOWHERE = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an ONVIF service may be."""

    port: int
    path: str = DEVICE_PATH
    secure: bool = False


async def locate(typed: Typed, *, until: float, usual: Usual = USUAL) -> Found:
    """The ONVIF service of the host that was typed; raises NotLocatedError.

    Ends at `until` on the event loop's clock, whatever the host does. Where only TLS may be used,
    a service without TLS is not found.
    """
    look = _Look(typed, usual)
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await look.run()
    return look.result()


def places(typed: Typed, usual: Usual) -> tuple[list[Place], list[Place]]:
    """Where the service may be: as it was typed, and elsewhere; the likeliest places first.

    Places without TLS are there also where only TLS may be used: to say that TLS is turned off.
    """
    kinds = (True, False) if typed.secure else (False, True)
    at_port: list[Place] = []
    if not typed.is_stream:
        port = typed.port or (HTTPS_PORT if typed.secure else HTTP_PORT)
        # A port says nothing about TLS, but `http` does.
        asked = kinds if typed.port and typed.scheme != "http" else kinds[:1]
        paths = dict.fromkeys((typed.path or DEVICE_PATH, DEVICE_PATH))
        at_port = [Place(port=port, path=path, secure=kind) for kind in asked for path in paths]
    elsewhere = [
        Place(port=port, secure=kind)
        for kind in kinds
        for port in (usual.secure if kind else usual.plain)
    ]
    return at_port, [place for place in elsewhere if place not in at_port]


@dataclass(slots=True)
class _Look:
    """One look at a host, and what was seen there so far."""

    typed: Typed
    usual: Usual
    resolved: bool = False
    there: bool = False
    streams: bool = False
    # Services, and what asks for a login before it says anything.
    certain: dict[_Rank, Found] = field(default_factory=dict)
    possible: dict[_Rank, Found] = field(default_factory=dict)
    tasks: dict[asyncio.Task[list[Place]], _Rank] = field(default_factory=dict)

    async def run(self) -> None:
        """Look everywhere at once, until it is clear where the service is or that there is none."""
        hosts = await self._hosts()
        if not hosts:
            return
        self.resolved = True
        connector = aiohttp.TCPConnector(
            resolver=_Known(hosts),
            # Cameras sign their own certificates, and nothing secret is sent.
            ssl=False,
            limit=_CONNECTIONS,
            force_close=True,
        )
        async with aiohttp.ClientSession(
            connector=connector,
            # Unpacked with a limit.
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
        ) as session:
            try:
                self._begin(session, hosts)
                await self._watch(session)
            finally:
                for task in self.tasks:
                    task.cancel()
                await asyncio.gather(*self.tasks, return_exceptions=True)

    def result(self) -> Found:
        """The service; raises NotLocatedError."""
        for seen in (self.certain, self.possible):
            if (best := self._best(seen)) is not None:
                return seen[best]
        if not self.resolved:
            raise NotLocatedError(Absence.UNKNOWN_HOST)
        if self.certain:
            raise NotLocatedError(Absence.ONLY_UNENCRYPTED)
        if self.streams:
            raise NotLocatedError(Absence.ONLY_STREAM)
        raise NotLocatedError(Absence.NO_SERVICE if self.there else Absence.NOTHING_THERE)

    async def _hosts(self) -> list[_Host]:
        """The host's addresses, at most one of each kind."""
        with suppress(ValueError):
            return [ip_address(self.typed.host)]
        try:
            infos = await asyncio.get_running_loop().getaddrinfo(
                self.typed.host, None, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            _LOGGER.debug("The host name is unknown: %s", type(error).__name__)
            return []
        found: dict[int, _Host] = {}
        for info in infos:
            host = ip_address(str(info[4][0]))
            # A name must not make this a multicast. Filters answer 0.0.0.0, which is this machine.
            if not host.is_multicast and not host.is_unspecified and host != _BROADCAST:
                found.setdefault(host.version, host)
        return list(found.values())

    def _begin(self, session: aiohttp.ClientSession, hosts: list[_Host]) -> None:
        at_port, elsewhere = places(self.typed, self.usual)
        for kind, asked in ((_TYPED, at_port), (_USUAL, elsewhere)):
            for number, place in enumerate(asked):
                self._start((kind, number), self._ask(session, place, (kind, number)))
        ports = dict.fromkeys(filter(None, (self.typed.port, *self.usual.streams)))
        for host in hosts:
            self._start((_ANNOUNCED, 0), self._hints(host))
            for port in ports:
                self._start((_NOWHERE, 0), self._knock(str(host), port))

    def _start(
        self, rank: _Rank, what: Coroutine[None, None, list[Place]]
    ) -> asyncio.Task[list[Place]]:
        task = asyncio.get_running_loop().create_task(what)
        self.tasks[task] = rank
        return task

    async def _watch(self, session: aiohttp.ClientSession) -> None:
        """Wait until nothing better can come; ask at the places that the host announces."""
        clock = asyncio.get_running_loop().time
        pending = set(self.tasks)
        enough: float | None = None
        announced = 0
        while pending and not self._decided(pending, late=enough is not None and clock() >= enough):
            left = None if enough is None else max(0.0, enough - clock())
            done, pending = await asyncio.wait(
                pending, timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                for place in task.result():
                    rank = (_ANNOUNCED, announced)
                    announced += 1
                    pending.add(self._start(rank, self._ask(session, place, rank)))
            if enough is None and self._best(self.certain) is not None:
                enough = clock() + self.usual.grace

    def _decided(self, pending: set[asyncio.Task[list[Place]]], *, late: bool) -> bool:
        best = self._best(self.certain)
        if best is None:
            return False
        return late or all(self.tasks[task] >= best for task in pending)

    def _best(self, seen: dict[_Rank, Found]) -> _Rank | None:
        """The likeliest of the services that may be used."""
        usable = (rank for rank, found in seen.items() if found.secure or not self.typed.secure)
        return min(usable, default=None)

    async def _ask(self, session: aiohttp.ClientSession, place: Place, rank: _Rank) -> list[Place]:
        """Ask for the time, which every ONVIF service gives to anybody."""
        at = Reached(host=self.typed.host, port=place.port, secure=place.secure).device(place.path)
        try:
            response, content = await post(session, at, _QUESTION, _HEADERS, most=MAX_ANSWER)
        except (aiohttp.ClientError, OSError, OnvifError, ValueError) as error:
            self.there = self.there or _shows_a_device(error)
            return []
        self.there = True
        url = response.url
        found = Found(
            host=self.typed.host,
            port=url.port or place.port,
            path=url.raw_path,
            secure=url.scheme == "https",
        )
        if len(found.path) > _LONGEST_PATH:
            return []
        if _TIME.search(content) or (_SOAP in content and FAULT.search(content)):
            self.certain[rank] = found
        elif response.status in REFUSED_STATUS:
            self.possible[rank] = found
        return []

    async def _knock(self, host: str, port: int) -> list[Place]:
        """Find out whether anything accepts connections, and knows RTSP."""
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            self.there = self.there or isinstance(error, ConnectionRefusedError)
            return []
        self.there = True
        try:
            writer.write(_OPTIONS)
            self.streams = await reader.readexactly(len(_RTSP)) == _RTSP or self.streams
        except (OSError, EOFError):
            return []
        finally:
            writer.close()
        return []

    async def _hints(self, host: _Host) -> list[Place]:
        """Where the host says that its services are; only ever at that host."""
        family = socket.AF_INET if isinstance(host, IPv4Address) else socket.AF_INET6
        loop = asyncio.get_running_loop()
        try:
            transport, listener = await loop.create_datagram_endpoint(
                lambda: _Listener(str(host)), family=family
            )
        except OSError as error:
            _LOGGER.debug("The host can't be probed: %s", type(error).__name__)
            return []
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.usual.hint):
                    for gap in _GAPS:
                        for types in PROBED_TYPES:
                            transport.sendto(probe(types), (str(host), self.usual.probe))
                        with suppress(TimeoutError):
                            async with asyncio.timeout(gap):
                                await listener.heard.wait()
                                break
        finally:
            transport.close()
        self.there = self.there or listener.heard.is_set()
        return listener.places


class _Listener(asyncio.DatagramProtocol):
    """Reads the first answer of one host."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._left = MAX_DATAGRAMS
        self.heard = asyncio.Event()
        self.places: list[Place] = []

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take the places of services from the host's first answer."""
        self._left -= 1
        if self._left < 0 or self.heard.is_set() or len(data) > MAX_DATAGRAM:
            return
        if addr[0].partition("%")[0] != self._host.partition("%")[0]:
            return
        for answer in read_answers(data, sender=self._host, source=_ANY_HOST)[:MAX_HINTS]:
            found = answer.found
            if len(found.path) <= _LONGEST_PATH:
                self.places.append(Place(port=found.port, path=found.path, secure=found.secure))
            self.heard.set()

    @override
    def error_received(self, exc: Exception) -> None:
        """Log that a probe could not be sent."""
        _LOGGER.debug("A probe was refused: %s", type(exc).__name__)


class _Known(AbstractResolver):
    """Answers with addresses that are known, so that no connection waits for a name."""

    def __init__(self, hosts: list[_Host]) -> None:
        self._hosts = hosts

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of the one host that is asked."""
        return [
            ResolveResult(
                hostname=host,
                host=str(known),
                port=port,
                family=socket.AF_INET if isinstance(known, IPv4Address) else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for known in self._hosts
        ]

    @override
    async def close(self) -> None:
        """There is nothing to close."""


def _shows_a_device(error: Exception) -> bool:
    """Whether a failed request shows that something is there."""
    if isinstance(error, aiohttp.ClientSSLError):
        return True
    if isinstance(error, aiohttp.ClientConnectorError):
        return isinstance(error.os_error, ConnectionRefusedError)
    return isinstance(error, aiohttp.ClientError | OnvifError)
