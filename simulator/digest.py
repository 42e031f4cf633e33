"""Digest access authentication (RFC 2617, RFC 7616) for RTSP and HTTP."""

import enum
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

from simulator.clock import Clock

# An older nonce is answered with a new one; the client repeats the request without its user.
_LIFETIME = 300.0
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
ALGORITHMS = frozenset(_HASHES)
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class Verdict(enum.Enum):
    """The result of checking an Authorization header."""

    RIGHT = "right"
    WRONG = "wrong"
    STALE = "stale"


class DigestGuard:
    """Issues challenges and checks the responses; never accepts Basic.

    With `qop`, the challenge requires a nonce count, and a repeated count is refused. There is one
    challenge for each of `algorithms`, in this order.
    """

    def __init__(
        self, realm: str, clock: Clock, *, qop: bool, algorithms: Sequence[str] = ("MD5",)
    ) -> None:
        self._realm = realm
        self._clock = clock
        self._qop = qop
        self._algorithms = tuple(algorithms)
        self._nonces: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def challenge(self, *, stale: bool = False) -> str:
        """Return the first of the challenges."""
        return self.challenges(stale=stale)[0]

    def challenges(self, *, stale: bool = False) -> list[str]:
        """Return WWW-Authenticate values with a new nonce."""
        now = self._clock.monotonic()
        for old in [n for n, born in self._nonces.items() if now - born > _LIFETIME]:
            del self._nonces[old]
            self._counts.pop(old, None)
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = now
        return [self._text(nonce, algorithm, stale=stale) for algorithm in self._algorithms]

    def _text(self, nonce: str, algorithm: str, *, stale: bool) -> str:
        parts = [f'Digest realm="{self._realm}"', f'nonce="{nonce}"']
        if self._qop:
            parts.append('qop="auth"')
        parts.append(f'algorithm="{algorithm}"' if self._qop else f"algorithm={algorithm}")
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
        if given.get("algorithm", "MD5") not in self._algorithms:
            return Verdict.WRONG
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
    kind = given.get("algorithm", "MD5")
    who = _hash(kind, f"{username}:{realm}:{password}")
    what = _hash(kind, f"{method}:{given.get('uri', '')}")
    nonce = given.get("nonce", "")
    if qop := given.get("qop"):
        nonce = f"{nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}:{qop}"
    return _hash(kind, f"{who}:{nonce}:{what}")


def _hash(algorithm: str, text: str) -> str:
    # Both sides hash the password's UTF-8 bytes, the only encoding that holds any password.
    data = text.encode("utf-8", "surrogateescape")
    return _HASHES[algorithm](data, usedforsecurity=False).hexdigest()
