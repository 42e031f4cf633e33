from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import socket
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_socket
from aiohttp import web
from porchlight.onvif.client import inspect
from porchlight.onvif.connection import camera_time
from porchlight.onvif.errors import (
    AuthenticationError,
    CannotConnectError,
    NotOnvifError,
    OnvifError,
)
from porchlight.onvif.values import CameraReport, Credentials, EventKind, Problem

from .acme import DEVICE, EVENTS, MEDIA, PASSWORD, USERNAME, Acme, Stream, fault, soap
from .clock import BUSY, LONG, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("socket_enabled")

RIGHT = Credentials(username=USERNAME, password=PASSWORD)
WRONG = Credentials(username=USERNAME, password="guess")


async def read(camera: Acme, credentials: Credentials = RIGHT, **rest: Any) -> CameraReport:
    return await inspect(camera.host, camera.port, credentials, **rest)


async def not_supported(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return fault("ter:ActionNotSupported", "Optional Action Not Implemented", status=500)


async def plain_401(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return web.Response(status=401)


async def test_a_camera_is_described_by_its_answers() -> None:
    async with Acme() as camera:
        report = await read(camera)
    assert (report.manufacturer, report.model, report.name) == ("Acme", "Eye", "Acme Eye")
    assert (report.firmware, report.serial) == ("1.2", "A7X")
    assert report.mac == report.unique_id == "02:00:5e:00:53:0b"
    assert (report.host, report.port) == ("127.0.0.1", camera.port)
    assert [profile.token for profile in report.profiles] == ["sub", "main"]
    assert (report.analyse.token, report.record.token) == ("sub", "main")
    assert report.analyse.uri == "rtsp://127.0.0.1:554/sub"
    assert report.analyse.snapshot_uri == f"http://127.0.0.1:{camera.port}/sub.jpg?size=1"
    assert report.has_events
    assert report.events == (EventKind.MOTION,)
    assert not report.has_media2
    assert set(report.problems) == {Problem.SCOPES, Problem.ENDPOINT}
    assert abs(report.clock_offset) < BUSY


@pytest.mark.parametrize("days", [3, -3, -20_000])
async def test_signing_follows_a_clock_that_is_days_off(days: int) -> None:
    async with Acme(clock_offset=timedelta(days=days)) as camera:
        report = await read(camera)
    assert report.clock_offset == pytest.approx(days * 86_400, abs=BUSY)


async def test_a_camera_with_a_wrong_time_that_it_does_not_report_refuses_the_login() -> None:
    async with Acme(
        clock_offset=timedelta(days=3), answers={(DEVICE, "GetSystemDateAndTime"): not_supported}
    ) as camera:
        with pytest.raises(AuthenticationError):
            await read(camera)


async def test_a_camera_without_a_clock_call_is_tolerated() -> None:
    async with Acme(answers={(DEVICE, "GetSystemDateAndTime"): not_supported}) as camera:
        report = await read(camera)
    assert Problem.CLOCK in report.problems
    assert report.clock_offset == 0


async def test_a_camera_whose_clock_call_is_not_soap_is_tolerated() -> None:
    async def page(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return web.Response(status=404, text="<html/>")

    async with Acme(answers={(DEVICE, "GetSystemDateAndTime"): page}) as camera:
        assert Problem.CLOCK in (await read(camera)).problems


async def test_a_camera_with_an_impossible_time_is_tolerated() -> None:
    async def month_zero(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return soap(re.sub(r"(?<=<tt:Month>)\d+", "0", camera._time()))

    async with Acme() as camera:
        camera.answers[DEVICE, "GetSystemDateAndTime"] = month_zero
        report = await read(camera)
    assert Problem.CLOCK in report.problems
    assert report.record.token == "main"


async def test_a_clock_set_while_we_read_is_read_again() -> None:
    async with Acme() as camera:

        async def set_clock(_request: web.Request, _token: str | None) -> web.StreamResponse:
            camera.clock_offset = timedelta(hours=2)
            del camera.answers[DEVICE, "GetDeviceInformation"]
            return camera.refusal()

        camera.answers[DEVICE, "GetDeviceInformation"] = set_clock
        report = await read(camera)
    assert report.clock_offset == pytest.approx(7200, abs=BUSY)


@pytest.mark.parametrize(
    "refusal",
    [
        lambda: fault("ter:NotAuthorized", "Sender", status=400),
        lambda: fault("ter:NotAuthorized", "Sender", status=500),
        lambda: fault("ter:NotAuthorized", "Sender", status=200),
        lambda: fault("ter:OperationProhibited", "Sender not Authorized", status=400),
        lambda: fault("wsse:FailedAuthentication", "no", status=400),
        lambda: fault("ter:Other", "the sender is not authorised", status=500),
        lambda: fault("ter:Other", "Authority failure", status=500),
        lambda: fault("ter:Other", "Wrong username or password", status=500),
        lambda: fault("ter:Other", "wordless", status=401),
        lambda: web.Response(status=401),
        lambda: web.Response(status=403, text="<html>Forbidden</html>"),
    ],
)
async def test_a_wrong_password_is_recognized_in_any_wording(
    refusal: Callable[[], web.Response],
) -> None:
    async with Acme(refusal=refusal) as camera:
        with pytest.raises(AuthenticationError) as caught:
            await read(camera, WRONG)
        assert "guess" not in str(caught.value)
        # Cameras lock accounts.
        assert camera.signed == ["GetDeviceInformation"]


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        ("GetServices", None),
        ("GetNetworkInterfaces", Problem.NETWORK_INTERFACES),
        ("GetScopes", Problem.SCOPES),
    ],
)
async def test_one_401_on_an_optional_call_is_not_a_wrong_password(
    operation: str, problem: Problem | None
) -> None:
    async with Acme(answers={(DEVICE, operation): plain_401}) as camera:
        report = await read(camera)
    assert report.record.token == "main"
    assert problem is None or problem in report.problems


@pytest.mark.parametrize("operation", ["GetProfiles", "GetStreamUri"])
async def test_a_refusal_of_the_streams_is_a_wrong_password(operation: str) -> None:
    async with Acme(answers={(MEDIA, operation): plain_401}) as camera:
        with pytest.raises(AuthenticationError):
            await read(camera)
        assert camera.asked.count("GetDeviceInformation") == 1


async def test_one_refused_stream_of_two_is_left_out() -> None:
    async def only_main(_request: web.Request, token: str | None) -> web.StreamResponse:
        if token == "sub":
            return web.Response(status=401)
        return soap(camera._uri("trt", "Stream", token))

    async with Acme() as camera:
        camera.answers[MEDIA, "GetStreamUri"] = only_main
        report = await read(camera)
    assert [profile.token for profile in report.profiles] == ["main"]
    assert Problem.STREAM_URI in report.problems


@pytest.mark.parametrize(
    "page",
    [
        lambda: web.Response(text="<html><body>Router</body></html>", content_type="text/html"),
        lambda: web.Response(status=404),
        lambda: web.Response(status=500, text="oops"),
        lambda: web.json_response({"error": "method"}),
    ],
    ids=["HTML", "404", "500", "JSON"],
)
async def test_a_web_server_is_not_a_camera(page: Callable[[], web.Response]) -> None:
    async def answer(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return page()

    operations = ("GetSystemDateAndTime", "GetDeviceInformation")
    async with Acme(answers={(DEVICE, each): answer for each in operations}) as camera:
        with pytest.raises(NotOnvifError):
            await read(camera)


async def test_a_closed_port_cannot_be_connected_to() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with pytest.raises(CannotConnectError):
        await inspect("127.0.0.1", port, RIGHT)


async def test_a_name_that_does_not_exist_cannot_be_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def unknown(*_args: object, **_rest: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(CannotConnectError):
        await inspect("camera.invalid", 80, RIGHT)


async def test_a_camera_that_never_answers_cannot_be_connected_to() -> None:
    async with Acme() as camera:
        camera.answers[DEVICE, "GetSystemDateAndTime"] = camera.hang
        with pytest.raises(CannotConnectError):
            await read(camera, timeout=0.3)


async def test_the_deadline_holds_for_the_whole_inspection(clock: Clock) -> None:
    hanging = ("GetNetworkInterfaces", "GetScopes", "GetEndpointReference", "GetServices")
    async with Acme() as camera:
        hang = clock.before(LONG / 3 + 1, camera.hang)
        camera.answers |= {(DEVICE, each): hang for each in hanging}
        with pytest.raises(CannotConnectError, match="longer than 600 s"):
            await read(camera, timeout=LONG)


@pytest.mark.parametrize(
    ("namespace", "operation", "problem"),
    [
        (DEVICE, "GetNetworkInterfaces", Problem.NETWORK_INTERFACES),
        (MEDIA, "GetSnapshotUri", Problem.SNAPSHOT_URI),
    ],
)
async def test_an_optional_call_that_hangs_leaves_time_for_the_rest(
    namespace: str, operation: str, problem: Problem, clock: Clock
) -> None:
    async with Acme() as camera:
        camera.answers[namespace, operation] = clock.before(LONG / 3 + 1, camera.hang)
        report = await read(camera, timeout=LONG)
        assert camera.asked.count(operation) == 1
    assert problem in report.problems
    assert report.record.uri


async def test_streams_that_hang_are_a_lost_connection_and_asked_for_once(clock: Clock) -> None:
    async with Acme() as camera:
        camera.answers[MEDIA, "GetStreamUri"] = clock.before(LONG / 3 + 1, camera.hang)
        with pytest.raises(CannotConnectError):
            await read(camera, timeout=LONG)
        assert camera.asked.count("GetStreamUri") == 1


async def test_a_connection_cut_in_the_middle_is_a_lost_connection() -> None:
    async def cut(request: web.Request, _token: str | None) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with Acme(answers={(DEVICE, "GetDeviceInformation"): cut}) as camera:
        with pytest.raises(CannotConnectError):
            await read(camera)


@pytest.mark.parametrize("announced", ["http://192.168.1.1", "http://0.0.0.0:8899"])
async def test_outdated_addresses_are_redirected_to_the_reached_camera(announced: str) -> None:
    streams = (Stream(token="sub", uri="rtsp://192.168.1.1:8554/sub?a=1"),)
    async with Acme(announced=announced, media=streams) as camera:
        report = await read(camera)
    assert report.record.uri == "rtsp://127.0.0.1:8554/sub?a=1"
    assert report.record.snapshot_uri == f"http://127.0.0.1:{camera.port}/sub.jpg?size=1"


async def test_credentials_are_in_no_uri_no_log_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    streams = (
        Stream(token="sub", uri=f"rtsp://{USERNAME}:p@ss/w:rd #?%é@127.0.0.1:554/sub"),
        Stream(token="main", width=1920, uri="rtsp://other:secret@127.0.0.1/main"),
    )
    with caplog.at_level(logging.DEBUG):
        async with Acme(media=streams) as camera:
            report = await read(camera)
            with pytest.raises(OnvifError) as caught:
                await read(camera, WRONG)
    assert report.analyse.uri == "rtsp://127.0.0.1:554/sub"
    assert report.record.uri == "rtsp://127.0.0.1/main"
    shown = caplog.text + repr(caught.value) + repr(caught.value.__cause__)
    for secret in ("w:rd", "guess", "secret"):
        assert secret not in shown


async def test_an_ipv6_literal_is_a_host() -> None:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1"])
    streams = (Stream(token="sub", uri="rtsp://[fe80::1]:554/sub"),)
    async with Acme(host="::1", media=streams) as camera:
        for host in ("::1", "[::1]"):
            report = await inspect(host, camera.port, RIGHT)
            assert report.record.uri == "rtsp://[::1]:554/sub"
            assert report.host == "::1"


async def test_a_camera_without_get_services_is_read_by_its_capabilities() -> None:
    async with Acme(answers={(DEVICE, "GetServices"): not_supported}) as camera:
        report = await read(camera)
    assert report.record.token == "main"
    assert not report.has_events
    assert Problem.SERVICES not in report.problems


async def test_services_without_media_are_completed_by_the_capabilities() -> None:
    async def only_events(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return soap(
            f"<tds:GetServicesResponse><tds:Service><tds:Namespace>{EVENTS}</tds:Namespace>"
            f"<tds:XAddr>http://127.0.0.1:{camera.port}/e</tds:XAddr><tds:Version/></tds:Service>"
            "<tds:Service><tds:Namespace>junk</tds:Namespace><tds:XAddr>junk</tds:XAddr>"
            "<tds:Version/></tds:Service></tds:GetServicesResponse>"
        )

    async with Acme() as camera:
        camera.answers[DEVICE, "GetServices"] = only_events
        report = await read(camera)
    assert report.record.token == "main"
    assert report.has_events


async def test_a_camera_that_names_no_services_is_asked_where_it_was_reached() -> None:
    silent = ("GetServices", "GetCapabilities", "GetNetworkInterfaces")
    async with Acme(answers={(DEVICE, each): not_supported for each in silent}) as camera:
        report = await read(camera)
    assert report.record.token == "main"
    assert Problem.SERVICES in report.problems
    assert (report.unique_id, report.serial) == (None, "A7X")


async def test_the_device_may_keep_its_name_to_itself() -> None:
    async with Acme(answers={(DEVICE, "GetDeviceInformation"): not_supported}) as camera:
        report = await read(camera)
    assert (report.manufacturer, report.serial, report.name) == ("", "", "127.0.0.1")
    assert Problem.DEVICE_INFORMATION in report.problems


async def test_scopes_give_the_name_and_the_endpoint_the_id() -> None:
    async def scopes(_request: web.Request, _token: str | None) -> web.StreamResponse:
        items = "".join(
            "<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef>"
            f"<tt:ScopeItem>onvif://www.onvif.org/{item}</tt:ScopeItem></tds:Scopes>"
            for item in ("name/", "name/Back%20door", "hardware/Eye")
        )
        return soap(f"<tds:GetScopesResponse>{items}</tds:GetScopesResponse>")

    async def reference(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return soap(
            "<tds:GetEndpointReferenceResponse><tds:GUID>urn:uuid:"
            "5F5A69C2-E0AE-504F-829B-00AB6E6C02C1</tds:GUID></tds:GetEndpointReferenceResponse>"
        )

    answers = {
        (DEVICE, "GetScopes"): scopes,
        (DEVICE, "GetEndpointReference"): reference,
        (DEVICE, "GetNetworkInterfaces"): not_supported,
    }
    async with Acme(answers=answers) as camera:
        report = await read(camera)
        given = await inspect(camera.host, camera.port, RIGHT, endpoint="urn:uuid:given-1")
    assert report.name == "Back door"
    assert report.endpoint == report.unique_id == "5f5a69c2-e0ae-504f-829b-00ab6e6c02c1"
    assert given.unique_id == "given-1"


async def test_a_camera_without_accounts_is_asked_unsigned() -> None:
    async with Acme(open_to_all=True) as camera:
        await read(camera, Credentials(username="", password=""))
        assert camera.signed == []


async def test_a_camera_that_insists_on_http_digest_is_served() -> None:
    challenged: list[str] = []

    async def challenge(request: web.Request, _token: str | None) -> web.StreamResponse:
        authorization = request.headers.get("Authorization", "")
        challenged.append(authorization)
        if f'username="{USERNAME}"' in authorization:
            return soap(camera._information())
        header = {"WWW-Authenticate": 'Digest realm="acme", nonce="n", qop="auth"'}
        return web.Response(status=401, headers=header)

    async with Acme() as camera:
        camera.answers[DEVICE, "GetDeviceInformation"] = challenge
        report = await read(camera)
    assert report.manufacturer == "Acme"
    assert challenged[0] == ""
    assert challenged[1].startswith("Digest ")


async def test_the_proxy_settings_of_the_process_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with Acme() as camera:
        await read(camera)
    assert os.environ["http_proxy"] == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "operation",
    [
        "GetSystemDateAndTime",
        "GetDeviceInformation",
        "GetServices",
        "GetNetworkInterfaces",
        "GetScopes",
        "GetEndpointReference",
    ],
)
async def test_an_empty_answer_of_the_device_is_tolerated(operation: str) -> None:
    async def empty(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return soap(f"<tds:{operation}Response/>")

    async with Acme(answers={(DEVICE, operation): empty}) as camera:
        report = await read(camera)
    assert report.record.token == "main"


def open_sessions() -> int:
    return sum(
        isinstance(each, aiohttp.ClientSession) and not each.closed for each in gc.get_objects()
    )


async def test_every_session_is_closed_after_success_failure_and_cancellation() -> None:
    before = open_sessions()
    async with Acme() as camera:
        await read(camera)
        with pytest.raises(AuthenticationError):
            await read(camera, WRONG)
        assert open_sessions() == before
        arrived = asyncio.Event()

        async def hold(request: web.Request, token: str | None) -> web.StreamResponse:
            arrived.set()
            return await camera.hang(request, token)

        camera.answers[MEDIA, "GetProfiles"] = hold
        task = asyncio.create_task(read(camera))
        await arrived.wait()
        assert open_sessions() > before
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert open_sessions() == before


def moment(*, year: int = 2026, month: int = 5, day: int = 1, **time: int | None) -> object:
    parts = {"Hour": 0, "Minute": 0, "Second": 0} | time
    return SimpleNamespace(
        UTCDateTime=SimpleNamespace(
            Date=SimpleNamespace(Year=year, Month=month, Day=day), Time=SimpleNamespace(**parts)
        )
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (moment(Hour=1, Second=3), "2026-05-01T01:00:03+00:00"),
        (moment(Hour=24), "2026-05-02T00:00:00+00:00"),
        (moment(Minute=61, Second=60), "2026-05-01T01:02:00+00:00"),
        (moment(year=1970, month=1), "1970-01-01T00:00:00+00:00"),
        (moment(month=0), None),
        (moment(year=0), None),
        (moment(Hour=None), None),
        (moment(year=9999, month=12, day=31, Hour=99), None),
        (SimpleNamespace(UTCDateTime=None), None),
        (None, None),
    ],
)
def test_a_camera_time_is_read_or_rejected(answer: object, expected: str | None) -> None:
    time = camera_time(answer)
    assert (time and time.isoformat()) == expected
