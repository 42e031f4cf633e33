"""A host's ONVIF service is found from what was typed, in time and without a login."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from porchlight.onvif.errors import Absence, NotLocatedError
from porchlight.onvif.locate import (
    MAX_ANSWER,
    Usual,
    locate,
)
from porchlight.onvif.values import DEVICE_PATH as PATH
from porchlight.onvif.values import Found, Typed
from porchlight.onvif.web import MAX_REDIRECTS

from simulator.certificate import self_signed

from .acme import DEVICE, Acme, fault, soap
from .test_discovery import responder
from .test_probes import envelope, match

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from .clock import Clock

pytestmark = pytest.mark.usefixtures("socket_enabled")

LOOPBACK = "127.0.0.1"
# Seconds, far more than needed: who waits for more waits for something that does not come.
PATIENCE, FOREVER = 120.0, 100_000.0
# What a test of the limit waits for.
SOON = 0.5
TIME = "GetSystemDateAndTime"
# Nothing is usual in a test unless it says so; a probe that nobody hears is soon given up.
NOWHERE = Usual(plain=(), secure=(), streams=(), probe=9, hint=0.05, grace=0.05)


async def look(
    typed: Typed | None = None, *, seconds: float = FOREVER, usual: Usual = NOWHERE, **changes: Any
) -> Found:
    typed = typed or Typed(host=LOOPBACK)
    until = asyncio.get_running_loop().time() + seconds
    async with asyncio.timeout(PATIENCE):
        return await locate(replace(typed, **changes), until=until, usual=usual)


async def absence(typed: Typed | None = None, **rest: Any) -> Absence:
    with pytest.raises(NotLocatedError) as caught:
        await look(typed, **rest)
    return caught.value.reason


def closed_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        return int(sock.getsockname()[1])


@contextmanager
def dead_port() -> Iterator[int]:
    """A port that drops all packets, as a host that is off: its queue of connections is full."""
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen(0)
        address = server.getsockname()
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)  # noqa: FBT003 - the standard library's signature
            one.connect_ex(address)
            waiting.append(one)
        yield int(address[1])
        for one in waiting:
            one.close()


@asynccontextmanager
async def server(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A port whose connections are served like this."""
    over = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.ensure_future(serve(reader, writer))
        ending = asyncio.ensure_future(over.wait())
        await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
        ending.cancel()
        await asyncio.gather(serving, ending, return_exceptions=True)
        writer.close()

    running = await asyncio.start_server(handle, LOOPBACK, 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        over.set()
        running.close()
        await running.wait_closed()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def rtsp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
    await writer.drain()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) * 64)
    await writer.drain()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 200 OK\r\nX: y\r\n" + b"a" * 65536)
        await writer.drain()


async def web_page(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return web.Response(text="<html>Welcome</html>", content_type="text/html")


@pytest.mark.parametrize("scheme", ["", "http"])
async def test_a_service_is_found_where_it_was_typed_without_a_login(scheme: str) -> None:
    async with Acme() as camera:
        found = await look(port=camera.port, scheme=scheme, path="/onvif/own")
    assert found == Found(host=LOOPBACK, port=camera.port, path="/onvif/own")
    assert set(camera.asked) == {TIME}
    assert camera.signed == []


async def test_a_web_page_leads_to_the_service_at_its_port() -> None:
    async def by_path(request: web.Request, token: str | None) -> web.StreamResponse:
        if request.path == PATH:
            return soap(camera._time())
        return await web_page(request, token)

    async with Acme(answers={(DEVICE, TIME): by_path}) as camera:
        found = await look(port=camera.port, scheme="http", path="/doc/page/login.asp")
    assert found == Found(host=LOOPBACK, port=camera.port)


@pytest.mark.parametrize("scheme", ["rtsp", ""])
async def test_the_address_of_a_stream_leads_to_a_usual_port(scheme: str) -> None:
    async with Acme() as camera, server(rtsp) as stream:
        usual = replace(NOWHERE, plain=(closed_port(), camera.port))
        found = await look(port=stream, scheme=scheme, usual=usual)
    assert found == Found(host=LOOPBACK, port=camera.port)


async def test_the_port_of_a_stream_is_not_asked_for_onvif() -> None:
    asked: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"RTSP/1.0 200 OK\r\n\r\n")

    async with server(note) as stream:
        assert await absence(port=stream, scheme="rtsp") is Absence.ONLY_STREAM
    assert asked == [b"OPTIONS * RTSP/1.0\r\n"]


async def test_a_host_name_is_resolved_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def answer(host: str, *_args: object, **_rest: object) -> object:
        asked.append(host)
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (LOOPBACK, 0)), (*kind, ("192.0.2.7", 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answer)
    async with Acme() as camera:
        found = await look(host="cam.local", port=camera.port)
    assert found == Found(host="cam.local", port=camera.port)
    assert asked == ["cam.local"]


async def test_the_answer_to_a_probe_is_a_hint_for_the_same_host_only() -> None:
    async with Acme() as camera:
        xaddrs = f"http://10.9.8.7:{camera.port}/onvif/special"
        async with responder(
            lambda _types: [envelope(match(xaddrs=xaddrs))], multicast=False
        ) as host:
            found = await look(usual=replace(NOWHERE, probe=host.port, hint=FOREVER))
    assert found == Found(host=LOOPBACK, port=camera.port, path="/onvif/special")
    assert camera.signed == []


async def test_a_hint_that_leads_nowhere_is_not_believed() -> None:
    xaddrs = f"http://127.0.0.1:{closed_port()}/onvif/special"
    async with responder(lambda _types: [envelope(match(xaddrs=xaddrs))], multicast=False) as host:
        usual = replace(NOWHERE, probe=host.port, hint=FOREVER)
        assert await absence(usual=usual) is Absence.NO_SERVICE


async def test_the_likeliest_of_several_services_is_taken_even_if_it_is_slower() -> None:
    asked = asyncio.Event()

    async def answer(_request: web.Request, _token: str | None) -> web.StreamResponse:
        asked.set()
        return soap(quick._time())

    async def answer_later(_request: web.Request, _token: str | None) -> web.StreamResponse:
        await asked.wait()
        for _ in range(200):
            await asyncio.sleep(0)
        return soap(slow._time())

    async with (
        Acme(answers={(DEVICE, TIME): answer}) as quick,
        Acme(answers={(DEVICE, TIME): answer_later}) as slow,
    ):
        usual = replace(NOWHERE, plain=(slow.port, quick.port), grace=FOREVER)
        assert (await look(scheme="rtsp", usual=usual)).port == slow.port
        asked.clear()
        assert (await look(port=slow.port, usual=usual)).port == slow.port


async def test_a_likelier_place_that_is_silent_is_not_waited_for() -> None:
    async with Acme() as camera, server(silence) as silent:
        usual = replace(NOWHERE, plain=(camera.port,))
        assert (await look(port=silent, scheme="http", usual=usual)).port == camera.port


async def test_a_refusal_in_soap_is_a_service() -> None:
    async def refuse(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return fault("ter:NotAuthorized", "no", status=400)

    async with Acme(answers={(DEVICE, TIME): refuse}) as camera:
        assert (await look(port=camera.port)).port == camera.port


async def test_a_camera_that_asks_for_a_login_at_once_is_taken_if_nothing_else_is_there() -> None:
    async def refuse(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Digest realm="x", nonce="y"'})

    async with Acme(answers={(DEVICE, TIME): refuse}) as shy, Acme() as camera:
        assert (await look(port=shy.port)).port == shy.port
        usual = replace(NOWHERE, plain=(camera.port,), hint=SOON)
        assert (await look(port=shy.port, usual=usual)).port == camera.port
    assert shy.signed == []


async def test_tls_is_found_at_a_port_that_was_typed_without_a_scheme() -> None:
    context, _ = self_signed("camera")
    async with Acme(tls=context) as camera:
        found = await look(port=camera.port)
    assert found == Found(host=LOOPBACK, port=camera.port, secure=True)


@pytest.mark.parametrize("scheme", ["https", "rtsps", ""])
async def test_what_must_be_encrypted_is_not_asked_without_it(scheme: str) -> None:
    context, _ = self_signed("camera")
    async with Acme() as plain, Acme(tls=context) as camera:
        xaddrs = f"http://127.0.0.1:{plain.port}/onvif/special"
        async with responder(
            lambda _types: [envelope(match(xaddrs=xaddrs))], multicast=False
        ) as host:
            usual = replace(NOWHERE, plain=(plain.port,), probe=host.port, hint=SOON)
            typed = Typed(host=LOOPBACK, port=plain.port, scheme=scheme, secure=True)
            assert await absence(typed, usual=usual) is Absence.ONLY_UNENCRYPTED
            found = await look(typed, usual=replace(usual, secure=(camera.port,)))
    assert found == Found(host=LOOPBACK, port=camera.port, secure=True)


async def test_a_redirect_to_tls_is_followed_and_kept() -> None:
    context, _ = self_signed("camera")

    async def lead(_request: web.Request, _token: str | None) -> web.StreamResponse:
        to = f"https://127.0.0.1:{camera.port}/onvif/tls"
        return web.Response(status=307, headers={"Location": to})

    async with Acme(tls=context) as camera, Acme(answers={(DEVICE, TIME): lead}) as plain:
        found = await look(port=plain.port, scheme="http")
    assert found == Found(host=LOOPBACK, port=camera.port, path="/onvif/tls", secure=True)


@pytest.mark.parametrize("where", ["http://localhost:{port}/x", "/again", "rtsp://127.0.0.1/", ""])
async def test_other_redirects_lead_nowhere(where: str) -> None:
    async def lead(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": where.format(port=other.port)})

    async with Acme() as other, Acme(answers={(DEVICE, TIME): lead}) as camera:
        assert await absence(port=camera.port, scheme="http") is Absence.NO_SERVICE
        assert other.asked == []
        assert len(camera.asked) <= 1 + MAX_REDIRECTS


async def test_nothing_there_and_something_there_have_different_reasons() -> None:
    with dead_port() as dead:
        assert await absence(port=dead, seconds=SOON) is Absence.NOTHING_THERE
    # A device that refuses connections is there.
    assert await absence(port=closed_port()) is Absence.NO_SERVICE
    assert await absence(port=closed_port(), scheme="rtsp") is Absence.NO_SERVICE
    async with Acme(answers={(DEVICE, TIME): web_page}) as printer:
        assert await absence(port=printer.port) is Absence.NO_SERVICE
    async with server(rtsp) as stream:
        usual = replace(NOWHERE, streams=(stream,))
        assert await absence(usual=usual) is Absence.ONLY_STREAM
        assert await absence(port=stream) is Absence.ONLY_STREAM


SCHEMES = ["http", "https", "rtsp", ""]


@pytest.mark.parametrize("serve", [garbage, endless])
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_device_that_answers_nothing_useful_is_something_without_onvif(
    serve: Any, scheme: str
) -> None:
    async with server(serve) as port:
        typed = Typed(host=LOOPBACK, port=port, scheme=scheme, secure=scheme == "https")
        assert await absence(typed) is Absence.NO_SERVICE


@pytest.mark.parametrize("trickles", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_device_that_never_finishes_its_answer_is_given_up_when_the_time_is_over(
    clock: Clock, scheme: str, trickles: bool
) -> None:
    waiting = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        data = await reader.read(65536)
        waiting += 1
        if trickles and data.startswith(b"POST"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n <s:Envelope ")
            await writer.drain()
        # The knock, and the request if there is one; without a scheme, also one with TLS.
        if waiting == {"rtsp": 1, "": 3, "https": 3}.get(scheme, 2):
            clock.advance(2 * PATIENCE)
        await silence(reader, writer)

    async with server(serve) as port:
        typed = Typed(host=LOOPBACK, port=port, scheme=scheme, secure=scheme == "https")
        until = asyncio.get_running_loop().time() + PATIENCE
        with pytest.raises(NotLocatedError) as caught:
            await locate(typed, until=until, usual=NOWHERE)
    assert caught.value.reason is Absence.NO_SERVICE


async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    async def flood(request: web.Request, _token: str | None) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/soap+xml"})
        response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        await response.write(b" " * (MAX_ANSWER + 1))
        await response.write(soap(camera._time()).body)  # type: ignore[arg-type] # bytes
        return response

    async with Acme(answers={(DEVICE, TIME): flood}) as camera:
        assert await absence(port=camera.port, scheme="http") is Absence.NO_SERVICE


async def test_a_dead_host_is_given_up_when_the_time_is_over_and_not_before(
    clock: Clock,
) -> None:
    loop = asyncio.get_running_loop()
    with dead_port() as dead:
        until = loop.time() + 1000
        usual = replace(NOWHERE, plain=(dead,))
        looking = loop.create_task(
            locate(Typed(host=LOOPBACK, port=dead), until=until, usual=usual)
        )
        clock.advance(900)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not looking.done()
        clock.advance(100)
        # Real seconds, far more than needed.
        async with asyncio.timeout(60):
            with pytest.raises(NotLocatedError) as caught:
                await looking
    assert caught.value.reason is Absence.NOTHING_THERE


async def test_a_name_that_is_unknown_or_takes_too_long_is_reported_as_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def unknown(*_args: object, **_rest: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def slow(*_args: object, **_rest: object) -> object:
        return await asyncio.Event().wait()

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", unknown)
    assert await absence(host="cam.invalid") is Absence.UNKNOWN_HOST
    monkeypatch.setattr(loop, "getaddrinfo", slow)
    assert await absence(host="cam.invalid", seconds=0.1) is Absence.UNKNOWN_HOST


@pytest.mark.parametrize(
    "address",
    ["239.255.255.250", "0.0.0.0", "255.255.255.255", "ff02::c"],  # noqa: S104 - refused
)
async def test_a_name_never_leads_to_a_group_or_to_this_machine(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    async def answer(*_args: object, **_rest: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", answer)
    monkeypatch.setattr(loop, "create_datagram_endpoint", None)
    assert await absence(host="cam.local") is Absence.UNKNOWN_HOST


async def test_probes_go_to_the_host_only(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(
        asyncio.selector_events._SelectorDatagramTransport,  # type: ignore[attr-defined]
        "sendto",
        lambda _self, _data, address: sent.append(address),
    )
    await absence(port=closed_port(), usual=replace(NOWHERE, probe=3702, hint=SOON))
    assert set(sent) == {(LOOPBACK, 3702)}
