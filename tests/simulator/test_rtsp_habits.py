from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import re
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from simulator import Camera, CameraSpec, ManualClock, Simulator
from simulator.errors import SpecError

from .conftest import PASSWORD
from .rtsp_client import RtspClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def camera(spec: CameraSpec, cache: Path, clock: ManualClock) -> AsyncIterator[Camera]:
    async with Simulator([spec], cache=cache, clock=clock) as simulator:
        yield simulator.cameras[0]


async def connect(camera: Camera) -> RtspClient:
    return await RtspClient(camera.main_url, camera.spec.username, PASSWORD).connect()


async def test_challenges_come_in_the_order_of_the_spec_and_each_can_be_answered(
    spec: CameraSpec, cache: Path
) -> None:
    both = dataclasses.replace(spec, rtsp_digest="SHA-256+MD5")
    async with Simulator([both], cache=cache) as simulator:
        camera = simulator.cameras[0]
        client = await connect(camera)
        client._writer.write(f"DESCRIBE {camera.main_url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        head = (await client._reader.readuntil(b"\r\n\r\n")).decode()
        assert re.findall(r"WWW-Authenticate: Digest .*algorithm=([\w-]+)", head) == [
            "SHA-256",
            "MD5",
        ]
        nonce = re.search(r'nonce="(\w+)"', head)[1]
        for name, kind in (("SHA-256", hashlib.sha256), ("MD5", hashlib.md5)):

            def hashed(text: str, kind: Any = kind) -> str:
                return kind(text.encode()).hexdigest()

            who = hashed(f"admin:RTSP SIM-1:{PASSWORD}")
            response = hashed(f"{who}:{nonce}:{hashed(f'DESCRIBE:{camera.main_url}')}")
            login = (
                f'Digest username="admin", realm="RTSP SIM-1", nonce="{nonce}", '
                f'uri="{camera.main_url}", algorithm={name}, response="{response}"'
            )
            assert (await client.ask_once("DESCRIBE", Authorization=login)).status == 200
            wrong = login.replace(response, "0" * len(response))
            assert (await client.ask_once("DESCRIBE", Authorization=wrong)).status == 401
        assert camera.state().refused_logins == 2
        await client.close()


async def test_a_camera_without_sha_256_takes_no_answer_by_it(camera: Camera) -> None:
    client = await connect(camera)
    login = 'Digest username="admin", algorithm=SHA-256, response="0"'
    assert (await client.ask_once("DESCRIBE", Authorization=login)).status == 401
    await client.close()


async def test_options_may_be_unknown(spec: CameraSpec, cache: Path) -> None:
    old = dataclasses.replace(spec, rtsp_options=False)
    async with Simulator([old], cache=cache) as simulator:
        client = await connect(simulator.cameras[0])
        assert (await client.ask("OPTIONS")).status == 501
        assert (await client.ask("DESCRIBE")).status == 200
        await client.close()


async def test_a_describe_is_redirected(camera: Camera) -> None:
    client = await connect(camera)
    camera.redirect_rtsp("rtsp://192.0.2.1/elsewhere")
    answer = await client.ask("DESCRIBE")
    assert (answer.status, answer.headers["location"]) == (302, "rtsp://192.0.2.1/elsewhere")
    assert camera.state().rtsp_redirect == "rtsp://192.0.2.1/elsewhere"
    camera.redirect_rtsp(None)
    assert (await client.ask("DESCRIBE")).status == 200
    await client.close()


async def test_video_comes_over_udp_alone(
    spec: CameraSpec, cache: Path, clock: ManualClock
) -> None:
    modern = dataclasses.replace(spec, rtsp_udp=True)
    async with Simulator([modern], cache=cache, clock=clock) as simulator:
        camera = simulator.cameras[0]
        client = await connect(camera)
        await client.ask("DESCRIBE")
        track = f"{camera.main_url}/trackID=1"
        tcp = await client.ask("SETUP", track, Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        assert tcp.status == 461
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
        ):
            ports = []
            for one in (rtp, rtcp):
                one.bind(("127.0.0.1", 0))
                one.settimeout(60)
                ports.append(one.getsockname()[1])
            wanted = f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]}"
            answer = await client.ask("SETUP", track, Transport=wanted)
            assert answer.status == 200
            low, high = re.search(r"server_port=(\d+)-(\d+)", answer.headers["transport"]).groups()
            client.session = answer.headers["session"].partition(";")[0]
            assert (await client.ask("PLAY")).status == 200
            await clock.advance(0.5)
            packet, sender = await asyncio.to_thread(rtp.recvfrom, 65536)
            report, reporter = await asyncio.to_thread(rtcp.recvfrom, 65536)
        assert (packet[0], packet[1] & 0x7F, sender) == (0x80, 96, ("127.0.0.1", int(low)))
        assert (report[1], reporter) == (200, ("127.0.0.1", int(high)))
        assert (await client.ask("TEARDOWN")).status == 200
        await client.close()


@pytest.mark.skipif(find_spec("_ssl") is None, reason="this Python is built without OpenSSL")
async def test_an_encrypted_camera_shows_its_own_certificate(spec: CameraSpec, cache: Path) -> None:
    import ssl  # noqa: PLC0415 - not every Python has it

    secret = dataclasses.replace(spec, rtsp_tls=True)
    async with Simulator([secret], cache=cache) as simulator:
        camera = simulator.cameras[0]
        assert camera.main_url.startswith("rtsps://")
        assert camera.addresses.stream("main") == camera.main_url
        context = ssl._create_unverified_context()  # noqa: S323 - the fingerprint is compared
        reader, writer = await asyncio.open_connection(
            camera.host, camera.rtsp_port, ssl=context, server_hostname=""
        )
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert hashlib.sha256(shown).hexdigest() == camera.certificate
        writer.write(f"OPTIONS {camera.main_url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"RTSP/1.0 200")
        writer.close()


@pytest.mark.parametrize("digest", ["", "SHA-1", "MD5,SHA-256"])
def test_unknown_algorithms_are_no_spec(spec: CameraSpec, digest: str) -> None:
    with pytest.raises(SpecError, match="rtsp_digest"):
        dataclasses.replace(spec, rtsp_digest=digest)
