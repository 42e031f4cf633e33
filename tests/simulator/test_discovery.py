from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import struct
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from simulator import CameraSpec, Simulator

from .conftest import SHORT_GOP

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GROUP = ("239.255.255.250", 3702)
VIDEO = "dn:NetworkVideoTransmitter"
# Addresses and identities that are probably not in use on this machine, not even by another
# process that runs these tests.
_NETWORK = f"127.{1 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}"
HOSTS = (f"{_NETWORK}.1", f"{_NETWORK}.2", f"{_NETWORK}.3")
OURS = [str(uuid.uuid4()) for _ in HOSTS]


def probe(types: str = VIDEO, scopes: str = "", message: str = "urn:uuid:1") -> bytes:
    return (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
        ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"'
        ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl">'
        f"<e:Header><w:MessageID>{message}</w:MessageID></e:Header><e:Body><d:Probe>"
        f"<d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes>"
        "</d:Probe></e:Body></e:Envelope>"
    ).encode()


class Listener(asyncio.DatagramProtocol):
    """Collects the messages of the test's own cameras; others may run on this machine."""

    def __init__(self) -> None:
        self.heard = asyncio.Queue()

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        """Keep a message of one of the test's cameras."""
        root = etree.fromstring(data)
        if text(root, "Address").removeprefix("urn:uuid:") in OURS:
            self.heard.put_nowait(root)

    async def answers(self, count: int, extra: float = 0.1) -> list[Any]:
        """Return `count` answers and whatever comes `extra` seconds after them."""
        found = [await asyncio.wait_for(self.heard.get(), 60) for _ in range(count)]
        with contextlib.suppress(TimeoutError):
            while True:
                found.append(await asyncio.wait_for(self.heard.get(), extra))
        return found


@contextlib.asynccontextmanager
async def listening(
    *, group: bool = False
) -> AsyncIterator[tuple[asyncio.DatagramTransport, Listener]]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    loopback = socket.inet_aton("127.0.0.1")
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback)
    if group:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        member = struct.pack("4s4s", socket.inet_aton(GROUP[0]), loopback)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        sock.bind(GROUP)
    else:
        sock.bind(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    transport, listener = await loop.create_datagram_endpoint(Listener, sock=sock)
    try:
        yield transport, listener
    finally:
        transport.close()
        await asyncio.sleep(0)


@pytest.fixture
async def simulator(counting: Path, cache: Path) -> AsyncIterator[Simulator]:
    front = CameraSpec(
        video=counting,
        name="Front é",
        model="Eye 3",
        host=HOSTS[0],
        uuid=OURS[0],
        main=SHORT_GOP,
        sub=SHORT_GOP,
    )
    back = dataclasses.replace(front, name="Back", host=HOSTS[1], uuid=OURS[1], mac="")
    async with Simulator([front, back], cache=cache, discovery=True) as simulator:
        yield simulator


def text(root: Any, name: str) -> str | None:
    return root.findtext(f".//{{*}}{name}")


async def test_a_multicast_probe_finds_every_camera(simulator: Simulator) -> None:
    async with listening() as (transport, listener):
        transport.sendto(probe(), GROUP)
        found = await listener.answers(2)
    front, back = simulator.cameras
    assert {text(one, "XAddrs") for one in found} == {front.onvif_url, back.onvif_url}
    assert {text(one, "RelatesTo") for one in found} == {"urn:uuid:1"}


async def test_an_answer_contains_name_hardware_address_and_identity(simulator: Simulator) -> None:
    async with listening() as (transport, listener):
        transport.sendto(probe(), (HOSTS[0], 3702))
        (found,) = await listener.answers(1)
    spec = simulator.cameras[0].spec
    scopes = text(found, "Scopes").split()
    assert "onvif://www.onvif.org/name/Front%20%C3%A9" in scopes
    assert "onvif://www.onvif.org/hardware/Eye%203" in scopes
    assert f"onvif://www.onvif.org/MAC/{spec.mac}" in scopes
    assert text(found, "Types").split() == [VIDEO, "tds:Device"]
    assert text(found, "Address") == f"urn:uuid:{spec.uuid}"


async def test_a_unicast_probe_is_answered_by_the_cameras_of_that_host(
    simulator: Simulator,
) -> None:
    async with listening() as (transport, listener):
        transport.sendto(probe(), (HOSTS[1], 3702))
        (found,) = await listener.answers(1)
    assert text(found, "XAddrs") == simulator.cameras[1].onvif_url


@pytest.mark.parametrize(
    ("types", "scopes", "count"),
    [
        ("", "", 2),
        ("tds:Device", "", 2),
        (f"{VIDEO} tds:Device", "", 2),
        ("dn:Printer", "", 0),
        ("", "onvif://www.onvif.org/name", 2),
        ("", "onvif://www.onvif.org/name/Back", 1),
        ("", "onvif://www.onvif.org/nam", 0),
    ],
)
async def test_only_cameras_that_match_a_probe_answer(
    simulator: Simulator, types: str, scopes: str, count: int
) -> None:
    async with listening() as (transport, listener):
        transport.sendto(probe(types, scopes), GROUP)
        assert len(await listener.answers(count)) == count


async def test_coming_and_going_is_announced(simulator: Simulator) -> None:
    camera = simulator.cameras[0]
    async with listening(group=True) as (_, listener):
        await camera.go_offline()
        await camera.go_online()
        bye, hello = await listener.answers(2)
    assert bye.find(".//{*}Bye") is not None
    assert text(bye, "Address") == f"urn:uuid:{camera.spec.uuid}"
    assert hello.find(".//{*}Hello") is not None
    assert text(hello, "XAddrs") == camera.onvif_url


async def test_a_camera_offline_does_not_answer(simulator: Simulator) -> None:
    await simulator.cameras[0].go_offline()
    async with listening() as (transport, listener):
        transport.sendto(probe(), GROUP)
        (found,) = await listener.answers(1)
    assert text(found, "XAddrs") == simulator.cameras[1].onvif_url


async def test_an_invalid_probe_is_ignored(simulator: Simulator) -> None:
    async with listening() as (transport, listener):
        transport.sendto(b"hello", GROUP)
        transport.sendto(b"<a/>", GROUP)
        transport.sendto(probe(), GROUP)
        assert len(await listener.answers(2)) == 2


async def test_several_processes_share_the_port(
    simulator: Simulator, counting: Path, cache: Path
) -> None:
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "--cache", str(cache),
        "--camera", f"video={counting},name=Shed,host={HOSTS[2]},uuid={OURS[2]},sub.gop=0.5",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        line = json.loads(await other.stdout.readline())
        async with listening() as (transport, listener):
            transport.sendto(probe(), GROUP)
            found = await listener.answers(3)
    finally:
        other.terminate()
        status = await other.wait()
    assert status == 0
    assert {text(one, "XAddrs") for one in found} == {
        line["onvif"],
        *(camera.onvif_url for camera in simulator.cameras),
    }
