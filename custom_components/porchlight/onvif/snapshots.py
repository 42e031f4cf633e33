"""Fetches a camera's still picture, from the camera only and protected as its ONVIF service."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp

from .addresses import Address
from .errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    CertificateError,
    NotOnvifError,
)
from .pin import Pin
from .web import REFUSED_STATUS, get

if TYPE_CHECKING:
    from .values import Access

# Bytes of a picture.
MOST = 8 * 1024 * 1024
_FOUND = 200


def address_of(uri: str, access: Access) -> str:
    """Where the picture is now: always at the camera's host, and with TLS if its service has it.

    Raises NotOnvifError.
    """
    address = Address.parse(uri)
    if address is None or address.scheme not in {"http", "https"}:
        raise NotOnvifError("This is no address of a picture")
    if access.secure and address.scheme != "https":
        address = replace(address, scheme="https", port=access.port)
    return str(replace(address, host=access.host))


async def fetch(access: Access, uri: str, *, seconds: float) -> bytes:
    """What the camera sends, of at most MOST bytes. Raises OnvifError.

    The login is proven by digest, once, and never sent in clear text.
    """
    address = address_of(uri, access)
    if access.certificate and not address.startswith("https:"):
        raise CertificateError("The camera had TLS before")
    login = access.credentials
    digest = (aiohttp.DigestAuthMiddleware(login.username, login.password),)
    try:
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(
                auto_decompress=False,
                headers={"Accept": "image/jpeg", "Accept-Encoding": "identity"},
                connector=aiohttp.TCPConnector(ssl=Pin(access.certificate)),
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=digest if login.username else (),
            ) as session,
        ):
            response, content = await get(session, address, most=MOST)
    # Neither text nor cause is kept: both may hold addresses with credentials.
    except TimeoutError:
        raise CannotConnectError("No picture in time") from None
    except aiohttp.ServerFingerprintMismatch:
        raise CertificateError("The camera has another certificate than before") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CannotConnectError(f"No picture: {type(error).__name__}") from None
    if response.status in REFUSED_STATUS:
        raise AuthenticationError(f"The picture was refused with HTTP {response.status}")
    if response.status != _FOUND:
        raise CameraFaultError(f"The camera answered HTTP {response.status}")
    return content
