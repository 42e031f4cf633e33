"""Packets over TCP, UDP and TLS."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
from porchlight.worker.decoding import whole_frames
from porchlight.worker.errors import StreamProblem
from porchlight.worker.messages import Transport
from porchlight.worker.rtsp.session import Session
from porchlight.worker.stream import Stream

from simulator.rtp import Sender

from .hostile import framed
from .scripted import (
    SMALL,
    WAITING,
    Asked,
    Guard,
    Scripted,
    answering,
    deadline,
    opened,
    refused,
    reply,
)
from .sets import h264_frame
from .support import needs_tls, source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .support import Stage


@pytest.mark.parametrize("transport", [Transport.AUTO, Transport.UDP])
def test_a_camera_that_sends_over_udp_alone_is_watched(
    cameras: Callable[..., Stage], transport: Transport
) -> None:
    stage = cameras({"rtsp_udp": True})
    with Stream(replace(source(stage.camera), transport=transport), **WAITING) as stream:
        frames = [one for one, _ in zip(whole_frames(stream), range(12), strict=False)]
        assert stream.link.transport is Transport.UDP
    assert not any(one.is_corrupt for one in frames)
    state = stage.call(stage.camera.state)
    assert (state.refused_logins, state.clients) == (0, 0)


@pytest.mark.parametrize(("udp", "transport"), [(True, Transport.TCP), (False, Transport.UDP)])
def test_a_fixed_transport_is_not_left(
    cameras: Callable[..., Stage], udp: bool, transport: Transport
) -> None:
    stage = cameras({"rtsp_udp": udp})
    error = refused(replace(source(stage.camera), transport=transport))
    assert (error.problem, error.detail) == (
        StreamProblem.UNSUPPORTED_TRANSPORT,
        "RTSP status 461",
    )


@pytest.mark.parametrize("status", ["461 X", "400 X", "406 X", "501 X", "200 OK"])
def test_after_a_refusal_of_tcp_udp_is_tried_with_the_same_login(status: str) -> None:
    def set_up(asked: Asked) -> bytes:
        if "TCP" not in asked.headers["transport"]:
            transport = "Transport: RTP/AVP;unicast;client_port=1-2"
            return reply("200 OK", transport, "Session: 7", asked=asked)
        return reply(status, "Transport: RTP/AVP;unicast;server_port=1-2", asked=asked)

    guard = Guard("MD5", then=answering(SETUP=set_up))
    with Scripted(guard) as camera:
        session = Session(camera.source)
        session.open(deadline())
        assert session.link.transport is Transport.UDP
        session.close()
    assert not guard.failed
    assert camera.connections == 2


def test_only_the_camera_s_own_datagrams_are_taken() -> None:
    ports: list[int] = []

    def set_up(asked: Asked) -> bytes:
        if "TCP" in asked.headers["transport"]:
            return reply("461 X", asked=asked)
        ports.append(int(asked.headers["transport"].partition("client_port=")[2].split("-")[0]))
        # It names another host as the source.
        transport = "Transport: RTP/AVP;unicast;source=127.0.0.77;server_port=9-10"
        return reply("200 OK", transport, "Session: 7", asked=asked)

    foreign: list[int] = []

    def send() -> Iterator[tuple[bytes, int, bool]]:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        ):
            other.bind(("127.0.0.77", 0))
            own.bind(("127.0.0.1", 0))
            # Another host's pictures come before each of the camera's, and are of another size.
            senders = [
                (one, Sender(ssrc=1, sequence=1, offset=1), framed("h264", repeat(frame), pause=0))
                for one, frame in ((other, h264_frame(640, 480)), (own, SMALL))
            ]
            while not done.wait(0.02):
                for one, sender, packets in senders:
                    for payload, ticks, last in packets:
                        packet = sender.packet(payload, ticks, last=last)
                        one.sendto(packet, ("127.0.0.1", ports[0]))
                        if last:
                            break
                foreign.append(ports[0])
        yield from ()

    done = threading.Event()
    with Scripted(answering(SETUP=set_up), packets=send) as camera:
        # A frame of the camera's size.
        opened(camera.source)
        done.set()
    assert foreign


@needs_tls
def test_a_certificate_is_reported_and_compared(cameras: Callable[..., Stage]) -> None:
    stage = cameras({"rtsp_tls": True})
    camera = stage.camera
    one = replace(source(camera), url=camera.sub_url)
    assert opened(one).link.certificate == camera.certificate
    shown = ":".join(camera.certificate[i : i + 2] for i in range(0, 64, 2)).upper()
    assert opened(replace(one, certificate=shown)).link.certificate == camera.certificate
    error = refused(replace(one, certificate="00" * 32))
    assert (error.problem, error.detail) == (StreamProblem.CERTIFICATE, camera.certificate)
    assert stage.call(camera.state).refused_logins == 0


@needs_tls
def test_with_another_certificate_nothing_is_sent() -> None:
    from simulator.certificate import self_signed  # noqa: PLC0415 - not every Python has TLS

    context, _ = self_signed("x")
    with Scripted(context=context) as camera:
        error = refused(camera.with_(certificate="11" * 32))
        camera.wait(lambda: camera.left == 1)
    assert error.problem is StreamProblem.CERTIFICATE
    assert not camera.asked


@needs_tls
@pytest.mark.parametrize("udp", [Transport.AUTO, Transport.UDP])
def test_an_encrypted_camera_is_never_watched_in_clear(
    cameras: Callable[..., Stage], udp: Transport
) -> None:
    stage = cameras({"rtsp_tls": True, "rtsp_udp": True})
    one = replace(source(stage.camera), url=stage.camera.sub_url, transport=udp)
    assert refused(one).problem is StreamProblem.UNSUPPORTED_TRANSPORT
    with Scripted() as plain:
        url = plain.source.url.replace("rtsp:", "rtsps:")
        assert refused(plain.with_(url=url), opening=5.0).problem in {
            StreamProblem.REFUSED,
            StreamProblem.STALLED,
        }
        assert not plain.methods
        # What is known to be encrypted is not asked in clear, either.
        assert refused(plain.with_(certificate="11" * 32)).problem is StreamProblem.CERTIFICATE
        assert not plain.asked
