"""A camera's presets are read, and it is turned and restarted, with as few logins as possible."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from porchlight.onvif.client import inspect
from porchlight.onvif.controls import LONGEST_NAME, MOST_PRESETS, go_to, reboot
from porchlight.onvif.errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    CertificateError,
    ForbiddenError,
)
from porchlight.onvif.values import Access, CameraReport, Credentials, Preset, Problem

from simulator.certificate import self_signed

from .acme import DEVICE, PTZ, Acme, Stream, fault, soap
from .clock import LONG, Clock
from .test_client import RIGHT, WRONG

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("socket_enabled")

GATE = Preset(profile="sub", token="1", name="Gate")


def reach(camera: Acme, credentials: Credentials = RIGHT, **changes: Any) -> Access:
    return replace(Access(host=camera.host, port=camera.port, credentials=credentials), **changes)


async def read(camera: Acme) -> CameraReport:
    return await inspect(camera.host, camera.port, RIGHT)


def listing(inside: str) -> Callable[..., Any]:
    """An answer to GetPresets."""

    async def answer(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return soap(
            f"<p:GetPresetsResponse xmlns:p='{PTZ}'>{inside}</p:GetPresetsResponse>",
        )

    return answer


def preset(token: str, name: str = "") -> str:
    return f"<p:Preset token='{token}'><tt:Name>{name}</tt:Name></p:Preset>"


async def test_a_camera_without_the_service_has_no_presets() -> None:
    async with Acme() as camera:
        report = await read(camera)
        assert "GetPresets" not in camera.asked
    assert report.presets == ()
    assert Problem.PRESETS not in report.problems


async def test_presets_are_read_once_for_each_view() -> None:
    streams = (
        Stream(token="sub"),
        Stream(token="main", width=1920, height=1080),
        Stream(token="other", source="second lens"),
    )
    async with Acme(media=streams, ptz=True) as camera:

        async def answer(_request: web.Request, token: str | None) -> web.StreamResponse:
            return await listing(preset("1", f"Gate of {token}"))(_request, token)

        camera.answers[PTZ, "GetPresets"] = answer
        report = await read(camera)
        assert camera.asked.count("GetPresets") == 2
    assert report.presets == (
        Preset(profile="sub", token="1", name="Gate of sub"),
        Preset(profile="other", token="1", name="Gate of other"),
    )


async def test_another_profile_of_the_view_is_asked_if_one_does_not_turn() -> None:
    async with Acme(ptz=True) as camera:

        async def only_main(request: web.Request, token: str | None) -> web.StreamResponse:
            if token == "sub":
                return fault("ter:InvalidArgVal", "No PTZ configuration")
            return await listing(preset("1", "Gate"))(request, token)

        camera.answers[PTZ, "GetPresets"] = only_main
        report = await read(camera)
    assert report.presets == (Preset(profile="main", token="1", name="Gate"),)
    assert Problem.PRESETS not in report.problems


async def test_what_is_listed_is_bounded_and_odd_presets_are_left_out() -> None:
    listed = preset("", "no token") + preset("x" * 129, "long token") + "<p:Other token='9'/>"
    listed += preset("7", "n" * 1000) + preset("7", "again") + "<!-- odd --><p:Preset token='8'/>"
    listed += "".join(preset(f"{number}", f"P{number}") for number in range(100, 400))
    async with Acme(ptz=True, answers={(PTZ, "GetPresets"): listing(listed)}) as camera:
        report = await read(camera)
    assert report.presets is not None
    assert report.presets[:3] == (
        Preset(profile="sub", token="7", name="n" * LONGEST_NAME),
        Preset(profile="sub", token="8"),
        Preset(profile="sub", token="100", name="P100"),
    )
    assert len(report.presets) == MOST_PRESETS


async def refused(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return web.Response(status=401)


async def faulty(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return fault("ter:ActionNotSupported", "no", status=500)


@pytest.mark.parametrize(("answer", "times"), [(refused, 1), (faulty, 2)])
async def test_a_camera_that_does_not_say_is_tolerated_and_not_pressed(
    answer: Any, times: int
) -> None:
    async with Acme(ptz=True, answers={(PTZ, "GetPresets"): answer}) as camera:
        report = await read(camera)
        assert camera.asked.count("GetPresets") == times
    assert report.presets is None
    assert Problem.PRESETS in report.problems
    assert report.record.token == "main"


async def test_presets_that_never_arrive_leave_time_for_the_rest(clock: Clock) -> None:
    async with Acme(ptz=True) as camera:
        camera.answers[PTZ, "GetPresets"] = clock.before(LONG / 3 + 1, camera.hang)
        report = await inspect(camera.host, camera.port, RIGHT, timeout=LONG)
        assert camera.asked.count("GetPresets") == 1
    assert report.presets is None
    assert report.record.uri


async def test_a_service_that_only_get_capabilities_names_is_found() -> None:
    async with Acme(ptz=True, answers={(DEVICE, "GetServices"): faulty}) as camera:
        camera.answers[PTZ, "GetPresets"] = listing(preset("1", "Gate"))
        report = await read(camera)
    assert report.presets == (GATE,)


@pytest.mark.parametrize("control", ["go_to", "reboot"])
async def test_a_wrong_password_is_one_failed_login(control: str) -> None:
    async with Acme(ptz=True) as camera:
        access = reach(camera, WRONG)
        with pytest.raises(AuthenticationError):
            await (go_to(access, GATE) if control == "go_to" else reboot(access))
        assert camera.signed == ["GetDeviceInformation"]


@pytest.mark.parametrize("control", ["go_to", "reboot"])
async def test_a_user_without_the_right_is_not_a_wrong_password(control: str) -> None:
    async with Acme(ptz=True) as camera:
        camera.answers[PTZ, "GotoPreset"] = camera.answers[DEVICE, "SystemReboot"] = refused
        with pytest.raises(ForbiddenError):
            await (go_to(reach(camera), GATE) if control == "go_to" else reboot(reach(camera)))
        assert {"go_to": "GotoPreset", "reboot": "SystemReboot"}[control] == camera.signed[-1]
        assert len(set(camera.signed)) == len(camera.signed)


async def test_a_camera_with_a_wrong_clock_is_controlled() -> None:
    async with Acme(ptz=True, clock_offset=timedelta(days=-3)) as camera:
        await go_to(reach(camera), GATE)
        await reboot(reach(camera))
        assert camera.asked.count("GotoPreset") == camera.asked.count("SystemReboot") == 1


async def test_a_camera_that_does_not_know_the_preset_is_a_fault() -> None:
    async with Acme(ptz=True, answers={(PTZ, "GotoPreset"): faulty}) as camera:
        with pytest.raises(CameraFaultError):
            await go_to(reach(camera), GATE)


async def test_a_camera_whose_service_is_gone_is_a_fault() -> None:
    async with Acme() as camera:
        with pytest.raises(CameraFaultError):
            await go_to(reach(camera), GATE)
        assert "GotoPreset" not in camera.asked


async def test_a_restart_with_any_answer_or_none_is_a_restart() -> None:
    async def wordless(_request: web.Request, _token: str | None) -> web.StreamResponse:
        return soap("<tds:SystemRebootResponse/>")

    async def hang_up(request: web.Request, _token: str | None) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with Acme() as camera:
        for answer in (wordless, hang_up):
            camera.answers[DEVICE, "SystemReboot"] = answer
            await reboot(reach(camera))
        assert camera.asked.count("SystemReboot") == 2


async def test_a_restart_that_is_refused_or_never_answered_is_not_one(clock: Clock) -> None:
    async with Acme() as camera:
        camera.answers[DEVICE, "SystemReboot"] = faulty
        with pytest.raises(CameraFaultError):
            await reboot(reach(camera))
        camera.answers[DEVICE, "SystemReboot"] = clock.before(LONG / 2 + 1, camera.hang)
        with pytest.raises(CannotConnectError):
            await reboot(reach(camera), seconds=LONG)
        assert camera.asked.count("SystemReboot") == 2


async def test_a_turn_that_loses_its_connection_is_not_done() -> None:
    async def hang_up(request: web.Request, _token: str | None) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with Acme(ptz=True, answers={(PTZ, "GotoPreset"): hang_up}) as camera:
        with pytest.raises(CannotConnectError):
            await go_to(reach(camera), GATE)


async def test_a_device_with_another_certificate_is_sent_nothing() -> None:
    _, fingerprint = self_signed("camera")
    context, shown = self_signed("forger")
    async with Acme(ptz=True, tls=context) as forger:
        access = reach(forger, secure=True, certificate=fingerprint)
        with pytest.raises(CertificateError):
            await go_to(access, GATE)
        with pytest.raises(CertificateError):
            await reboot(access)
        assert forger.asked == []
        await reboot(replace(access, certificate=shown))
        assert forger.asked[-1] == "SystemReboot"
