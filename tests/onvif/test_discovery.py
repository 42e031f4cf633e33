from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from porchlight.onvif import discovery
from porchlight.onvif.discovery import MAX_CAMERAS, MAX_DATAGRAM, MAX_DATAGRAMS, scan
from porchlight.onvif.errors import NoInterfaceError
from porchlight.onvif.probes import PROBED_TYPES

from .test_probes import NVT, UUID, envelope, match

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Sequence

    from porchlight.onvif.values import Found

    from .clock import Clock

    type Search = Callable[..., Awaitable[list[Found]]]

pytestmark = pytest.mark.usefixtures("socket_enabled")

LOOPBACK = "127.0.0.1"
# Seconds of a search, which the clock is put forward by when all is answered; and seconds that this
# may take on a busy machine.
LONG, PATIENCE = 100_000.0, 120.0
GROUP = "239.255.255.250"
OTHER_UUID = "5f5a69c2-e0ae-504f-829b-00ab6e6c02c1"


@dataclass(slots=True)
class Responder(asyncio.DatagramProtocol):
    """Simulates cameras on the network; `answers` makes their datagrams for a probe."""

    answers: Callable[[str], list[bytes]]
    port: int = 0
    probes: list[tuple[str, str, str]] = field(default_factory=list)
    sent: int = 0
    _transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for answers."""
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Record the probe and answer it."""
        root = ET.fromstring(data)  # noqa: S314 - our own client sent it
        texts = {each.tag.rpartition("}")[2]: (each.text or "").strip() for each in root.iter()}
        types = texts.get("Types", "")
        self.probes.append((addr[0], types, texts["MessageID"]))
        assert self._transport is not None
        for answer in self.answers(types):
            self._transport.sendto(answer, addr)
            self.sent += 1


def multicast_socket() -> socket.socket:
    """A socket that receives the group's datagrams on loopback, along with other listeners."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((GROUP, 3702))
    member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(LOOPBACK))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return sock


@asynccontextmanager
async def responder(
    answers: Callable[[str], list[bytes]], *, multicast: bool = True
) -> AsyncIterator[Responder]:
    loop = asyncio.get_running_loop()
    rest = {"sock": multicast_socket()} if multicast else {"local_addr": (LOOPBACK, 0)}
    transport, protocol = await loop.create_datagram_endpoint(lambda: Responder(answers), **rest)
    try:
        yield protocol
    finally:
        transport.close()


@pytest.fixture
async def search(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Search:
    """Search until a camera has heard all probes and its answers have come."""
    monkeypatch.setattr(discovery, "_GAPS", (0.0, 0.1))
    came: Counter[int] = Counter()
    take = discovery._Listener.datagram_received

    def count(self: discovery._Listener, data: bytes, addr: tuple[str, int]) -> None:
        take(self, data, addr)
        came[addr[1]] += 1

    monkeypatch.setattr(discovery._Listener, "datagram_received", count)

    async def run(
        camera: Responder,
        sources: Sequence[str] = (LOOPBACK,),
        *,
        unicast: Sequence[str] | None = None,
        **rest: object,
    ) -> list[Found]:
        hosts = [f"{LOOPBACK}:{camera.port}"] if unicast is None else unicast
        searching = asyncio.create_task(scan(sources, seconds=LONG, unicast=hosts, **rest))  # type: ignore[arg-type] # a listener
        probes = len(PROBED_TYPES) * len(discovery._GAPS)
        async with asyncio.timeout(PATIENCE):
            while len(camera.probes) < probes or came[camera.port] < camera.sent:
                assert not searching.done()
                await asyncio.sleep(0.01)
        clock.advance(LONG)
        return await searching

    return run


def only(found: list[Found], *endpoints: str) -> list[Found]:
    """The cameras of this test; others may run on the same loopback."""
    return [each for each in found if each.endpoint in endpoints]


async def test_a_camera_that_answers_the_group_is_found_once(search: Search) -> None:
    announced: list[Found] = []
    async with responder(lambda _types: [envelope(match())]) as camera:
        found = await search(camera, unicast=(), on_found=announced.append)
    assert [each.xaddr for each in only(found, UUID)] == [
        "http://192.0.2.7:80/onvif/device_service"
    ]
    assert only(announced, UUID) == only(found, UUID)
    ours = [probe for probe in camera.probes if probe[0] == LOOPBACK]
    assert {types for _host, types, _id in ours} >= {NVT, "tds:Device", ""}
    assert len({message_id for _host, _types, message_id in ours}) == len(ours)


async def test_probes_are_repeated(search: Search) -> None:
    async with responder(lambda _types: [], multicast=False) as camera:
        await search(camera)
    assert [types for _host, types, _id in camera.probes].count(NVT) == 2


async def test_a_lost_first_answer_is_replaced_by_the_second(search: Search) -> None:
    rounds: list[str] = []

    def deaf_at_first(types: str) -> list[bytes]:
        rounds.append(types)
        return [envelope(match())] if len(rounds) > 3 else []

    async with responder(deaf_at_first, multicast=False) as camera:
        found = await search(camera)
    assert len(only(found, UUID)) == 1


@pytest.mark.parametrize("types", [NVT, "tds:Device", ""])
async def test_a_camera_that_answers_one_kind_of_probe_is_found(types: str, search: Search) -> None:
    def answers(asked: str) -> list[bytes]:
        return [envelope(match(types=""))] if asked == types else []

    async with responder(answers, multicast=False) as camera:
        found = await search(camera)
    assert len(only(found, UUID)) == 1


async def test_answers_of_one_camera_are_merged_and_the_nearer_address_wins(search: Search) -> None:
    far = match(xaddrs="http://10.0.0.7/onvif/d", scopes="onvif://www.onvif.org/name/Porch")
    near = match(xaddrs="http://127.0.0.1:8000/onvif/d")
    async with responder(
        lambda types: [envelope(far if types else near)], multicast=False
    ) as camera:
        announced: list[Found] = []
        found = await search(camera, on_found=announced.append)
    assert len(only(announced, UUID)) == 1
    (merged,) = only(found, UUID)
    assert (merged.host, merged.port, merged.name) == ("127.0.0.1", 8000, "Porch")


async def test_one_address_with_two_references_is_one_camera(search: Search) -> None:
    pair = [envelope(match()), envelope(match(reference=f"urn:uuid:{OTHER_UUID}"))]
    async with responder(lambda _types: pair, multicast=False) as camera:
        found = await search(camera)
    assert len(only(found, UUID, OTHER_UUID)) == 1


@pytest.mark.parametrize(
    ("reference", "scopes"),
    [
        ("urn:uuid:00000000-0000-0000-0000-000000000000", ("", "")),
        (
            f"urn:uuid:{UUID}",
            (
                "onvif://www.onvif.org/MAC/02:00:5e:00:53:01",
                "onvif://www.onvif.org/MAC/02:00:5e:00:53:02",
            ),
        ),
    ],
    ids=["placeholder", "clones"],
)
async def test_two_cameras_with_one_reference_stay_two(
    reference: str, scopes: tuple[str, str], search: Search
) -> None:
    pair = [
        envelope(match(xaddrs=f"http://192.0.2.{host}/onvif/d", reference=reference, scopes=scope))
        for host, scope in zip((7, 8), scopes, strict=True)
    ]
    async with responder(lambda _types: pair, multicast=False) as camera:
        found = await search(camera)
    assert {"192.0.2.7", "192.0.2.8"} <= {each.host for each in found}


async def test_broken_answers_do_not_hide_good_ones(search: Search) -> None:
    datagrams = [b"\xff\0junk", b"<a", envelope(match())]
    async with responder(lambda _types: datagrams, multicast=False) as camera:
        found = await search(camera)
    assert len(only(found, UUID)) == 1


async def test_a_source_that_is_gone_does_not_stop_the_others(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "_GAPS", (0.0,))
    async with responder(lambda _types: [envelope(match())], multicast=False) as camera:
        found = await search(camera, ["192.0.2.250", "::1", LOOPBACK, LOOPBACK])
        assert {host for host, _types, _id in camera.probes} == {LOOPBACK}
        assert len(camera.probes) == 3
    assert len(only(found, UUID)) == 1


@pytest.mark.parametrize("sources", [[], ["192.0.2.250"], ["not an address"]])
async def test_no_usable_source_is_an_error(sources: list[str]) -> None:
    with pytest.raises(NoInterfaceError):
        await scan(sources, seconds=0.1)


async def test_a_host_asked_directly_that_is_not_there_does_not_stop_the_search(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def without_names(host: str, *args: object, **rest: object) -> object:
        if host == "camera.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await resolve(host, *args, **rest)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(loop, "getaddrinfo", without_names)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind((LOOPBACK, 0))
        gone = f"{LOOPBACK}:{closed.getsockname()[1]}"
    async with responder(lambda _types: [envelope(match())], multicast=False) as camera:
        found = await search(
            camera,
            unicast=[
                gone,
                "255.255.255.255",
                "192.0.2.1:port",
                "camera.invalid",
                f"{LOOPBACK}:{camera.port}",
            ],
        )
    assert len(only(found, UUID)) == 1


async def test_nothing_goes_further_than_one_hop_from_the_given_interface(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sockets: list[socket.socket] = []
    loop = asyncio.get_running_loop()
    create = loop.create_datagram_endpoint

    async def spy(*args: object, sock: socket.socket, **rest: object) -> object:
        sockets.append(sock)
        ttl = sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL)
        interface = sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)
        assert (ttl, socket.inet_ntoa(interface)) == (1, LOOPBACK)
        return await create(*args, sock=sock, **rest)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(loop, "create_datagram_endpoint", spy)
    await scan([LOOPBACK], seconds=0.05)
    assert len(sockets) == 1
    await asyncio.sleep(0)
    assert sockets[0].fileno() == -1


def forged(number: int) -> bytes:
    """An answer of a camera that does not exist."""
    return envelope(
        match(
            reference=f"urn:uuid:00000000-1111-4222-8333-{number:012x}",
            xaddrs=f"http://192.0.2.{number % 250}:{1000 + number}/onvif/device_service",
        )
    )


def listener(announced: list[Found]) -> tuple[discovery._Listener, discovery._Harvest]:
    harvest = discovery._Harvest(announced.append)
    return discovery._Listener(LOOPBACK, harvest), harvest


def test_only_so_many_cameras_are_taken_from_one_search() -> None:
    announced: list[Found] = []
    protocol, harvest = listener(announced)
    for number in range(MAX_CAMERAS + 50):
        protocol.datagram_received(forged(number), ("192.0.2.9", 3702))
    assert len(announced) == len(harvest.cameras()) == MAX_CAMERAS


def test_only_so_many_datagrams_are_read_and_none_that_is_large() -> None:
    announced: list[Found] = []
    protocol, _harvest = listener(announced)
    protocol.datagram_received(forged(1) + b" " * MAX_DATAGRAM, ("192.0.2.9", 3702))
    assert announced == []
    for _ in range(MAX_DATAGRAMS):
        protocol.datagram_received(b"x", ("192.0.2.9", 3702))
    protocol.datagram_received(forged(1), ("192.0.2.9", 3702))
    assert announced == []
