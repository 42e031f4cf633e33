"""Framed messages over pipes: four bytes of length, then JSON `[kind, body]`."""

from __future__ import annotations

import json
import struct
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from mashumaro.codecs.basic import BasicDecoder, BasicEncoder

from .errors import ChannelError
from .messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import Message

_LENGTH = struct.Struct(">I")
_KINDS = {kind.__name__: kind for kind in MESSAGES}
# Far larger than any message with a picture.
MAX_BYTES = 64 * 1024 * 1024


@cache
def _decoder(kind: str) -> BasicDecoder[Any]:
    return BasicDecoder(_KINDS[kind])


@cache
def _encoder(kind: str) -> BasicEncoder[Any]:
    return BasicEncoder(_KINDS[kind])


def encode(message: Message) -> bytes:
    """A message as one frame."""
    kind = type(message).__name__
    body = json.dumps([kind, _encoder(kind).encode(message)], separators=(",", ":")).encode()
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Cuts a byte stream into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take more bytes; yields the messages that are now complete.

        Raises ChannelError on an invalid message.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_BYTES:
                raise ChannelError(f"a frame of {length} bytes")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield _message(body)


def _message(body: bytes) -> Message:
    try:
        kind, fields = json.loads(body)
        return cast("Message", _decoder(kind).decode(fields))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ChannelError(f"not a message: {type(error).__name__}") from error
