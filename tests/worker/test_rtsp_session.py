"""Cameras that refuse, answer oddly, or do not end what they say."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import closing
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

import av
import pytest
from porchlight.worker.errors import StreamProblem
from porchlight.worker.messages import Transport
from porchlight.worker.rtsp.session import Session

from simulator.rtp import Sender

from .hostile import framed
from .scripted import (
    SMALL,
    VIDEO,
    Asked,
    Guard,
    Scripted,
    answering,
    deadline,
    describe,
    opened,
    ordinary,
    refused,
    reply,
    saying,
)
from .support import PASSWORD, source

if TYPE_CHECKING:
    from collections.abc import Callable

    from .support import Stage


def edited(*changes: tuple[bytes, bytes]) -> Callable[[Asked], bytes]:
    """An ordinary camera's answers with other bytes in them."""

    def answer(asked: Asked) -> bytes:
        head, _, body = (ordinary(asked) or b"").partition(b"\r\n\r\n")
        head += b"\r\n\r\n"
        for old, new in changes:
            head, body = head.replace(old, new), body.replace(old, new)
        return re.sub(rb"(?i)(content-length *:) *\d+", rb"\1 %d" % len(body), head) + body

    return answer


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("DESCRIBE", "403 Forbidden", StreamProblem.REFUSED),
        ("DESCRIBE", "404 Not Found", StreamProblem.NOT_FOUND),
        ("SETUP", "404 Not Found", StreamProblem.NOT_FOUND),
        ("DESCRIBE", "453 Not Enough Bandwidth", StreamProblem.TOO_MANY_VIEWERS),
        ("SETUP", "453 Not Enough Bandwidth", StreamProblem.TOO_MANY_VIEWERS),
        ("PLAY", "503 Service Unavailable", StreamProblem.TOO_MANY_VIEWERS),
        ("SETUP", "461 Unsupported Transport", StreamProblem.UNSUPPORTED_TRANSPORT),
        ("SETUP", "400 Bad Request", StreamProblem.REFUSED),
        ("PLAY", "455 Method Not Valid", StreamProblem.REFUSED),
        ("DESCRIBE", "501 Not Implemented", StreamProblem.REFUSED),
    ],
)
def test_each_refusal_has_its_reason(method: str, status: str, expected: StreamProblem) -> None:
    with Scripted(answering(**{method: saying(status)})) as camera:
        error = refused(camera.source)
    assert (error.problem, error.detail) == (expected, f"RTSP status {status[:3]}")


@pytest.mark.parametrize(
    ("body", "expected", "detail"),
    [
        ("", StreamProblem.NO_VIDEO, ""),
        ("v=0\r\nm=audio 0 RTP/AVP 0\r\n", StreamProblem.NO_VIDEO, ""),
        ("v=0\r\nm=video 0 RTP/AVP\r\n", StreamProblem.NO_VIDEO, ""),
        (VIDEO.replace("H264/", "VP8/"), StreamProblem.UNSUPPORTED_CODEC, "VP8"),
        ("m=video 0 RTP/AVP 32\n", StreamProblem.UNSUPPORTED_CODEC, "MPV"),
        ("m=video 0 RTP/AVP 99\n", StreamProblem.UNSUPPORTED_CODEC, "payload type 99"),
    ],
)
def test_what_is_described_is_what_can_be_decoded_or_the_reason(
    body: str, expected: StreamProblem, detail: str
) -> None:
    with Scripted(answering(DESCRIBE=lambda asked: describe(asked, body))) as camera:
        error = refused(camera.source)
    assert (error.problem, error.detail) == (expected, detail)
    assert camera.methods == ["DESCRIBE"]


@pytest.mark.parametrize(
    "changes",
    [
        [(b"\r\n", b"\n")],
        [(b"RTSP/1.0", b"RTSP/2.0")],
        [(b"RTSP/1.0 200 OK", b"HTTP/1.1 200")],
        [(b"RTSP/1.0 ", b"RTSP/1.0  ")],
        [(b"CSeq:", b"CSEQ :"), (b"Content-Length:", b"content-length:")],
        [(b"CSeq:", b"X:")],
        [(b"CSeq: ", b"CSeq: 99")],
        [(b";timeout=60", b"")],
        [(b";timeout=60", b" ; Timeout = soon")],
        [(b"Session: 7", b"X: 7")],
        [(b"interleaved=0-1", b"interleaved=4-5;ssrc=1234"), (b"unicast;", b"")],
        [(b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n", b"")],
        [(b"RTSP/1.0 200", b"\r\n\r\nRTSP/1.0 100 Continue\r\n\r\nRTSP/1.0 200")],
        [(b"RTSP/1.0 200", b"$\x09\x00\x04RTSP\x00\xffnoise RTSP/1.0 200")],
        [(b"RTSP/1.0 200", b"OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\nRTSP/1.0 200")],
        [(b"H264/90000", b"h264/90000"), (b"m=video 0 ", b"m=video 5004/2 ")],
    ],
)
def test_a_camera_that_answers_oddly_is_watched(changes: list[tuple[bytes, bytes]]) -> None:
    # Its packets come in channel 0 whatever it says, so that is not what is changed here.
    with Scripted(edited(*changes)) as camera:
        if any(b"4-5" in new for _, new in changes):
            session = Session(camera.source)
            playing = session.open(deadline())
            session.close()
            assert playing.tracks[0][1] == (4, 5)
        else:
            opened(camera.source)


def test_a_camera_that_does_not_know_options_is_watched(cameras: Callable[..., Stage]) -> None:
    stage = cameras({"rtsp_options": False})
    assert opened(source(stage.camera)).link.transport is Transport.TCP


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: b"RTSP/1.0 200 OK\r\n" + b"X: " + b"y" * (1 << 20),
        lambda _: b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 20_000,
        lambda _: b"RTSP/1.0 200 OK\r\nContent-Length: 1048577\r\n\r\n",
        lambda _: b"RTSP/1.0 200 OK\r\nContent-Length: 999999999999999999999\r\n\r\n",
        lambda _: b"RTSP/1.0 100 Continue\r\n\r\n" * 100,
        lambda _: b"OPTIONS * RTSP/1.0\r\n\r\n" * 100,
    ],
    ids=["line", "headers", "body", "number", "answers", "requests"],
)
def test_an_answer_without_an_end_is_a_broken_stream(answer: Callable[[Asked], bytes]) -> None:
    with Scripted(answer) as camera:
        assert refused(camera.source).problem is StreamProblem.BROKEN


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"RTSP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nv=0",
        b"\x00" * 100_000,
        b"$\x00\xff\xff",
    ],
)
def test_an_answer_that_does_not_come_in_time_has_stalled(first: bytes) -> None:
    with Scripted(lambda _: first) as camera:
        assert refused(camera.source, opening=0.5).problem is StreamProblem.STALLED


def test_a_camera_that_takes_long_for_each_answer_has_stalled_in_time() -> None:
    pause = threading.Event()

    def slowly(asked: Asked) -> bytes | None:
        pause.wait(0.4)
        return ordinary(asked)

    with Scripted(slowly) as camera:
        began = monotonic()
        # Each answer comes in time, but three take longer.
        assert refused(camera.source, opening=1.0).problem is StreamProblem.STALLED
        assert monotonic() - began < 60


def test_a_camera_that_hangs_up_has_ended() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def hang_up() -> None:
            client, _ = server.accept()
            client.recv(1000)
            client.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        port = server.getsockname()[1]
        error = refused(replace(Scripted().source, url=f"rtsp://127.0.0.1:{port}/"))
        thread.join()
    assert error.problem is StreamProblem.ENDED


def test_a_session_is_left_when_the_stream_is() -> None:
    with Scripted(Guard("MD5")) as camera:
        opened(camera.source)
        camera.wait(lambda: camera.left == 1)
    assert camera.asked[-1].method == "TEARDOWN"
    assert camera.asked[-1].headers["session"] == "7"
    assert "Digest" in camera.asked[-1].login


def test_a_session_that_does_not_play_is_left() -> None:
    with Scripted(answering(PLAY=saying("455 X"))) as camera:
        refused(camera.source)
        camera.wait(lambda: camera.left == 1)
    assert camera.methods[-1] == "TEARDOWN"


def test_a_camera_that_closes_after_each_refusal_is_asked_on_another_connection() -> None:
    guard = Guard("MD5")

    def answer(asked: Asked) -> bytes | None:
        data = guard(asked) or b""
        return data.replace(b"Unauthorized\r\n", b"Unauthorized\r\nConnection: close\r\n")

    with Scripted(answer) as camera:
        opened(camera.source)
    assert camera.connections == 2
    assert not guard.failed


def test_frames_that_come_before_the_answer_to_play_are_kept() -> None:
    # Nothing follows, so the only picture is the one before.
    def play(asked: Asked) -> bytes:
        sender = Sender(ssrc=1, sequence=1, offset=1)
        early = b""
        for payload, ticks, last in framed("h264", iter([SMALL] * 3), pause=0):
            packet = sender.packet(payload, ticks, last=last)
            early += b"$\x00" + len(packet).to_bytes(2) + packet
        return early + reply("200 OK", asked=asked)

    with Scripted(answering(PLAY=play), packets=lambda: iter(())) as camera:
        opened(camera.source)


def test_more_than_enough_before_the_answer_to_play_is_not_kept() -> None:
    frame = b"$\x00\xff\xff" + bytes(65535)

    def play(asked: Asked) -> bytes:
        return frame * 100 + reply("200 OK", asked=asked)

    with Scripted(answering(PLAY=play)) as camera:
        session = Session(camera.source)
        early = session.open(deadline()).early
        session.close()
    assert 0 < len(early) <= 256 * 1024


def test_no_reason_contains_the_password() -> None:
    with Scripted(Guard("Basic", then=saying(f"500 {PASSWORD}"))) as camera:
        error = refused(camera.source)
    assert camera.logins
    assert str(error) == "refused: RTSP status 500"


def test_ffmpeg_is_given_the_relay_s_address_and_may_use_tcp_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[tuple[str, dict[str, Any]]] = []

    def open_(url: str, **more: Any) -> Any:
        given.append((url, more))
        return original(url, **more)

    original = av.open
    monkeypatch.setattr(av, "open", open_)
    with Scripted(Guard("Basic")) as camera:
        opened(camera.source)
    ((url, more),) = given
    assert re.fullmatch(r"rtsp://127\.0\.0\.1:\d+/[\w-]{32}", url)
    assert str(camera.port) not in url
    assert (more["format"], more["options"]["protocol_whitelist"]) == ("rtsp", "tcp")
