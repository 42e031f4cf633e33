"""WS-Discovery's envelopes: writes probes, reads answers without trusting them; pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Never
from urllib.parse import unquote
from uuid import uuid4
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from .addresses import Address
from .identity import mac_from_endpoint, mac_from_scopes, normalise_endpoint
from .values import DEVICE_PATH, WEB_PORTS, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

# One UDP datagram can't carry more.
LARGEST_ANSWER = 65_507
# Without types, cameras that do not announce theirs answer, too; so do printers and PCs, which are
# left out.
PROBED_TYPES = ("dn:NetworkVideoTransmitter", "tds:Device", "")

_PROBE = """<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl"
 xmlns:tds="http://www.onvif.org/ver10/device/wsdl">
<s:Header>
<a:MessageID>urn:uuid:{message_id}</a:MessageID>
<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>
<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>
</s:Header>
<s:Body><d:Probe>{types}</d:Probe></s:Body>
</s:Envelope>"""
_VIDEO_TYPE = "NetworkVideoTransmitter"
_SCOPE_ROOT = "onvif://www.onvif.org/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One camera in one datagram; a lower `rank` means a better address."""

    found: Found
    rank: tuple[int, int]


def probe(types: str) -> bytes:
    """A probe for the given types, with a new id so that no camera ignores it as a repeat."""
    wanted = f"<d:Types>{types}</d:Types>" if types else ""
    return _PROBE.format(message_id=uuid4(), types=wanted).encode()


def read_answers(data: bytes, *, sender: str, source: str) -> list[Answer]:
    """The cameras in a datagram that `sender` sent to `source`; none if it isn't an answer."""
    start = data.find(b"<")
    if start < 0 or len(data) > LARGEST_ANSWER:
        return []
    # A doctype is refused before its entities are read, so none is ever expanded.
    parser = XMLParser(target=_NoDoctype())  # noqa: S314 - safe by the line above
    try:
        parser.feed(data[start:].rstrip(b"\0 \r\n\t"))
        root = parser.close()
    except (ParseError, ValueError, LookupError):
        return []
    answers = (_answer(match, sender, source) for match in _all(root, "ProbeMatch"))
    return [answer for answer in answers if answer is not None]


class _NoDoctype(TreeBuilder):
    """A tree builder that refuses document types, which can hold entity bombs."""

    def doctype(self, *_declaration: object) -> Never:
        """Raise ValueError, which the parser passes on."""
        raise ValueError("A document type isn't accepted")


def _answer(match: Element, sender: str, source: str) -> Answer | None:
    scopes = tuple(_words(match, "Scopes"))
    xaddrs = list(_words(match, "XAddrs"))
    types = {word.rpartition(":")[2] for word in _words(match, "Types")}
    if not (
        _VIDEO_TYPE in types
        or any(scope.lower().startswith(_SCOPE_ROOT) for scope in scopes)
        or any("/onvif/" in xaddr.lower() for xaddr in xaddrs)
    ):
        return None
    rank, address = _best_address(xaddrs, sender, source)
    references = _all(match, "EndpointReference")
    reference = next((next(_words(each, "Address"), None) for each in references), None)
    return Answer(
        rank=rank,
        found=Found(
            host=address.host,
            port=address.port or WEB_PORTS[address.scheme],
            path=address.rest or DEVICE_PATH,
            secure=address.scheme == "https",
            endpoint=normalise_endpoint(reference),
            name=_scope(scopes, "name"),
            model=_scope(scopes, "hardware"),
            mac=mac_from_scopes(scopes) or mac_from_endpoint(reference),
            scopes=scopes,
        ),
    )


def _best_address(xaddrs: list[str], sender: str, source: str) -> tuple[tuple[int, int], Address]:
    """The announced address most likely to be reachable from `source`, and its rank."""
    parsed = (Address.parse(xaddr) for xaddr in xaddrs)
    addresses = [each for each in parsed if each and each.scheme in WEB_PORTS]
    if not addresses:
        addresses = [Address(scheme="http", host=sender, port=None, rest=DEVICE_PATH)]
    ranked = [(_rank(address.host, sender, source), address) for address in addresses]
    rank, best = min(ranked, key=lambda pair: pair[0])
    if rank[0] == _Reach.NOWHERE:
        # Placeholders such as 0.0.0.0: the datagram's source is the camera's address.
        best = Address(scheme=best.scheme, host=sender, port=best.port, rest=best.rest)
    return rank, best


class _Reach:
    """How likely a host is the right one, best first."""

    SENDER = 0
    IPV4 = 1
    LINK_LOCAL = 2
    IPV6 = 3
    NOWHERE = 4


def _rank(host: str, sender: str, source: str) -> tuple[int, int]:
    """The kind of host, then the number of bits after the prefix shared with the source."""
    if host == sender:
        return _Reach.SENDER, 0
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        # Whoever answers could name any host on the internet.
        return _Reach.NOWHERE, 0
    if address.is_unspecified or address.is_loopback or address.is_global:
        return _Reach.NOWHERE, 0
    if not isinstance(address, IPv4Address):
        return _Reach.IPV6, int(address.is_link_local)
    if address.is_link_local:
        return _Reach.LINK_LOCAL, 0
    return _Reach.IPV4, (int(address) ^ int(IPv4Address(source))).bit_length()


def _all(element: Element, name: str) -> Iterator[Element]:
    return (each for each in element.iter() if str(each.tag).rpartition("}")[2] == name)


def _words(element: Element, name: str) -> Iterator[str]:
    for each in _all(element, name):
        yield from (each.text or "").split()


def _scope(scopes: tuple[str, ...], kind: str) -> str:
    prefix = f"{_SCOPE_ROOT}{kind}/"
    for scope in scopes:
        if scope.lower().startswith(prefix) and len(scope) > len(prefix):
            return unquote(scope[len(prefix) :]).replace("_", " ").strip()
    return ""
