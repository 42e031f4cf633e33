"""Reads what a user typed as a camera's address."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

from ..onvif.values import Credentials, Typed

_ENCRYPTED = frozenset({"https", "rtsps"})
_STREAMS = frozenset({"rtsp", "rtsps"})
_SCHEMES = frozenset({"", "http"}) | _ENCRYPTED | _STREAMS
# Ports that are used for TLS only.
TLS_PORTS = frozenset({443, 8443})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PARTS = re.compile(r"(?P<authority>[^/?#]*)(?P<path>[^?#]*).*", re.DOTALL)
_HOST_PORT = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>\d{0,5}))?")
_NAME = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})*\.?")
_LONGEST_NAME = 253
_LAST_PORT = 65_535
_BROADCAST = IPv4Address("255.255.255.255")


class TypedProblem(StrEnum):
    """Why something can't be an address; also a translation key."""

    INVALID = "invalid_address"
    ONE_LINK = "one_link_address"
    UNCLEAR_LOGIN = "unclear_login"


class TypedError(ValueError):
    """What was typed can't be an address; the error does not hold it, for a login may be in it."""

    def __init__(self, problem: TypedProblem = TypedProblem.INVALID) -> None:
        super().__init__(problem)
        self.problem = problem


def read(text: str) -> tuple[Typed, Credentials]:
    """An address and the login in it, which may be empty. Raises TypedError."""
    scheme, rest = _split(text)
    if scheme not in _SCHEMES:
        raise TypedError
    login, authority, path = _without_userinfo(rest)
    host, port = _host_and_port(authority)
    username, _, password = login.partition(":")
    typed = Typed(
        host=host,
        port=port,
        scheme=scheme,
        path="" if path == "/" or scheme in _STREAMS else path,
        secure=scheme in _ENCRYPTED or (not scheme and port in TLS_PORTS),
    )
    return typed, Credentials(username=unquote(username), password=unquote(password))


def without_login(text: str) -> str:
    """What was typed, without anything that may be a login."""
    before, separator, after = text.strip().rpartition("@")
    scheme, slashes, _ = before.partition("://")
    return f"{scheme}{slashes}{after}" if separator and slashes else after


def _split(text: str) -> tuple[str, str]:
    """The scheme in lower case, and what follows."""
    scheme, slashes, rest = text.strip().partition("://")
    if slashes and _SCHEME.fullmatch(scheme):
        return scheme.lower(), rest
    return "", text.strip().removeprefix("//")


def _without_userinfo(rest: str) -> tuple[str, str, str]:
    """The login, the authority without it, and the path."""
    authority, path = _parts(rest)
    ends = rest.count("@")
    if authority.count("@") == ends:
        # None, or all of them before the path: a host has none, so the last one ends the login.
        login, _, authority = authority.rpartition("@")
        return login, authority, path
    if "@" not in authority and _is_place(authority):
        # In the path of an ordinary address.
        return "", authority, path
    if ends > 1:
        raise TypedError(TypedProblem.UNCLEAR_LOGIN)
    # A password with a character that ends the host in an address.
    login, _, after = rest.partition("@")
    return login, *_parts(after)


def _parts(rest: str) -> tuple[str, str]:
    match = _PARTS.fullmatch(rest)
    return (match["authority"], match["path"]) if match else (rest, "")


def _is_place(authority: str) -> bool:
    try:
        _host_and_port(authority)
    except TypedError:
        return False
    return True


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if (bare := _ip(authority)) is not None:
        return _checked(bare), None
    match = _HOST_PORT.fullmatch(authority)
    if match is None:
        raise TypedError
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port <= _LAST_PORT:
        raise TypedError
    text = match["host"] if match["ipv6"] is None else match["ipv6"]
    if (address := _ip(text)) is not None:
        return _checked(address), port
    # Resolvers take 192.168.1 for 192.168.0.1.
    is_number = not text.replace(".", "").strip("0123456789")
    if match["ipv6"] is not None or is_number or len(text) > _LONGEST_NAME:
        raise TypedError
    if not _NAME.fullmatch(text):
        raise TypedError
    return text.lower(), port


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _checked(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address) and (address.is_link_local or address.scope_id):
        # It would need the name of an interface, which changes.
        raise TypedError(TypedProblem.ONE_LINK)
    if address.is_multicast or address.is_unspecified or address == _BROADCAST:
        raise TypedError
    return str(address)
