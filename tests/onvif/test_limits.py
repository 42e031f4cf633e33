"""What a camera answers costs no failed login, leads nowhere else, and has a limit."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from porchlight.onvif.errors import AuthenticationError, NotOnvifError
from porchlight.onvif.web import MAX_ANSWER, MAX_REDIRECTS

from .acme import DEVICE, Acme, soap
from .clock import BUSY
from .test_client import RIGHT, WRONG, read

if TYPE_CHECKING:
    from porchlight.onvif.values import Credentials

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize(
    ("status", "where"),
    [(307, "http://localhost:{port}/x"), (308, "//127.0.0.2:{port}/x"), (302, "rtsp://127.0.0.1/")],
)
async def test_a_redirect_to_another_host_or_scheme_is_not_followed(
    status: int, where: str
) -> None:
    async def lead_away(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": where.format(port=camera.port)})

    async with Acme() as camera:
        camera.answers[DEVICE, "GetDeviceInformation"] = lead_away
        with pytest.raises(NotOnvifError):
            await read(camera)
        assert camera.signed == ["GetDeviceInformation"]


async def test_a_redirect_to_another_path_of_the_camera_is_followed_a_few_times() -> None:
    led = 0

    async def lead_on(_request: web.Request, _token: str | None) -> web.StreamResponse:
        nonlocal led
        led += 1
        if led > 2:
            return soap(camera._information())
        return web.Response(status=307, headers={"Location": f"/path/{led}"})

    async with Acme() as camera:
        camera.answers[DEVICE, "GetDeviceInformation"] = lead_on
        assert (await read(camera)).manufacturer == "Acme"
        led = -100
        with pytest.raises(NotOnvifError):
            await read(camera)
        assert led == -100 + 1 + MAX_REDIRECTS


@pytest.mark.parametrize("coding", [web.ContentCoding.gzip, web.ContentCoding.deflate])
async def test_a_packed_answer_is_unpacked(coding: web.ContentCoding) -> None:
    async def pack(_request: web.Request, _token: str | None) -> web.StreamResponse:
        answer = soap(camera._information())
        answer.enable_compression(coding)
        return answer

    async with Acme() as camera:
        camera.answers[DEVICE, "GetDeviceInformation"] = pack
        assert (await read(camera)).manufacturer == "Acme"


async def test_an_answer_that_cannot_be_unpacked_is_no_answer() -> None:
    async def garbage(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return web.Response(body=b"<Envelope/>", headers={"Content-Encoding": "br"})

    async with Acme() as camera:
        camera.answers[DEVICE, "GetDeviceInformation"] = garbage
        with pytest.raises(NotOnvifError, match="unpacked"):
            await read(camera)


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_that_is_too_large_is_no_answer(packed: bool) -> None:
    sent = 0

    async def flood(request: web.Request, _token: str | None) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/soap+xml"})
        if packed:
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" " * 1_000_000)
            sent += 1_000_000
        return response

    async with Acme() as camera:
        camera.answers[DEVICE, "GetDeviceInformation"] = flood
        with pytest.raises(NotOnvifError, match="too large"):
            await read(camera)
    assert packed or sent < 10 * MAX_ANSWER


@pytest.mark.parametrize("credentials", [RIGHT, WRONG])
async def test_a_clock_that_needs_a_login_is_read_from_the_refusal(
    credentials: Credentials,
) -> None:
    async with Acme(clock_offset=timedelta(days=3)) as camera:

        async def refuse(_request: web.Request, _token: str | None) -> web.StreamResponse:
            answer = camera.refusal()
            answer.headers["Date"] = format_datetime(camera.now(), usegmt=True)
            return answer

        camera.answers[DEVICE, "GetSystemDateAndTime"] = refuse
        if credentials is WRONG:
            with pytest.raises(AuthenticationError):
                await read(camera, credentials)
            assert camera.signed == ["GetDeviceInformation"]
        else:
            assert (await read(camera)).clock_offset == pytest.approx(3 * 86_400, abs=BUSY)
