"""Identifies a camera: an id that survives a new address and is never shared by two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAC_TEXT = re.compile(
    r"[0-9a-f]{12}|[0-9a-f]{2}([:.-][0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}"
)
_MAC_SCOPE = re.compile(
    r"^onvif://[^/]+/(?:.*/)?mac(?:_?addr(?:ess)?)?[/:=](?P<mac>[^/]+)$", re.IGNORECASE
)
_EPR_PREFIX = re.compile(r"^(?:urn:)?(?:uuid:)?", re.IGNORECASE)
_RUNS = (
    "0123456789abcdef" * 2,
    "123456789" * 2,
    "1234567890" * 2,
    "fedcba9876543210",
    "00112233445566778899aabbccddeeff00",
)
_DEFAULT_MACS = frozenset(
    {
        "abcdefabcdef",
        "deadbeefcafe",
        "000023344566",  # the default of a bootloader that is common in cheap cameras
    }
)
_WORDS = frozenset(
    {
        "",
        "default",
        "na",
        "none",
        "notavailable",
        "notset",
        "null",
        "sample",
        "serial",
        "serialno",
        "serialnumber",
        "sn",
        "test",
        "unknown",
        "undefined",
    }
)
# A repeat or a run this short may well be a real serial number.
_SHORTEST_PATTERN = 4
_RUN_OF_ONE = 2
_MULTICAST_BIT = 1
_TIME_BASED = 1


def normalise_mac(text: str | None) -> str | None:
    """The MAC as lower-case pairs with colons; None if malformed or a placeholder."""
    cleaned = (text or "").strip().lower()
    if not _MAC_TEXT.fullmatch(cleaned):
        return None
    digits = re.sub(r"[^0-9a-f]", "", cleaned)
    if digits in _DEFAULT_MACS or _is_pattern(digits) or digits.startswith("0" * 10):
        return None
    if int(digits[:2], 16) & _MULTICAST_BIT:
        return None
    return ":".join(digits[index : index + 2] for index in range(0, 12, 2))


def normalise_endpoint(text: str | None) -> str | None:
    """The endpoint reference without its prefixes; None if empty or a placeholder."""
    cleaned = _EPR_PREFIX.sub("", (text or "").strip()).strip().lower()
    bare = re.sub(r"[^0-9a-z]", "", cleaned)
    groups = cleaned.split("-")
    if bare in _WORDS or _is_pattern(bare) or all(_is_pattern(group) for group in groups):
        return None
    return cleaned


def normalise_serial(text: str | None) -> str | None:
    """The serial number as written; None if it is empty or a placeholder."""
    cleaned = (text or "").strip()
    bare = re.sub(r"[^0-9a-z]", "", cleaned.lower())
    if bare in _WORDS or len(bare) <= _RUN_OF_ONE or _is_pattern(bare):
        return None
    return None if bare in _DEFAULT_MACS else cleaned


def mac_from_scopes(scopes: Iterable[str]) -> str | None:
    """The MAC a camera announces among its scopes."""
    for scope in scopes:
        match = _MAC_SCOPE.match(unquote(scope).strip())
        if match and (mac := normalise_mac(match["mac"])):
            return mac
    return None


def mac_from_endpoint(endpoint: str | None) -> str | None:
    """The MAC inside a time-based endpoint UUID; other UUIDs end in random digits."""
    try:
        uuid = UUID(normalise_endpoint(endpoint) or "")
    except ValueError:
        return None
    return normalise_mac(f"{uuid.node:012x}") if uuid.version == _TIME_BASED else None


def choose_mac(
    interfaces: Sequence[tuple[bool, str]], scopes: Iterable[str], endpoint: str | None
) -> str | None:
    """The MAC from (enabled, MAC) of the interfaces, else the scopes, else the endpoint."""
    for _enabled, text in sorted(interfaces, key=lambda interface: not interface[0]):
        if mac := normalise_mac(text):
            return mac
    return mac_from_scopes(scopes) or mac_from_endpoint(endpoint)


def unique_id(*, mac: str | None, endpoint: str | None) -> str | None:
    """The id that only one camera has, wherever it is; None if it gives none.

    Serial numbers are not enough: some makers give every camera the same.
    """
    return normalise_mac(mac) or normalise_endpoint(endpoint)


def _is_pattern(bare: str) -> bool:
    """Whether it is one repeated character, or a run of digits such as 123456."""
    if len(bare) < _SHORTEST_PATTERN:
        return False
    return len(set(bare)) == 1 or any(bare in run for run in _RUNS)
