"""Digest access authentication (RFC 2617, RFC 7616 with MD5) for RTSP and HTTP."""

import enum
import hashlib
import hmac
import re
import secrets

from simulator.clock import Clock

# An older nonce is answered with a new one; the client repeats the request without its user.
_LIFETIME = 300.0
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class Verdict(enum.Enum):
    """The result of checking an Authorization header."""

    RIGHT = "right"
    WRONG = "wrong"
    STALE = "stale"


class DigestGuard:
    """Issues challenges and checks the responses; never accepts Basic.

    With `qop`, the challenge requires a nonce count, and a repeated count is refused.
    """

    def __init__(self, realm: str, clock: Clock, *, qop: bool) -> None:
        self._realm = realm
        self._clock = clock
        self._qop = qop
        self._nonces: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def challenge(self, *, stale: bool = False) -> str:
        """Return a WWW-Authenticate value with a new nonce."""
        now = self._clock.monotonic()
        for old in [n for n, born in self._nonces.items() if now - born > _LIFETIME]:
            del self._nonces[old]
            self._counts.pop(old, None)
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = now
        parts = [f'Digest realm="{self._realm}"', f'nonce="{nonce}"']
        if self._qop:
            parts.append('qop="auth"')
        parts.append('algorithm="MD5"' if self._qop else "algorithm=MD5")
        if stale:
            parts.append("stale=TRUE")
        return ", ".join(parts)

    def check(self, header: str | None, *, method: str, username: str, password: str) -> Verdict:
        """Check an Authorization value for a request."""
        scheme, _, rest = (header or "").partition(" ")
        if scheme.lower() != "digest":
            return Verdict.WRONG
        given = {
            name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
            for name, quoted, plain in _PARAMETER.findall(rest)
        }
        nonce = given.get("nonce", "")
        expected = _response(given, self._realm, method, username, password)
        matches = hmac.compare_digest(expected.encode(), given.get("response", "").lower().encode())
        if not matches or given.get("username") != username:
            return Verdict.WRONG
        born = self._nonces.get(nonce)
        if born is None or self._clock.monotonic() - born > _LIFETIME:
            return Verdict.STALE
        if self._qop and not self._counted(nonce, given.get("nc", "")):
            return Verdict.STALE
        return Verdict.RIGHT

    def _counted(self, nonce: str, count: str) -> bool:
        try:
            number = int(count, 16)
        except ValueError:
            return False
        if number <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = number
        return True


def _response(given: dict[str, str], realm: str, method: str, username: str, password: str) -> str:
    who = _md5(f"{username}:{realm}:{password}")
    what = _md5(f"{method}:{given.get('uri', '')}")
    nonce = given.get("nonce", "")
    if qop := given.get("qop"):
        nonce = f"{nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:{qop}"
    return _md5(f"{who}:{nonce}:{what}")


def _md5(text: str) -> str:
    # Both sides hash the password's UTF-8 bytes, the only encoding for every password.
    digest = hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False)
    return digest.hexdigest()
