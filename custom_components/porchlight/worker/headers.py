"""Reads the picture sizes that a stream declares, before a decoder acts on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    type Bytes = bytes | memoryview

# Longer than any sequence parameter set.
LONGEST = 4096
# H.264 profiles whose parameter sets hold the sample format and scaling lists.
_HIGH = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_UNITS = {
    "h264": re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67\x87\xa7\xc7\xe7]"),
    # Only the base layer's: others are not decoded.
    "hevc": re.compile(rb"\x00\x00\x01[\x42\xc2][\x00-\x07]"),
}
# The value of chroma_format_idc for 4:4:4.
_CHROMA_444 = 3


@dataclass(frozen=True, slots=True)
class Declared:
    """A picture's size in pixels, and how many pictures its decoder keeps."""

    width: int
    height: int
    kept: int = 1


class _MalformedError(Exception):
    """These bits are not a parameter set."""


class _Bits:
    """Reads bits from the left; beyond the end there are zeros."""

    def __init__(self, data: bytes) -> None:
        self._length = len(data) * 8
        self._value = int.from_bytes(data)
        self._at = 0

    def take(self, count: int) -> int:
        """The next bits as a number."""
        end = self._at + count
        self._at = end
        if end <= self._length:
            return self._value >> (self._length - end) & ((1 << count) - 1)
        if end > self._length + 64:
            raise _MalformedError
        return self._value << (end - self._length) & ((1 << count) - 1)

    def number(self) -> int:
        """The next Exp-Golomb number."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:  # noqa: PLR2004 - the largest has 32 bits
                raise _MalformedError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """The next signed Exp-Golomb number."""
        value = self.number()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def declared(codec: str, data: Bytes) -> Iterator[Declared]:
    """Every picture size that a piece of a stream declares; `codec` is FFmpeg's name."""
    if codec == "mjpeg":
        yield from _jpeg(data)
        return
    units, parse = _UNITS.get(codec), _PARSERS.get(codec)
    if units is None or parse is None:
        return
    for match in units.finditer(data):
        unit = bytes(data[match.start() + 3 : match.start() + 3 + LONGEST])
        end = re.search(rb"\x00\x00[\x00\x01]", unit)
        # Emulation prevention bytes are not part of the unit's content.
        unit = unit[: end.start() if end else None].replace(b"\x00\x00\x03", b"\x00\x00")
        try:
            yield parse(unit)
        except _MalformedError:
            # No decoder accepts it either.
            continue


def _h264(unit: bytes) -> Declared:
    bits = _Bits(unit[1:])
    profile = bits.take(8)
    bits.take(16)
    bits.number()
    if profile in _HIGH:
        chroma = bits.number()
        if chroma == _CHROMA_444:
            bits.take(1)
        bits.number()
        bits.number()
        bits.take(1)
        if bits.take(1):
            _skip_scaling(bits, 12 if chroma == _CHROMA_444 else 8)
    bits.number()
    _skip_order(bits)
    kept = bits.number()
    bits.take(1)
    width, height = 16 * (bits.number() + 1), 16 * (bits.number() + 1)
    return Declared(width, height * (2 - bits.take(1)), kept + 1)


def _skip_order(bits: _Bits) -> None:
    """Skip the fields of the picture order."""
    kind = bits.number()
    if kind == 0:
        bits.number()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        number = bits.number()
        if number > 255:  # noqa: PLR2004 - the standard's limit
            raise _MalformedError
        for _ in range(number):
            bits.signed()


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):  # noqa: PLR2004 - six small ones come first
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _hevc(unit: bytes) -> Declared:
    bits = _Bits(unit[2:])
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    bits.take(96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
    bits.number()
    if bits.number() == _CHROMA_444:
        bits.take(1)
    width, height = bits.number(), bits.number()
    if bits.take(1):
        for _ in range(4):
            bits.number()
    for _ in range(3):
        bits.number()
    every = bits.take(1)
    kept = 1
    for _ in range(layers + 1 if every else 1):
        kept = max(kept, bits.number() + 1)
        bits.number()
        bits.number()
    return Declared(width, height, kept)


def _jpeg(data: Bytes) -> Iterator[Declared]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - markers begin so
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if 0xC0 <= kind <= 0xC3:  # noqa: PLR2004 - start of frame
            height, width = (int.from_bytes(data[at + 5 + n : at + 7 + n]) for n in (0, 2))
            yield Declared(width, height)
            return
        at += 2 + max(length, 2)


_PARSERS: dict[str, Callable[[bytes], Declared]] = {"h264": _h264, "hevc": _hevc}
