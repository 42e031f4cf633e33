"""A bare ONVIF client that shows each answer as it is."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from lxml import etree

_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_DIGEST = f"{_WSSE}-username-token-profile-1.0#PasswordDigest"
NAMESPACES = {
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer and the XML in it."""

    status: int
    headers: Any
    root: Any

    def text(self, name: str) -> str | None:
        """Return the first element's text."""
        return self.root.findtext(f".//{{*}}{name}")

    def texts(self, name: str) -> list[str]:
        """Return the texts of all elements with this name."""
        return [one.text for one in self.root.iterfind(f".//{{*}}{name}")]

    def all(self, name: str) -> list[Any]:
        """Return all elements with this name."""
        return self.root.findall(f".//{{*}}{name}")


def token(
    username: str,
    password: str,
    *,
    ahead: float = 0,
    nonce: bytes | None = None,
    plain: bool = False,
) -> str:
    """Return a WS-Security header as a client with a clock `ahead` seconds writes it."""
    moment = datetime.now(UTC) + timedelta(seconds=ahead)
    created = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    nonce = nonce or os.urandom(16)
    digest = hashlib.sha1(
        nonce + created.encode() + password.encode(), usedforsecurity=False
    ).digest()
    secret = password if plain else base64.b64encode(digest).decode()
    kind = _DIGEST.replace("Digest", "Text") if plain else _DIGEST
    return (
        f'<s:Security xmlns:s="{_WSSE}-wssecurity-secext-1.0.xsd"'
        f' xmlns:u="{_WSSE}-wssecurity-utility-1.0.xsd"><s:UsernameToken>'
        f'<s:Username>{username}</s:Username><s:Password Type="{kind}">{secret}'
        f"</s:Password><s:Nonce>{base64.b64encode(nonce).decode()}</s:Nonce>"
        f"<u:Created>{created}</u:Created></s:UsernameToken></s:Security>"
    )


async def ask(
    url: str, operation: str, inside: str = "", *, header: str = "", **session: Any
) -> Reply:
    """Post one operation, written `tds:GetScopes`, and return the answer."""
    prefix, _, name = operation.partition(":")
    document = (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope">'
        f"<e:Header>{header}</e:Header><e:Body>"
        f'<{name} xmlns="{NAMESPACES[prefix]}">{inside}</{name}></e:Body></e:Envelope>'
    )
    async with (
        aiohttp.ClientSession(**session) as client,
        client.post(url, data=document.encode()) as response,
    ):
        data = await response.read()
        return Reply(
            status=response.status,
            headers=response.headers,
            root=etree.fromstring(data) if data else None,
        )
