"""WS-Security UsernameToken as ONVIF requires it: PasswordDigest, recent, used only once."""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.soap import SoapFault, text_of

# More than a busy machine may take between signing and checking; cameras allow a few seconds.
_FRESH = timedelta(seconds=60)
_DIGEST_TYPE = "#PasswordDigest"


class TokenGuard:
    """Checks tokens against one user and remembers their nonces."""

    def __init__(self, *, fault_status: int) -> None:
        self._fault_status = fault_status
        self._seen: dict[bytes, datetime] = {}

    def has_token(self, header: Any) -> bool:
        """Return whether a SOAP header carries a token at all."""
        return header is not None and header.find(".//{*}UsernameToken") is not None

    def refusal(self) -> SoapFault:
        """Return the fault for wrong or missing credentials."""
        return SoapFault("ter:NotAuthorized", "Sender not Authorized", status=self._fault_status)

    def check(self, header: Any, *, username: str, password: str, now: datetime) -> None:
        """Raise SoapFault unless the token is right; `now` is the device's own time."""
        token = None if header is None else header.find(".//{*}UsernameToken")
        if token is None:
            raise self.refusal()
        secret = token.find("{*}Password")
        kind = "" if secret is None else secret.get("Type", "")
        created = text_of(token, "Created")
        try:
            nonce = base64.b64decode(text_of(token, "Nonce"), validate=True)
            moment = datetime.fromisoformat(created)
        except (binascii.Error, ValueError) as error:
            raise self.refusal() from error
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        # WS-Security requires this hash.
        digest = hashlib.sha1(
            nonce + created.encode() + password.encode(), usedforsecurity=False
        ).digest()
        given = text_of(token, "Password")
        matches = hmac.compare_digest(base64.b64encode(digest), given.encode("utf-8", "replace"))
        right = (
            kind.endswith(_DIGEST_TYPE)
            and text_of(token, "Username") == username
            and matches
            and abs(now - moment) <= _FRESH
            and self._is_new(nonce, now)
        )
        if not right:
            raise self.refusal()

    def _is_new(self, nonce: bytes, now: datetime) -> bool:
        # Kept as long as a token with this nonce could still be valid.
        limit = 2 * _FRESH
        self._seen = {old: when for old, when in self._seen.items() if abs(now - when) <= limit}
        if not nonce or nonce in self._seen:
            return False
        self._seen[nonce] = now
        return True
