"""RTP packets for H.264 (RFC 6184) and H.265 (RFC 7798), and RTCP sender reports."""

import dataclasses
import struct
from collections.abc import Iterable
from datetime import datetime

from simulator.spec import Codec

PAYLOAD_TYPE = 96
MTU = 1400
"""Largest payload of one packet in bytes."""

_VERSION = 0x80
_MARKER = 0x80
_FU_A = 28
_FU_H265 = 49
_START, _END = 0x80, 0x40
_SENDER_REPORT = 200
_SOURCE_DESCRIPTION = 202
_CNAME = 1
# Seconds from the NTP epoch (1900) to the Unix epoch (1970).
_NTP_EPOCH = 2208988800
_MASK_16, _MASK_32 = 0xFFFF, 0xFFFFFFFF


@dataclasses.dataclass(slots=True, kw_only=True)
class Sender:
    """The state of one RTP stream: numbers its packets and counts them for the reports."""

    ssrc: int
    sequence: int
    offset: int
    """Random start of the time stamps."""
    packets: int = 0
    octets: int = 0

    def stamp(self, ticks: int) -> int:
        """Return the RTP time stamp of a moment in ticks."""
        return (self.offset + ticks) & _MASK_32

    def packet(self, payload: bytes, ticks: int, *, last: bool) -> bytes:
        """Return the next packet; `last` marks the end of a frame."""
        kind = PAYLOAD_TYPE | (_MARKER if last else 0)
        header = struct.pack("!BBHII", _VERSION, kind, self.sequence, self.stamp(ticks), self.ssrc)
        self.sequence = (self.sequence + 1) & _MASK_16
        self.packets += 1
        self.octets += len(payload)
        return header + payload

    def report(self, ticks: int, wall: datetime) -> bytes:
        """Return a sender report with source description that pairs both times."""
        seconds = wall.timestamp() + _NTP_EPOCH
        whole = int(seconds)
        fraction = int((seconds - whole) * (1 << 32)) & _MASK_32
        report = struct.pack(
            "!BBHIIIIII",
            _VERSION,
            _SENDER_REPORT,
            6,
            self.ssrc,
            whole & _MASK_32,
            fraction,
            self.stamp(ticks),
            self.packets & _MASK_32,
            self.octets & _MASK_32,
        )
        item = struct.pack("!BB", _CNAME, len(b"camera")) + b"camera"
        chunk = struct.pack("!I", self.ssrc) + item
        chunk += b"\x00" * (4 - len(chunk) % 4)
        head = struct.pack("!BBH", _VERSION | 1, _SOURCE_DESCRIPTION, len(chunk) // 4)
        return report + head + chunk


def payloads(codec: Codec, nals: Iterable[bytes]) -> list[bytes]:
    """Return the packet payloads of one frame: whole NAL units, or fragments of them."""
    fragment = _fragment_h264 if codec == "h264" else _fragment_h265
    found: list[bytes] = []
    for nal in nals:
        if len(nal) <= MTU:
            found.append(nal)
        else:
            found.extend(fragment(nal))
    return found


def _fragment_h264(nal: bytes) -> Iterable[bytes]:
    indicator = nal[0] & 0xE0 | _FU_A
    for flags, piece in _pieces(nal[1:], MTU - 2):
        yield bytes((indicator, flags | nal[0] & 0x1F)) + piece


def _fragment_h265(nal: bytes) -> Iterable[bytes]:
    first = nal[0] & 0x81 | _FU_H265 << 1
    kind = nal[0] >> 1 & 0x3F
    for flags, piece in _pieces(nal[2:], MTU - 3):
        yield bytes((first, nal[1], flags | kind)) + piece


def _pieces(body: bytes, size: int) -> Iterable[tuple[int, bytes]]:
    for offset in range(0, len(body), size):
        start = _START if offset == 0 else 0
        end = _END if offset + size >= len(body) else 0
        yield start | end, body[offset : offset + size]
