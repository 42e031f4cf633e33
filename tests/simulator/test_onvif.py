from __future__ import annotations

import asyncio
import base64
import dataclasses
import io
import os
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from PIL import Image

from simulator import Camera, CameraSpec, ManualClock, Simulator, StreamSpec

from .clips import numbered
from .conftest import PASSWORD, SHORT_GOP
from .soap_client import ask, token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BASIC = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()


@pytest.fixture
async def camera(spec: CameraSpec, cache: Path) -> AsyncIterator[Camera]:
    async with Simulator([spec], cache=cache) as simulator:
        yield simulator.cameras[0]


def signed(camera: Camera, **how: Any) -> str:
    return token(camera.spec.username, PASSWORD, **how)


async def test_the_clock_is_readable_without_login(camera: Camera) -> None:
    reply = await ask(camera.onvif_url, "tds:GetSystemDateAndTime")
    assert reply.status == 200
    assert int(reply.text("Year")) >= 2026


async def test_the_clock_is_readable_even_with_a_wrong_password(camera: Camera) -> None:
    header = token("admin", "wrong")
    reply = await ask(camera.onvif_url, "tds:GetSystemDateAndTime", header=header)
    assert reply.status == 200


async def test_device_information_comes_from_the_description(camera: Camera) -> None:
    header = signed(camera)
    reply = await ask(camera.onvif_url, "tds:GetDeviceInformation", header=header)
    assert reply.text("SerialNumber") == camera.spec.serial
    assert reply.text("Manufacturer") == camera.spec.manufacturer


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("header", ["", token("admin", "wrong")], ids=["missing", "wrong"])
async def test_wrong_or_missing_credentials_are_a_fault_with_the_chosen_status(
    spec: CameraSpec, cache: Path, status: int, header: str
) -> None:
    chosen = dataclasses.replace(spec, fault_status=status)
    async with Simulator([chosen], cache=cache) as simulator:
        url = simulator.cameras[0].onvif_url
        reply = await ask(url, "tds:GetDeviceInformation", header=header)
    assert reply.status == status
    assert reply.texts("Value") == ["env:Sender", "ter:NotAuthorized"]
    assert ("WWW-Authenticate" in reply.headers) is (status == 401)


async def test_a_token_is_good_once(camera: Camera) -> None:
    header = signed(camera)
    first = await ask(camera.onvif_url, "tds:GetScopes", header=header)
    second = await ask(camera.onvif_url, "tds:GetScopes", header=header)
    assert (first.status, second.status) == (200, 400)


async def test_a_nonce_is_good_once_even_in_another_token(camera: Camera) -> None:
    nonce = os.urandom(16)
    for expected in (200, 400):
        header = signed(camera, nonce=nonce)
        reply = await ask(camera.onvif_url, "tds:GetScopes", header=header)
        assert reply.status == expected


@pytest.mark.parametrize(("ahead", "status"), [(-30, 200), (30, 200), (-120, 400), (120, 400)])
async def test_a_token_must_be_made_within_a_minute(
    camera: Camera, ahead: float, status: int
) -> None:
    header = signed(camera, ahead=ahead)
    reply = await ask(camera.onvif_url, "tds:GetScopes", header=header)
    assert reply.status == status


async def test_it_is_the_cameras_own_clock_that_counts(camera: Camera) -> None:
    camera.set_clock_offset(-7200)
    wrong = await ask(camera.onvif_url, "tds:GetScopes", header=signed(camera))
    header = signed(camera, ahead=-7200)
    right = await ask(camera.onvif_url, "tds:GetScopes", header=header)
    assert (wrong.status, right.status) == (400, 200)


async def test_a_plain_password_is_refused_even_if_right(camera: Camera) -> None:
    header = token("admin", PASSWORD, plain=True)
    reply = await ask(camera.onvif_url, "tds:GetScopes", header=header)
    assert reply.status == 400


async def test_http_digest_is_accepted_in_place_of_a_token(spec: CameraSpec, cache: Path) -> None:
    challenging = dataclasses.replace(spec, fault_status=401)
    async with Simulator([challenging], cache=cache) as simulator:
        url = simulator.cameras[0].onvif_url
        for password, status in ((PASSWORD, 200), ("wrong", 401)):
            digest = aiohttp.DigestAuthMiddleware(spec.username, password)
            reply = await ask(url, "tds:GetScopes", middlewares=(digest,))
            assert reply.status == status


async def test_the_services_are_those_of_the_description(spec: CameraSpec, cache: Path) -> None:
    plain = dataclasses.replace(spec, media2=False)
    modern = dataclasses.replace(spec, name="Modern", media1=False)
    async with Simulator([plain, modern], cache=cache) as simulator:
        found = [
            set((await ask(one.onvif_url, "tds:GetServices")).texts("Namespace"))
            for one in simulator.cameras
        ]
    media, media2 = (f"http://www.onvif.org/{one}/media/wsdl" for one in ("ver10", "ver20"))
    assert media in found[0]
    assert media2 not in found[0]
    assert media2 in found[1]
    assert media not in found[1]


async def test_media2_lists_both_profiles_with_codec_and_size(
    spec: CameraSpec, cache: Path
) -> None:
    mixed = dataclasses.replace(
        spec, main=StreamSpec(codec="h265", gop=0.5), sub=StreamSpec(width=160)
    )
    async with Simulator([mixed], cache=cache) as simulator:
        camera = simulator.cameras[0]
        inside = "<Type>VideoEncoder</Type>"
        reply = await ask(camera.onvif_url, "tr2:GetProfiles", inside, header=signed(camera))
        uri = await ask(
            camera.onvif_url,
            "tr2:GetStreamUri",
            "<Protocol>RTSP</Protocol><ProfileToken>profile_main</ProfileToken>",
            header=signed(camera),
        )
        bare = await ask(camera.onvif_url, "tr2:GetProfiles", header=signed(camera))
        assert uri.text("Uri") == camera.main_url
    assert reply.texts("Encoding") == ["H265", "H264"]
    assert reply.texts("Width") == ["320", "160"]
    assert reply.texts("Height") == ["240", "120"]
    assert len(bare.all("Profiles")) == 2
    assert not bare.all("VideoEncoder")


async def test_an_h265_camera_has_no_usable_profile_in_the_first_media_service(
    spec: CameraSpec, cache: Path
) -> None:
    stream = StreamSpec(codec="h265", gop=0.5)
    modern = dataclasses.replace(spec, main=stream, sub=stream)
    async with Simulator([modern], cache=cache) as simulator:
        camera = simulator.cameras[0]
        profiles = await ask(camera.onvif_url, "trt:GetProfiles", header=signed(camera))
        uri = await ask(
            camera.onvif_url,
            "trt:GetStreamUri",
            "<ProfileToken>profile_main</ProfileToken>",
            header=signed(camera),
        )
    assert len(profiles.all("Profiles")) == 2
    assert not profiles.all("VideoEncoderConfiguration")
    assert "ter:IncompleteConfiguration" in uri.texts("Value")


async def test_a_profile_that_is_not_there_is_a_fault(camera: Camera) -> None:
    inside = "<ProfileToken>other</ProfileToken>"
    reply = await ask(camera.onvif_url, "trt:GetStreamUri", inside, header=signed(camera))
    assert reply.status == 400
    assert "ter:NoProfile" in reply.texts("Value")


async def test_an_operation_it_does_not_know_is_a_fault(camera: Camera) -> None:
    reply = await ask(camera.onvif_url, "tds:GetUsers", header=signed(camera))
    assert "ter:ActionNotSupported" in reply.texts("Value")


async def test_a_placeholder_identity_is_reported_unchanged(spec: CameraSpec, cache: Path) -> None:
    placeholder = dataclasses.replace(spec, serial="0123456789", mac="")
    async with Simulator([placeholder], cache=cache) as simulator:
        camera = simulator.cameras[0]
        url = camera.onvif_url
        device = await ask(url, "tds:GetDeviceInformation", header=signed(camera))
        network = await ask(url, "tds:GetNetworkInterfaces", header=signed(camera))
        scopes = await ask(url, "tds:GetScopes", header=signed(camera))
    assert device.text("SerialNumber") == "0123456789"
    assert network.text("HwAddress") is None
    assert not [one for one in scopes.texts("ScopeItem") if "/MAC/" in one]


async def test_an_address_behind_nat_is_written_into_every_answer(
    spec: CameraSpec, cache: Path
) -> None:
    hidden = dataclasses.replace(spec, advertised_host="192.168.99.99")
    async with Simulator([hidden], cache=cache) as simulator:
        camera = simulator.cameras[0]
        services = await ask(camera.onvif_url, "tds:GetServices")
        inside = "<ProfileToken>profile_sub</ProfileToken>"
        uri = await ask(camera.onvif_url, "trt:GetStreamUri", inside, header=signed(camera))
    assert all("//192.168.99.99:" in one for one in services.texts("XAddr"))
    assert uri.text("Uri").startswith("rtsp://192.168.99.99:")


async def test_a_snapshot_is_the_picture_in_view(spec: CameraSpec, cache: Path) -> None:
    clock = ManualClock()
    async with Simulator([spec], cache=cache, clock=clock) as simulator:
        camera = simulator.cameras[0]
        url = f"http://{camera.host}:{camera.port}/snapshot/main.jpg"
        await clock.advance(3 + 1.75)
        digest = aiohttp.DigestAuthMiddleware(spec.username, PASSWORD)
        async with (
            aiohttp.ClientSession(middlewares=(digest,)) as client,
            client.get(url) as response,
        ):
            assert response.content_type == "image/jpeg"
            picture = Image.open(io.BytesIO(await response.read())).convert("L")
    expected = Image.fromarray(numbered(17)).convert("L")
    columns = range(20, 320, 40)
    assert picture.size == (320, 240)
    assert [picture.getpixel((x, 120)) > 127 for x in columns] == [
        expected.getpixel((x, 120)) > 127 for x in columns
    ]


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Basic {BASIC}"}])
async def test_a_snapshot_is_refused_without_digest(
    camera: Camera, headers: dict[str, str]
) -> None:
    url = f"http://{camera.host}:{camera.port}/snapshot/main.jpg"
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.get(url) as response,
    ):
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Digest ")


async def test_a_silenced_camera_answers_when_the_silence_ends(camera: Camera) -> None:
    camera.silence_onvif(on=True)
    waiting = asyncio.create_task(ask(camera.onvif_url, "tds:GetSystemDateAndTime"))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    assert not done
    camera.silence_onvif(on=False)
    assert (await waiting).status == 200


async def test_a_silent_camera_can_be_switched_off(camera: Camera) -> None:
    camera.silence_onvif(on=True)
    waiting = asyncio.create_task(ask(camera.onvif_url, "tds:GetSystemDateAndTime"))
    await asyncio.wait({waiting}, timeout=0.1)
    async with asyncio.timeout(60):
        await camera.go_offline()
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_a_camera_offline_refuses_connections_and_comes_back(camera: Camera) -> None:
    port = camera.port
    await camera.go_offline()
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(camera.onvif_url, "tds:GetSystemDateAndTime")
    await camera.go_online()
    assert camera.port == port
    assert (await ask(camera.onvif_url, "tds:GetSystemDateAndTime")).status == 200


async def test_invalid_soap_is_a_fault(camera: Camera) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.post(camera.onvif_url, data=b"hello") as response,
    ):
        assert response.status == 400
        assert "ter:WellFormed" in await response.text()


async def test_cameras_of_one_simulator_have_identities_of_their_own(
    counting: Path, cache: Path
) -> None:
    specs = [
        CameraSpec(video=counting, name=name, main=SHORT_GOP, sub=SHORT_GOP)
        for name in ("Front", "Back")
    ]
    async with Simulator(specs, cache=cache) as simulator:
        front, back = simulator.cameras
        assert front.port != back.port
        assert front.spec.mac != back.spec.mac
        assert front.spec.uuid != back.spec.uuid
        assert front.spec.serial != back.spec.serial
