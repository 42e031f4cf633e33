"""Parameter sets and pictures written bit by bit, for sizes that no encoder takes."""

from __future__ import annotations

from typing import Self


class Bits:
    """Writes bits from the left."""

    def __init__(self) -> None:
        self._bits: list[str] = []

    def put(self, count: int, value: int) -> Self:
        """A number in so many bits."""
        if count:
            self._bits.append(f"{value:0{count}b}")
        return self

    def number(self, *values: int) -> Self:
        """Exp-Golomb numbers."""
        for value in values:
            length = (value + 1).bit_length()
            self.put(length - 1, 0).put(length, value + 1)
        return self

    def unit(self, *head: int) -> bytes:
        """All of it as a unit with this header."""
        bits = "".join(self._bits) + "1"
        bits += "0" * (-len(bits) % 8)
        body, zeros = bytearray(head), 0
        for at in range(0, len(bits), 8):
            byte = int(bits[at : at + 8], 2)
            if zeros >= 2 and byte <= 3:
                body.append(3)
                zeros = 0
            body.append(byte)
            zeros = 0 if byte else zeros + 1
        return bytes(body)


def h264_sps(width: int, height: int, references: int = 1) -> bytes:
    """A sequence parameter set of the baseline profile."""
    bits = Bits().put(8, 66).put(8, 0).put(8, 51).number(0, 0, 2, references).put(1, 0)
    bits.number(width // 16 - 1, height // 16 - 1)
    return bits.put(4, 0b1100).unit(0x67)


def h264_pps() -> bytes:
    """A picture parameter set."""
    bits = Bits().number(0, 0).put(2, 0).number(0, 0, 0).put(3, 0).number(0, 0, 0)
    return bits.put(3, 0).unit(0x68)


def h264_picture(width: int, height: int) -> bytes:
    """A key frame of one gray."""
    bits = Bits().number(0, 7, 0).put(4, 0).number(0).put(2, 0).number(0)
    for _ in range(width // 16 * (height // 16)):
        bits.number(3, 0, 0).put(1, 1)
    return bits.unit(0x65)


def h264_frame(width: int, height: int) -> list[bytes]:
    """A key frame with all that it needs."""
    return [h264_sps(width, height), h264_pps(), h264_picture(width, height)]


def hevc_sps(width: int, height: int, layers: int = 1, kept: int = 2) -> bytes:
    """A sequence parameter set of the main profile."""
    bits = Bits().put(4, 0).put(3, layers - 1).put(1, 1).put(8, 1).put(88, 0)
    if layers > 1:
        bits.put(2 * (layers - 1), 0).put(2 * (9 - layers), 0)
    bits.number(0, 1, width, height).put(1, 0).number(0, 0, 4).put(1, 0).number(kept - 1, 0, 0)
    return bits.put(8, 0).unit(0x42, 0x01)


def annexb(*units: bytes) -> bytes:
    """Units with start codes."""
    return b"".join(b"\x00\x00\x00\x01" + unit for unit in units)
