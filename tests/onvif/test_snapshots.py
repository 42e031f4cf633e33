"""A still picture is fetched from the camera only, and the login is proven once, by digest."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from aiohttp import web
from porchlight.onvif.errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    CertificateError,
    NotOnvifError,
)
from porchlight.onvif.snapshots import MOST, address_of, fetch
from porchlight.onvif.values import Access, Credentials
from porchlight.onvif.web import MAX_REDIRECTS

from simulator.certificate import self_signed
from simulator.clock import SystemClock
from simulator.digest import DigestGuard, Verdict

from .acme import PASSWORD, USERNAME
from .test_client import RIGHT, WRONG

pytestmark = pytest.mark.usefixtures("socket_enabled")

PICTURE = b"\xff\xd8 a picture"

type Page = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Pages:
    """A camera's web server; every path is answered by `page`, or by a picture if logged in."""

    page: Page | None = None
    tls: ssl.SSLContext | None = None
    scheme: str = "Digest"
    port: int = 0
    asked: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    _guard: DigestGuard = field(default_factory=lambda: DigestGuard("cam", SystemClock(), qop=True))
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def access(self, credentials: Credentials = RIGHT, **changes: Any) -> Access:
        values: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "secure": bool(self.tls)}
        return Access(credentials=credentials, **{**values, **changes})

    def uri(self, path: str = "/snap.jpg", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        header = request.headers.get("Authorization")
        if header:
            self.logins.append(header)
        if self.page:
            return await self.page(request)
        if self.scheme == "Digest":
            verdict = self._guard.check(
                header, method=request.method, username=USERNAME, password=PASSWORD
            )
            if verdict is Verdict.RIGHT:
                return web.Response(body=PICTURE)
        challenge = self._guard.challenge() if self.scheme == "Digest" else 'Basic realm="cam"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with Pages() as camera:
        yield camera


async def take(camera: Pages, access: Access | None = None, uri: str = "") -> bytes:
    return await fetch(access or camera.access(), uri or camera.uri(), seconds=60.0)


async def test_a_picture_is_fetched_by_digest(pages: Pages) -> None:
    assert await take(pages, uri=pages.uri("/a.cgi?channel=1&x=%20")) == PICTURE
    assert pages.asked[-1] == "/a.cgi?channel=1&x=%20"
    assert [one.split()[0] for one in pages.logins] == ["Digest"]


async def test_a_wrong_password_is_one_failed_login(pages: Pages) -> None:
    with pytest.raises(AuthenticationError):
        await take(pages, pages.access(WRONG))
    assert len(pages.logins) == 1


async def test_a_password_never_goes_out_in_clear_text(pages: Pages) -> None:
    pages.scheme = "Basic"
    with pytest.raises(AuthenticationError):
        await take(pages)
    assert pages.logins == []


async def test_a_picture_that_needs_no_login_is_fetched_without_one(pages: Pages) -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=PICTURE)

    pages.page = page
    assert await take(pages) == PICTURE
    assert await take(pages, pages.access(Credentials(username="", password=""))) == PICTURE
    assert pages.logins == []


async def test_a_camera_that_moved_is_asked_where_it_is_now(pages: Pages) -> None:
    assert await take(pages, uri=pages.uri(host="192.0.2.1")) == PICTURE


@pytest.mark.parametrize("uri", ["rtsp://127.0.0.1/x", "file:///etc/passwd", "nonsense", ""])
async def test_what_is_no_address_of_a_picture_is_not_fetched(uri: str) -> None:
    with pytest.raises(NotOnvifError):
        await fetch(Access(host="127.0.0.1", port=80, credentials=RIGHT), uri, seconds=60.0)


@pytest.mark.parametrize(
    "where", ["http://localhost:{port}/x", "//127.0.0.2:{port}/x", "ftp://127.0.0.1/"]
)
async def test_a_redirect_to_another_host_is_not_followed(pages: Pages, where: str) -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": where.format(port=pages.port)})

    pages.page = page
    with pytest.raises(NotOnvifError):
        await take(pages)
    assert len(pages.asked) == 1


async def test_redirects_on_the_camera_are_followed_a_few_times(pages: Pages) -> None:
    led = 0

    async def page(_request: web.Request) -> web.StreamResponse:
        nonlocal led
        led += 1
        if led == 2:
            return web.Response(body=PICTURE)
        return web.Response(status=302, headers={"Location": f"/{led}"})

    pages.page = page
    assert await take(pages) == PICTURE
    with pytest.raises(NotOnvifError):
        await take(pages)
    assert led == 2 + 1 + MAX_REDIRECTS


async def test_a_picture_without_end_is_given_up(pages: Pages) -> None:
    sent = 0

    async def page(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 20 * MOST:
            await response.write(b"\xff" * 1_000_000)
            sent += 1_000_000
        return response

    pages.page = page
    with pytest.raises(NotOnvifError, match="too large"):
        await take(pages)
    assert sent < 20 * MOST


async def test_a_camera_that_never_sends_it_is_not_waited_for(pages: Pages) -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    over = asyncio.Event()
    pages.page = page
    with pytest.raises(CannotConnectError):
        await fetch(pages.access(), pages.uri(), seconds=0.2)
    over.set()


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_an_error_is_no_picture(pages: Pages, status: int) -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=PICTURE)

    pages.page = page
    with pytest.raises(CameraFaultError):
        await take(pages)


async def test_a_device_with_another_certificate_is_sent_nothing() -> None:
    _, fingerprint = self_signed("camera")
    context, shown = self_signed("forger")
    async with Pages(tls=context) as forger:
        with pytest.raises(CertificateError):
            await take(forger, forger.access(certificate=fingerprint))
        assert forger.asked == []
        assert await take(forger, forger.access(certificate=shown)) == PICTURE


async def test_a_camera_with_tls_is_asked_with_tls_whatever_it_said() -> None:
    context, shown = self_signed("camera")
    async with Pages(tls=context) as camera:
        access = camera.access(certificate=shown)
        assert address_of("http://192.0.2.1/snap.jpg", access) == camera.uri()
        assert await take(camera, access, "http://192.0.2.1:80/snap.jpg") == PICTURE


async def test_a_camera_that_had_tls_is_sent_nothing_without_it(pages: Pages) -> None:
    with pytest.raises(CertificateError):
        await take(pages, pages.access(certificate="00" * 32))
    assert pages.asked == []
