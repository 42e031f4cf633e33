"""Cameras that lead to another host, each tried once; to be run in a network that is counted.

Prints a line for each: what was tried, and how it ended.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import product, repeat
from typing import TYPE_CHECKING

import av
from aiohttp import web
from porchlight.onvif.client import inspect
from porchlight.onvif.errors import OnvifError
from porchlight.onvif.values import Credentials
from porchlight.worker.decoding import whole_frames
from porchlight.worker.errors import StreamError
from porchlight.worker.messages import Source, Transport
from porchlight.worker.stream import Stream

import tests.bare  # noqa: F401 - makes the worker importable
from tests.network import ELSEWHERE
from tests.onvif.acme import DEVICE, PASSWORD, USERNAME, Acme, soap
from tests.worker.hostile import framed
from tests.worker.scripted import SMALL, VIDEO, Asked, Scripted, describe, ordinary, reply
from tests.worker.support import served_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AWAY = f"rtsp://{ELSEWHERE}/live"
WAITING = {"opening": 30.0, "reading": 30.0}


def redirecting(status: int) -> Callable[[Asked], bytes | None]:
    return lambda asked: reply(f"{status} Moved", f"Location: {AWAY}", asked=asked)


def asking_to_leave(asked: Asked) -> bytes | None:
    answer = ordinary(asked)
    if asked.method == "PLAY" and answer:
        return answer + f"REDIRECT * RTSP/1.0\r\nCSeq: 1\r\nLocation: {AWAY}\r\n\r\n".encode()
    return answer


def naming(asked: Asked) -> bytes | None:
    """Names the other host wherever a host can be named."""
    if asked.method == "DESCRIBE":
        body = VIDEO.replace("IN IP4 127.0.0.1", f"IN IP4 {ELSEWHERE}").replace(
            "IN IP4 0.0.0.0", f"IN IP4 {ELSEWHERE}"
        )
        body += f"c=IN IP4 {ELSEWHERE}\r\na=control:{AWAY}\r\n"
        return describe(asked, body, f"Content-Base: {AWAY}/", f"Content-Location: {AWAY}")
    if asked.method == "SETUP":
        way = asked.headers["transport"].partition(";client_port")[0]
        ports = "" if "TCP" in way else ";server_port=9-10"
        where = f"source={ELSEWHERE};destination={ELSEWHERE}"
        return reply("200 OK", f"Transport: {way};{where}{ports}", "Session: 7", asked=asked)
    return ordinary(asked)


def playlist(_asked: Asked) -> bytes | None:
    body = f"#EXTM3U\n#EXTINF:1,\nhttp://{ELSEWHERE}/1.ts\n"
    head = f"HTTP/1.0 200 OK\r\nContent-Type: application/x-mpegurl\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


def watched(source: Source) -> str:
    """How it ends to watch a camera."""
    try:
        with Stream(source, **WAITING) as stream:
            next(whole_frames(stream))
    except StreamError as error:
        return error.problem
    return "plays"


def shown_live(source: Source) -> str:
    """How live view of it ends, with a player that would follow whatever it is given."""
    options = {"rtsp_transport": "tcp"}
    try:
        with (
            served_live(source, opening=10.0) as url,
            av.open(url, options=options, timeout=(30.0, 2.0)) as container,
        ):
            next(container.demux())
    except av.error.FFmpegError as error:
        return type(error).__name__
    return "plays"


def streams() -> None:
    def packets() -> Iterator[tuple[bytes, int, bool]]:
        return framed("h264", repeat(SMALL), pause=0.02)

    answers = {f"redirect-{status}": redirecting(status) for status in (301, 302, 305, 307)}
    answers |= {"asks-to-leave": asking_to_leave, "names": naming, "playlist": playlist}
    ways = {"": watched, "live-": shown_live}

    def tried(what: str, way: str, transport: Transport) -> str:
        with Scripted(answers[what], packets=packets) as camera:
            how = ways[way](camera.with_(transport=transport))
        return f"{way}{what}-{transport} {how}"

    # Some of them wait for long.
    with ThreadPoolExecutor(8) as pool:
        cases = product(answers, ways, (Transport.TCP, Transport.UDP))
        for line in pool.map(lambda case: tried(*case), cases):
            print(line)  # noqa: T201 - its result
    nobody = Credentials(username="u", password="p")
    for scheme in ("http", "https", "rtmp", "udp", "tcp", "rtp", "srt", "concat:http", "hls+http"):
        source = Source(url=f"{scheme}://{ELSEWHERE}/live.m3u8", credentials=nobody)
        print(scheme, watched(source))  # noqa: T201 - its result
    print("file", watched(Source(url="file:///etc/hostname", credentials=nobody)))  # noqa: T201 - its result


async def services() -> None:
    async def lead_away(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": f"http://{ELSEWHERE}/onvif"})

    async def name(_request: web.Request, _token: str | None) -> web.StreamResponse:
        listed = "".join(
            f"<tds:Service><tds:Namespace>{space}</tds:Namespace>"
            f"<tds:XAddr>http://{ELSEWHERE}/onvif/{number}</tds:XAddr>"
            "<tds:Version><tt:Major>1</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
            for number, space in enumerate((DEVICE, "http://www.onvif.org/ver10/media/wsdl"))
        )
        return soap(f"<tds:GetServicesResponse>{listed}</tds:GetServicesResponse>")

    for what, operation, answer in (
        ("soap-redirect", "GetDeviceInformation", lead_away),
        ("soap-names", "GetServices", name),
    ):
        async with Acme() as camera:
            camera.answers[DEVICE, operation] = answer
            login = Credentials(username=USERNAME, password=PASSWORD)
            try:
                await inspect("127.0.0.1", camera.port, login)
            except OnvifError as error:
                print(what, error.key)  # noqa: T201 - its result
            else:
                print(what, "inspected")  # noqa: T201 - its result


streams()
asyncio.run(services())
