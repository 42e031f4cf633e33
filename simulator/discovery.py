"""WS-Discovery on loopback: answers probes, sends Hello and Bye."""

import asyncio
import functools
import itertools
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from simulator import soap
from simulator.addresses import Addresses
from simulator.device import scopes_of
from simulator.soap import SoapFault, SoapRequest, escape
from simulator.spec import CameraSpec

GROUP = "239.255.255.250"
PORT = 3702

_LOOPBACK = "127.0.0.1"
_NAMESPACE = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_ANYONE = f"{_ADDRESSING}/role/anonymous"
_ALL = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
_EXACT_MATCH = f"{_NAMESPACE}/strcmp0"
_TYPES = {
    ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"),
    ("http://www.onvif.org/ver10/device/wsdl", "Device"),
}
_TYPES_TEXT = "dn:NetworkVideoTransmitter tds:Device"
# By default, Linux gives a socket every group that any process has joined.
_IP_MULTICAST_ALL = 49

type _Address = tuple[str, int]


class Discovery:
    """Answers for all cameras of this process; other processes may share the port."""

    def __init__(self) -> None:
        self._cameras: dict[str, tuple[CameraSpec, Addresses]] = {}
        self._transports: list[asyncio.DatagramTransport] = []
        self._senders: dict[str, asyncio.DatagramTransport] = {}
        self._instance = int(time.time())
        self._numbers = itertools.count(1)

    async def start(self, hosts: Iterable[str]) -> None:
        """Listen for probes to the group, and to each host; raises OSError."""
        for host in hosts:
            heard = functools.partial(self._heard, host)
            self._senders[host] = await self._listen(_unicast_socket(host), heard)
        await self._listen(_group_socket(), functools.partial(self._heard, None))

    async def stop(self) -> None:
        """Stop listening."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()
        self._senders.clear()
        # A datagram transport closes its socket in the event loop's next iteration.
        await asyncio.sleep(0)

    def hello(self, spec: CameraSpec, addresses: Addresses) -> None:
        """Announce a camera and answer for it from now on."""
        self._cameras[spec.uuid] = (spec, addresses)
        body = f"<d:Hello>{_endpoint(spec, addresses)}</d:Hello>"
        self._send(spec, body, action="Hello")

    def bye(self, spec: CameraSpec) -> None:
        """Send a camera's Bye, and no longer answer for it."""
        if self._cameras.pop(spec.uuid, None) is None:
            return
        body = f"<d:Bye>{_reference(spec)}</d:Bye>"
        self._send(spec, body, action="Bye")

    async def _listen(
        self, sock: socket.socket, heard: Callable[[bytes, _Address], None]
    ) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Listener(heard), sock=sock)
        self._transports.append(transport)
        return transport

    def _heard(self, host: str | None, data: bytes, peer: _Address) -> None:
        if not peer[0].startswith("127."):
            return
        try:
            request = soap.parse(data, "")
        except SoapFault:
            return
        if request.namespace != _NAMESPACE or request.operation not in (
            "Probe",
            "Resolve",
        ):
            return
        for spec, addresses in self._cameras.values():
            if host in (None, spec.host) and _is_asked(request, spec):
                self._answer(request, spec, addresses, peer)

    def _answer(
        self,
        request: SoapRequest,
        spec: CameraSpec,
        addresses: Addresses,
        peer: _Address,
    ) -> None:
        kind = request.operation
        match = f"<d:{kind}Match>{_endpoint(spec, addresses)}</d:{kind}Match>"
        body = f"<d:{kind}Matches>{match}</d:{kind}Matches>"
        asked = request.header
        related = "" if asked is None else asked.findtext(f"{{{_ADDRESSING}}}MessageID")
        action = f"{kind}Matches"
        self._send(spec, body, action=action, peer=peer, related=related or "")

    def _send(
        self,
        spec: CameraSpec,
        body: str,
        *,
        action: str,
        peer: _Address | None = None,
        related: str = "",
    ) -> None:
        header = f"<wsad:MessageID>urn:uuid:{uuid.uuid4()}</wsad:MessageID>"
        if related:
            header += f"<wsad:RelatesTo>{escape(related.strip())}</wsad:RelatesTo>"
        header += (
            f"<wsad:To>{_ANYONE if peer else _ALL}</wsad:To>"
            f"<wsad:Action>{_NAMESPACE}/{action}</wsad:Action>"
            f'<d:AppSequence InstanceId="{self._instance}"'
            f' MessageNumber="{next(self._numbers)}"/>'
        )
        sender = self._senders.get(spec.host)
        if sender is not None:
            sender.sendto(soap.envelope(body, header), peer or (GROUP, PORT))


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[bytes, _Address], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        self._heard(data, addr)


def _unicast_socket(host: str) -> socket.socket:
    sock = _socket()
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(_LOOPBACK))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    sock.bind((host, PORT))
    return sock


def _group_socket() -> socket.socket:
    sock = _socket()
    sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    membership = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(_LOOPBACK))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    sock.bind((GROUP, PORT))
    return sock


def _socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _is_asked(request: SoapRequest, spec: CameraSpec) -> bool:
    if request.operation == "Resolve":
        return request.text("Address") == f"urn:uuid:{spec.uuid}"
    return _types_match(request.body.find("{*}Types")) and _scopes_match(
        request.body.find("{*}Scopes"), spec
    )


def _types_match(element: Any) -> bool:
    if element is None:
        return True
    wanted = set()
    for name in (element.text or "").split():
        prefix, _, local = name.rpartition(":")
        wanted.add((element.nsmap.get(prefix or None), local))
    return wanted <= _TYPES


def _scopes_match(element: Any, spec: CameraSpec) -> bool:
    if element is None:
        return True
    offered = scopes_of(spec)
    exact = element.get("MatchBy") == _EXACT_MATCH
    return all(
        any(wanted == scope if exact else _contains(wanted, scope) for scope in offered)
        for wanted in (element.text or "").split()
    )


def _contains(wanted: str, scope: str) -> bool:
    """Match as RFC 2396 scopes do: same authority, and a path of whole leading segments."""
    ours, theirs = urlsplit(scope), urlsplit(wanted)
    if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
        return False
    ahead = [part for part in theirs.path.split("/") if part]
    return [part for part in ours.path.split("/") if part][: len(ahead)] == ahead


def _endpoint(spec: CameraSpec, addresses: Addresses) -> str:
    scopes = escape(" ".join(scopes_of(spec)))
    return (
        f"{_reference(spec)}<d:Types>{_TYPES_TEXT}</d:Types><d:Scopes>{scopes}</d:Scopes>"
        f"<d:XAddrs>{addresses.service('device')}</d:XAddrs>"
        "<d:MetadataVersion>1</d:MetadataVersion>"
    )


def _reference(spec: CameraSpec) -> str:
    return (
        "<wsad:EndpointReference>"
        f"<wsad:Address>urn:uuid:{escape(spec.uuid)}</wsad:Address>"
        "</wsad:EndpointReference>"
    )
