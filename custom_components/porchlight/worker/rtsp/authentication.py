"""Logins: Digest (RFC 7616, RFC 2617) and Basic, each sent only after a challenge."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING

from ..errors import StreamError, StreamProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ...onvif.values import Credentials
    from .messages import Message

# The strongest first.
_ALGORITHMS = ("SHA-256-SESS", "SHA-256", "MD5-SESS", "MD5")
_SESSION = "-SESS"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# A scheme's name, or one of its parameters.
_ITEM = re.compile(
    r'(?P<name>[^\s=,"]{1,64})\s{0,8}=\s{0,8}(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]*))'
    r"|(?P<scheme>[A-Za-z][\w-]{0,63})(?=\s|,|$)"
)
# What is looked at of an answer: so many challenges, and characters of each header.
_MOST = 16
_MAX_VALUE = 8192


class Login:
    """Answers a camera's challenges; a password that was refused is not sent again."""

    def __init__(self, credentials: Credentials, *, basic: bool) -> None:
        """`basic`: whether the password may be sent as it is, to a camera that asks for that."""
        self._credentials = credentials
        self._basic = basic
        self._method: _Digest | _Basic | None = None
        self._accepted = False
        self._over = False

    @property
    def basic(self) -> bool:
        """Whether the password is sent in clear text."""
        return isinstance(self._method, _Basic)

    def header(self, method: str, uri: str) -> str | None:
        """What a request's Authorization is; None before a challenge and after a refusal."""
        if self._method is None or self._over:
            return None
        return self._method.header(method, uri)

    def accepted(self, response: Message) -> None:
        """Note that a request with a login was not refused."""
        self._accepted = True
        if isinstance(self._method, _Digest):
            for value in response.all("authentication-info"):
                self._method.go_on(_parameters(value))

    def challenged(self, response: Message, *, answered: bool, again: bool) -> None:
        """Get ready to repeat a request that was refused.

        `answered`: it had a login; `again`: for the second time. Raises StreamError when the
        login is wrong, or of a kind that is not sent.
        """
        offers = [*challenges(response.all("www-authenticate"))]
        if not answered and not self._over and self._credentials.username:
            self._method = self._choose(offers)
            return
        if not again and isinstance(self._method, _Digest) and not self._over:
            renewed = self._method.renewed(offers, accepted=self._accepted)
            if renewed:
                self._method = renewed
                return
        self._over = True
        raise StreamError(StreamProblem.UNAUTHORIZED)

    def _choose(self, offers: list[tuple[str, Mapping[str, str]]]) -> _Digest | _Basic:
        if not offers:
            raise StreamError(StreamProblem.UNAUTHORIZED)
        digests = [one for scheme, one in offers if scheme == "digest"]
        for algorithm in _ALGORITHMS:
            for one in digests:
                if _algorithm(one) == algorithm and _quality(one) is not None:
                    return _Digest(self._credentials, one)
        schemes = {scheme for scheme, _ in offers}
        if schemes != {"basic"}:
            raise StreamError(StreamProblem.REFUSED, "it asks for an unknown kind of login")
        if not self._basic:
            raise StreamError(StreamProblem.CLEAR_TEXT)
        return _Basic(self._credentials)


class _Basic:
    def __init__(self, login: Credentials) -> None:
        pair = f"{login.username}:{login.password}".encode()
        self._header = f"Basic {base64.b64encode(pair).decode()}"

    def header(self, _method: str, _uri: str) -> str:
        return self._header


class _Digest:
    """The answers to one challenge."""

    def __init__(self, login: Credentials, challenge: Mapping[str, str]) -> None:
        self._login = login
        self._challenge = challenge
        self._algorithm = _algorithm(challenge)
        self._quality = _quality(challenge) or ""
        self._nonce = challenge.get("nonce", "")
        self._realm = challenge.get("realm", "")
        self._own = secrets.token_hex(8)
        self._count = 0
        self._hash = _hash_of(self._algorithm)
        # Of a session's it is made once, from the challenge's nonce.
        self._who = self._hash(f"{login.username}:{self._realm}:{login.password}")
        if self._algorithm.endswith(_SESSION):
            self._who = self._hash(f"{self._who}:{self._nonce}:{self._own}")

    def header(self, method: str, uri: str) -> str:
        what = self._hash(f"{method}:{uri}")
        self._count += 1
        count = f"{self._count:08x}"
        middle = f"{count}:{self._own}:{self._quality}:" if self._quality else ""
        values = [
            f"username={_quoted(self._login.username)}",
            f"realm={_quoted(self._realm)}",
            f"nonce={_quoted(self._nonce)}",
            f"uri={_quoted(uri)}",
            f'response="{self._hash(f"{self._who}:{self._nonce}:{middle}{what}")}"',
        ]
        if "algorithm" in self._challenge:
            values.append(f"algorithm={_CONTROL.sub('', self._challenge['algorithm'])}")
        if "opaque" in self._challenge:
            values.append(f"opaque={_quoted(self._challenge['opaque'])}")
        if self._quality:
            values += [f"qop={self._quality}", f"nc={count}"]
        if self._quality or self._algorithm.endswith(_SESSION):
            values.append(f'cnonce="{self._own}"')
        return f"Digest {', '.join(values)}"

    def go_on(self, info: Mapping[str, str]) -> None:
        """Use the nonce that the camera wants next, if it names one."""
        if following := info.get("nextnonce"):
            self._nonce = following
            self._count = 0

    def renewed(
        self, offers: list[tuple[str, Mapping[str, str]]], *, accepted: bool
    ) -> _Digest | None:
        """The answers to the same challenge with a new nonce; None if the login was refused.

        Cameras that take one answer for each nonce do not all call it stale: a login that they
        `accepted` before is not wrong.
        """
        for scheme, one in offers:
            if (
                scheme == "digest"
                and _algorithm(one) == self._algorithm
                and _quality(one) is not None
                and one.get("nonce", "") != self._nonce
                and (accepted or one.get("stale", "").lower() == "true")
            ):
                return _Digest(self._login, one)
        return None


def challenges(values: list[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The challenges in WWW-Authenticate headers: schemes in lower case, with parameters."""
    for value in values[:_MOST]:
        scheme = ""
        given: dict[str, str] = {}
        for item in _ITEM.finditer(value[:_MAX_VALUE]):
            if name := item["scheme"]:
                if scheme:
                    yield scheme, given
                scheme, given = name.lower(), {}
            else:
                given.setdefault(item["name"].lower(), _value(item))
        if scheme:
            yield scheme, given


def _parameters(value: str) -> dict[str, str]:
    return {
        item["name"].lower(): _value(item)
        for item in _ITEM.finditer(value[:_MAX_VALUE])
        if item["name"]
    }


def _value(item: re.Match[str]) -> str:
    if item["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", item["quoted"])
    return item["plain"]


def _algorithm(challenge: Mapping[str, str]) -> str:
    return challenge.get("algorithm", "MD5").upper()


def _quality(challenge: Mapping[str, str]) -> str | None:
    """The quality of protection to answer with: "auth", "" for none; None if not known."""
    offered = challenge.get("qop", "").replace(",", " ").lower().split()
    if not offered:
        return ""
    return "auth" if "auth" in offered else None


def _hash_of(algorithm: str) -> Callable[[str], str]:
    kind = hashlib.sha256 if algorithm.startswith("SHA-256") else hashlib.md5

    def hashed(text: str) -> str:
        return kind(text.encode(), usedforsecurity=False).hexdigest()

    return hashed


def _quoted(text: str) -> str:
    escaped = _CONTROL.sub("", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
