"""A camera's certificate is remembered; another one gets no login."""

from __future__ import annotations

import pytest
from porchlight.onvif.errors import CertificateError

from simulator.certificate import self_signed

from .acme import Acme
from .test_client import read

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_the_certificate_is_reported_and_accepted_again() -> None:
    context, fingerprint = self_signed("camera")
    async with Acme(tls=context) as camera:
        report = await read(camera, secure=True)
        assert report.certificate == fingerprint
        again = await read(camera, secure=True, certificate=fingerprint)
    assert again.certificate == fingerprint


async def test_a_device_with_another_certificate_is_sent_nothing() -> None:
    _, fingerprint = self_signed("camera")
    context, _ = self_signed("forger")
    async with Acme(tls=context) as forger:
        with pytest.raises(CertificateError):
            await read(forger, secure=True, certificate=fingerprint)
        assert forger.asked == []


async def test_a_camera_that_had_tls_is_sent_nothing_without_it() -> None:
    async with Acme() as camera:
        with pytest.raises(CertificateError):
            await read(camera, certificate="00" * 32)
        assert camera.asked == []


async def test_without_tls_there_is_no_certificate() -> None:
    async with Acme() as camera:
        assert (await read(camera)).certificate is None


async def test_services_that_are_announced_without_tls_are_called_with_it() -> None:
    context, _ = self_signed("camera")
    async with Acme(tls=context) as camera:
        # Its answers say http://.
        camera.announced = f"http://127.0.0.1:{camera.port}"
        report = await read(camera, secure=True)
    assert report.record.token == "main"
