"""Turns the addresses that a camera reports into ones that work from here; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Self
from urllib.parse import quote

from .values import WEB_PORTS, bracketed

_SPLIT = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL
)
# Some firmware writes the port twice; the last one counts.
_HOST_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<ports>[\d:]*))?")
_STREAM_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https"})
_WEB_SCHEMES = frozenset({"http", "https"})
_LOGIN_IN_QUERY = re.compile(
    r"(?<=[?&])(?:user|username|usr|login|pass|passwd|password|pwd)=[^&#]*&?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The parts of a URL: the host without brackets, the port None if not given."""

    scheme: str
    host: str
    port: int | None
    rest: str

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """The parts of a camera's URL without its userinfo; None if it isn't one."""
        match = _SPLIT.fullmatch((text or "").strip())
        if not match:
            return None
        authority = match["authority"].rpartition("@")[2]
        host, port = _split_authority(authority)
        if not host or (port is not None and not 0 < port < 2**16):
            return None
        return cls(scheme=match["scheme"].lower(), host=host, port=port, rest=match["rest"])

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{bracketed(self.host)}{port}{self.rest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Where the camera was reached; its announced addresses are redirected there.

    `aliases` are the reached host's own addresses. `ports_kept`: nothing on the way translates
    ports, so a port announced with a wrong host is still right.
    """

    host: str
    port: int
    secure: bool = False
    aliases: frozenset[str] = frozenset()
    ports_kept: bool = True

    def device(self, path: str) -> str:
        """The URL of the device service."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{bracketed(self.host)}:{self.port}/{path.lstrip('/')}"

    def translates_ports(self, device_xaddr: str | None) -> bool:
        """Whether the camera announces its device service at another port."""
        address = Address.parse(device_xaddr)
        return (
            address is not None
            and not self._is_here(address.host)
            and (address.port or WEB_PORTS.get(address.scheme)) != self.port
        )

    def service(self, xaddr: str | None) -> str | None:
        """A service's address as it can be called from here; None if it isn't one."""
        address = Address.parse(xaddr)
        if address is None or address.scheme not in _WEB_SCHEMES:
            return None
        if self.secure and address.scheme != "https":
            # Nothing is signed in the clear where there is TLS.
            address = replace(address, scheme="https", port=self.port)
        return str(self._led_here(address))

    def snapshot(self, uri: str | None, login: tuple[str, str]) -> str | None:
        """A still picture's address without credentials; None if it isn't one."""
        address = Address.parse(_without_login(uri, login))
        if address is None or address.scheme not in _WEB_SCHEMES:
            return None
        return _LOGIN_IN_QUERY.sub("", str(self._led_here(address))).rstrip("?&")

    def stream(self, uri: str | None, login: tuple[str, str]) -> str:
        """A stream's address without userinfo and with its own port; empty if it isn't one."""
        address = Address.parse(_without_login(uri, login))
        if address is None or address.scheme not in _STREAM_SCHEMES:
            return ""
        if address.scheme in _WEB_SCHEMES:
            return str(self._led_here(address))
        return str(
            Address(scheme=address.scheme, host=self.host, port=address.port, rest=address.rest)
        )

    def _is_here(self, host: str) -> bool:
        known = {self.host.lower(), *self.aliases}
        return host.lower() in known

    def _led_here(self, address: Address) -> Address:
        keeps_port = self.ports_kept or self._is_here(address.host)
        return Address(
            scheme=address.scheme if keeps_port else "https" if self.secure else "http",
            host=self.host,
            port=address.port if keeps_port else self.port,
            rest=address.rest,
        )


def unbracketed(host: str) -> str:
    """The host without brackets and spaces around it."""
    return host.strip().removeprefix("[").removesuffix("]")


def _split_authority(authority: str) -> tuple[str, int | None]:
    if _is_ipv6(authority):
        return authority, None
    match = _HOST_PORT.fullmatch(authority)
    if not match:
        return "", None
    ports = [port for port in (match["ports"] or "").split(":") if port]
    return unbracketed(match["host"]), int(ports[-1]) if ports else None


def _is_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6  # noqa: PLR2004 - the protocol's name
    except ValueError:
        return False


def _without_login(uri: str | None, login: tuple[str, str]) -> str:
    """The URI without the given login, which may hold characters that break URLs."""
    text = uri or ""
    username, password = login
    for user, secret in ((username, password), (quote(username, ""), quote(password, ""))):
        text = text.replace(f"://{user}:{secret}@", "://", 1)
    return text
