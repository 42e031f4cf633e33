"""A bare RTSP client that shows the protocol as it is."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import re
import struct
from typing import Self

import av


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The server's answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One RTP packet."""

    sequence: int
    stamp: int
    last: bool
    payload: bytes


class RtspClient:
    """One connection; `ask` adds Digest credentials once challenged."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        self._username, self._password = username, password
        self._count = 0
        self._challenge: dict[str, str] = {}
        self.session = ""
        self.reports: list[bytes] = []

    async def connect(self, *, limit: int = 1 << 16) -> Self:
        """Open the connection."""
        host, port = re.match(r"rtsp://([\d.]+):(\d+)/", self.url).groups()
        self._reader, self._writer = await asyncio.open_connection(host, int(port), limit=limit)
        return self

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def ask(self, method: str, url: str = "", **headers: str) -> Answer:
        """Send a request, a second time with credentials if challenged."""
        answer = await self.ask_once(method, url, **headers)
        if answer.status == 401:
            text = answer.headers["www-authenticate"]
            self._challenge = dict(re.findall(r'(\w+)="?([^",]+)"?', text))
            answer = await self.ask_once(method, url, **headers)
        return answer

    async def ask_once(self, method: str, url: str = "", **headers: str) -> Answer:
        """Send a request, with credentials only if challenged before."""
        url = url or self.url
        if self.session:
            headers.setdefault("Session", self.session)
        if self._challenge:
            headers.setdefault("Authorization", self._credentials(method, url))
        self._count += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._count}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        while (packet := await self._next()) is not None:
            del packet
        return await self._answer()

    async def play(self) -> Answer:
        """Go through DESCRIBE, SETUP and PLAY."""
        await self.ask("DESCRIBE")
        answer = await self.ask("SETUP", f"{self.url}/trackID=1", Transport="RTP/AVP/TCP")
        assert answer.status == 200
        self.session = answer.headers["session"].partition(";")[0]
        return await self.ask("PLAY")

    async def packet(self) -> Packet:
        """Return the next RTP packet; RTCP goes to `reports`."""
        while True:
            head = await self._reader.readexactly(4)
            assert head[:1] == b"$"
            data = await self._reader.readexactly(int.from_bytes(head[2:]))
            if head[1]:
                self.reports.append(data)
                continue
            _, kind, sequence, stamp, _ = struct.unpack("!BBHII", data[:12])
            return Packet(sequence=sequence, stamp=stamp, last=bool(kind & 0x80), payload=data[12:])

    async def frame(self) -> list[Packet]:
        """Return the packets of the next frame."""
        packets = [await self.packet()]
        while not packets[-1].last:
            packets.append(await self.packet())
        return packets

    async def at_end(self) -> bool:
        """Return whether the server has closed, reading what is left."""
        try:
            while await self._reader.read(1 << 16):
                pass
        except ConnectionError:
            pass
        return True

    async def _next(self) -> Packet | None:
        """Skip interleaved frames before an answer."""
        first = await self._reader.readexactly(1)
        if first != b"$":
            self._first = first
            return None
        head = await self._reader.readexactly(3)
        data = await self._reader.readexactly(int.from_bytes(head[1:]))
        return Packet(sequence=0, stamp=0, last=False, payload=data)

    async def _answer(self) -> Answer:
        head = self._first + await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().rstrip().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(status=int(first.split()[1]), headers=headers, body=body.decode())

    def _credentials(self, method: str, url: str) -> str:
        realm, nonce = self._challenge["realm"], self._challenge["nonce"]
        who = _md5(f"{self._username}:{realm}:{self._password}")
        response = _md5(f"{who}:{nonce}:{_md5(f'{method}:{url}')}")
        return (
            f'Digest username="{self._username}", realm="{realm}", nonce="{nonce}",'
            f' uri="{url}", response="{response}"'
        )


def decode(frames: list[list[Packet]], codec: str) -> list[av.VideoFrame]:
    """Decode frames of packets, putting fragments together again."""
    context = av.CodecContext.create("h264" if codec == "h264" else "hevc", "r")
    found = []
    for packets in frames:
        stream = b"".join(b"\0\0\0\1" + nal for nal in nals_of(packets, codec))
        found += context.decode(av.Packet(stream))
    return found + context.decode(None)


def nals_of(packets: list[Packet], codec: str) -> list[bytes]:
    """Return the NAL units in a frame's packets."""
    nals: list[bytes] = []
    for one in packets:
        data = one.payload
        if codec == "h264" and data[0] & 0x1F == 28:
            if data[1] & 0x80:
                nals.append(bytes([data[0] & 0xE0 | data[1] & 0x1F]))
            nals[-1] += data[2:]
        elif codec == "h265" and data[0] >> 1 & 0x3F == 49:
            if data[2] & 0x80:
                nals.append(bytes([data[0] & 0x81 | (data[2] & 0x3F) << 1, data[1]]))
            nals[-1] += data[3:]
        else:
            nals.append(data)
    return nals


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
