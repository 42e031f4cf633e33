"""Which certificate a camera must have."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, override

import aiohttp

if TYPE_CHECKING:
    import asyncio


class Pin(aiohttp.Fingerprint):
    """Accepts one certificate: the known one, else the first that comes.

    Cameras sign their own, so no authority could vouch for them.
    """

    def __init__(self, certificate: str | None) -> None:
        # The base class compares with a fingerprint that it is given; this one may come later.
        super().__init__(bytes(hashlib.sha256().digest_size))
        self.certificate = certificate

    @override
    def check(self, transport: asyncio.Transport) -> None:
        """Raise ServerFingerprintMismatch if a connection has another certificate."""
        tls = transport.get_extra_info("ssl_object")
        if tls is None:
            return
        shown = hashlib.sha256(tls.getpeercert(binary_form=True)).hexdigest()
        if shown != (self.certificate or shown):
            host, port, *_ = transport.get_extra_info("peername")
            known = bytes.fromhex(self.certificate or "")
            raise aiohttp.ServerFingerprintMismatch(known, bytes.fromhex(shown), host, port)
        self.certificate = shown
