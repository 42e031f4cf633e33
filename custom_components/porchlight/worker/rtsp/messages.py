"""RTSP messages and interleaved frames, cut out of what arrives (RFC 2326)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import StreamError, StreamProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Bytes of a message's head and of its body: more than any camera's description.
MAX_HEAD = 64 * 1024
MAX_BODY = 1024 * 1024
# Digits of a length that are read: more are too much in any case.
_MOST_DIGITS = 16
_FRAME = ord("$")
_FRAME_HEAD = 4
_MARK = b"$"
# A frame with less holds no packet; FFmpeg loses its place at it.
SMALLEST = 8
# A method or a protocol, as messages begin with it.
_NAME = 32
_BEGIN = re.compile(rb"[A-Z][A-Z_]{2,%d}[ /]" % (_NAME - 1))
_PART_OF_BEGIN = re.compile(rb"[A-Z][A-Z_]{0,%d}" % (_NAME - 1))
_END = re.compile(rb"\n\r?\n")
# Versions are not compared: cameras make them up.
_STATUS = re.compile(r"[A-Z]+/\S*\s+(\d{3})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request or a response; header names are in lower case."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """A response's status; None for a request."""
        match = _STATUS.match(self.start)
        return int(match[1]) if match else None

    @property
    def method(self) -> str:
        """A request's method."""
        return self.start.split(" ", 1)[0]

    @property
    def target(self) -> str:
        """A request's address."""
        return self.start.split(" ", 2)[1] if " " in self.start else ""

    def all(self, name: str) -> list[str]:
        """The values of a header, one for each time it is there."""
        return [value for key, value in self.headers if key == name]

    def first(self, name: str) -> str:
        """A header's first value, or nothing."""
        return next(iter(self.all(name)), "")


def composed(start: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """A message as it travels; no value can add a line."""
    lines = [start, *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    clean = [line.replace("\r", " ").replace("\n", " ") for line in lines]
    return "\r\n".join([*clean, "", ""]).encode() + body


class Splitter:
    """Cuts a byte stream into runs of whole interleaved frames, and messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes | Message]:
        """Take more bytes; give what is complete, in order.

        What is neither, or holds no packet, is skipped. Raises StreamError when a message is
        too large.
        """
        buffer = self._buffer
        buffer += data
        at = 0
        try:
            while at < len(buffer):
                end = _end_of_frames(buffer, at)
                if end > at:
                    yield bytes(memoryview(buffer)[at:end])
                    at = end
                elif buffer[at] == _FRAME:
                    if (behind := _end_of_small(buffer, at)) is None:
                        return
                    at = behind
                elif (begin := _next_begin(buffer, at)) != at:
                    at = begin
                elif (found := _message(buffer, at)) is None:
                    return
                else:
                    message, at = found
                    yield message
        finally:
            del buffer[:at]

    def rest(self) -> bytes:
        """What is not complete."""
        return bytes(self._buffer)


def _end_of_frames(buffer: bytearray, at: int) -> int:
    """Where the whole frames end that begin here."""
    size = len(buffer)
    last = size - _FRAME_HEAD
    while at <= last and buffer[at] == _FRAME:
        length = buffer[at + 2] << 8 | buffer[at + 3]
        end = at + _FRAME_HEAD + length
        if end > size or length < SMALLEST:
            break
        at = end
    return at


def _end_of_small(buffer: bytearray, at: int) -> int | None:
    """Where the frame ends that begins here, if it is whole and holds no packet."""
    if len(buffer) < at + _FRAME_HEAD:
        return None
    length = buffer[at + 2] << 8 | buffer[at + 3]
    end = at + _FRAME_HEAD + length
    return end if length < SMALLEST and end <= len(buffer) else None


def _next_begin(buffer: bytearray, at: int) -> int:
    """Where the next frame or message may begin, from here on."""
    if _BEGIN.match(buffer, at):
        return at
    part = _PART_OF_BEGIN.match(buffer, at)
    if part and part.end() == len(buffer) and part.end() - at < _NAME:
        return at
    places = (buffer.find(_MARK, at + 1), buffer.find(b"RTSP/", at + 1), _after_lines(buffer, at))
    return min((one for one in places if one > at), default=len(buffer))


def _after_lines(buffer: bytearray, at: int) -> int:
    """Behind the ends of lines that stand here."""
    while at < len(buffer) and buffer[at] in b"\r\n":
        at += 1
    return at


def _message(buffer: bytearray, at: int) -> tuple[Message, int] | None:
    """The message that begins here and where it ends; None if more of it has to come."""
    end = _END.search(buffer, at, at + MAX_HEAD)
    if end is None:
        if len(buffer) - at >= MAX_HEAD:
            raise StreamError(StreamProblem.BROKEN, "an answer's head has no end")
        return None
    start, headers = _head(bytes(memoryview(buffer)[at : end.start()]))
    lengths = (value for name, value in headers if name == "content-length")
    given = next((value for value in lengths if value.isascii() and value.isdigit()), "")
    # Python refuses to read a number of thousands of digits.
    length = int(given.lstrip("0")[:_MOST_DIGITS] or 0)
    if length > MAX_BODY:
        raise StreamError(StreamProblem.BROKEN, f"an answer of {length} bytes")
    if len(buffer) < end.end() + length:
        return None
    body = bytes(memoryview(buffer)[end.end() : end.end() + length])
    return Message(start=start, headers=headers, body=body), end.end() + length


def _head(head: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    start, *lines = head.decode("utf-8", "replace").replace("\r", "").split("\n")
    headers: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and headers:
            name, value = headers[-1]
            headers[-1] = name, f"{value} {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
    return start.strip(), tuple(headers)
