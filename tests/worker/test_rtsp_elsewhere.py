"""Cameras that lead to other hosts: none of them is contacted."""

from __future__ import annotations

import socket

import pytest
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.rtsp.addresses import parse
from porchlight.worker.rtsp.description import described
from porchlight.worker.rtsp.session import Session
from porchlight.worker.stream import Stream

from .scripted import (
    VIDEO,
    WAITING,
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


class Elsewhere:
    """A host that nobody may contact: another loopback address, with RTSP's port of the camera."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server(("127.0.0.77", port))
        self._server.settimeout(0)

    def __enter__(self) -> str:
        return f"rtsp://127.0.0.77:{self._server.getsockname()[1]}"

    def __exit__(self, *_exc: object) -> None:
        try:
            with pytest.raises(BlockingIOError):
                self._server.accept()
        finally:
            self._server.close()


@pytest.mark.parametrize("status", [301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY"])
def test_no_redirect_leads_to_another_host(method: str, status: int) -> None:
    with Scripted() as camera, Elsewhere(camera.port) as other:
        redirecting = answering(**{method: saying(f"{status} X", f"Location: {other}/live")})
        camera.answer = Guard("MD5", "Basic", then=redirecting)
        error = refused(camera.source)
    assert error.problem is StreamProblem.REFUSED
    assert "redirect" in error.detail


@pytest.mark.parametrize(
    "location",
    [
        "rtsp://127.0.0.1:{other}/live",
        "rtsps://127.0.0.1:{port}/live",
        "http://127.0.0.1:{port}/live",
        "rtsp://127.0.0.1:{port}@127.0.0.77/live",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_redirect_leads_to_no_other_port_or_scheme(location: str) -> None:
    with Scripted() as other, Scripted() as camera:
        where = location.format(port=camera.port, other=other.port)
        camera.answer = saying("302 Found", f"Location: {where}")
        assert refused(camera.source).problem is StreamProblem.REFUSED
    assert len(camera.asked) == 1
    assert not other.asked


@pytest.mark.parametrize(
    "location", ["rtsp://127.0.0.1:{port}/b", "/b", "RTSP://u:p@127.0.0.1:{port}/b"]
)
def test_a_redirect_to_another_path_of_the_camera_is_followed(location: str) -> None:
    def answer(asked: Asked) -> bytes | None:
        if "/live" in asked.uri:
            where = location.format(port=camera.port)
            return reply("302 Found", f"Location: {where}", asked=asked)
        return ordinary(asked)

    with Scripted(Guard("MD5", then=answer)) as camera:
        opened(camera.source)
    assert camera.asked[-1].uri == f"rtsp://127.0.0.1:{camera.port}/b"


def test_redirects_are_followed_three_times() -> None:
    with Scripted(saying("302 Found", "Location: /again")) as camera:
        error = refused(camera.source)
    assert (error.problem, error.detail) == (StreamProblem.REFUSED, "too many redirects")
    assert camera.methods == ["DESCRIBE"] * 4


def test_a_camera_s_request_to_go_elsewhere_is_not_followed() -> None:
    with Scripted() as camera, Elsewhere(camera.port) as other:
        order = f"REDIRECT * RTSP/1.0\r\nCSeq: 1\r\nLocation: {other}/x\r\n\r\n".encode()
        camera.answer = lambda _: order
        assert refused(camera.source).problem is StreamProblem.REFUSED


def test_a_camera_s_request_to_go_elsewhere_ends_what_it_plays() -> None:
    def answer(asked: Asked) -> bytes | None:
        data = ordinary(asked) or b""
        if asked.method == "OPTIONS":
            data = f"REDIRECT * RTSP/1.0\r\nLocation: {other}/x\r\n\r\n".encode()
        return data.replace(b"timeout=60", b"timeout=3")

    with (
        Scripted(answer) as camera,
        Elsewhere(camera.port) as other,
        Stream(camera.source, **WAITING) as stream,
        pytest.raises(StreamError, match="elsewhere") as caught,
    ):
        for _ in stream.packets():
            pass
    assert caught.value.problem is StreamProblem.ENDED


@pytest.mark.parametrize("header", ["Content-Base", "Content-Location"])
@pytest.mark.parametrize("session", ["*", "rtsp://127.0.0.77:{port}/whole"])
@pytest.mark.parametrize("track", ["rtsp://127.0.0.77:{port}/t", "t", "", "rtsp://evil/t"])
def test_forged_addresses_are_used_with_their_path_only(
    header: str, session: str, track: str
) -> None:
    def answer(asked: Asked) -> bytes | None:
        body = VIDEO.replace("a=control:trackID=1", f"a=control:{track}".format(port=camera.port))
        body = body.replace(
            "t=0 0\r\n", f"t=0 0\r\na=control:{session}\r\n".format(port=camera.port)
        )
        if asked.method == "DESCRIBE":
            return describe(asked, body, f"{header}: {other}/base/")
        return ordinary(asked)

    with Scripted(Guard("MD5", then=answer)) as camera, Elsewhere(camera.port) as other:
        opened(camera.source)
        own = f"rtsp://127.0.0.1:{camera.port}"
        assert all(one.uri.startswith(f"{own}/") for one in camera.asked)
        uris = {one.method: one.uri for one in camera.asked}
    if session == "*":
        assert uris["PLAY"] == f"{own}/base/"
    else:
        assert uris["PLAY"] == f"{own}/whole"
    expected = {"": "/base/", "t": "/base/t"}.get(track, "/t")
    assert uris["SETUP"] == own + expected


def test_what_ffmpeg_is_given_of_a_description_names_nothing_to_connect_to() -> None:
    more = (
        "c=IN IP4 239.1.2.3\r\na=control:rtsp://127.0.0.77/x\r\na=IsRealDataType:integer;1\r\n"
        "a=pgmpu:data:application/x-asf;base64,AAAA\r\na=crypto:1 AES_CM_128 inline:x\r\n"
        "a=key-mgmt:mikey x\r\na=fmtp:97 x=y\r\n"
    )
    with Scripted(answering(DESCRIBE=lambda asked: describe(asked, VIDEO + more))) as camera:
        session = Session(camera.source)
        tracks = session.open(deadline()).tracks
        session.close()
    lines = described(track for track, _ in tracks).decode().split("\r\n")
    assert [line[:7] for line in lines if line] == [
        "v=0", "o=- 0 0", "s=-", "c=IN IP", "t=0 0", "m=video", "a=rtpma", "a=fmtp:", "a=contr",
    ]  # fmt: skip
    assert "c=IN IP4 127.0.0.1" in lines
    assert "a=control:track0" in lines


@pytest.mark.parametrize(
    ("base", "control", "expected"),
    [
        ("rtsp://h/cam?channel=1&subtype=0", "trackID=1", "/cam?channel=1&subtype=0/trackID=1"),
        ("rtsp://h/live/", "/track", "/live/track"),
        ("rtsp://h", "track", "/track"),
        ("rtsp://h/a b", "tr\u00e4ck\x7f", "/a%20b/tr%C3%A4ck%7F"),
        ("rtsp://h/x", "rtsp://other:99", ""),
        ("rtsp://h/x", "rtsp://other?q", "?q"),
    ],
)
def test_a_track_is_appended_to_its_base(base: str, control: str, expected: str) -> None:
    assert parse(base).below(control).path == expected


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("rtsp://h:554/x", "rtsp://h/x"),
        ("RTSP://H:8554/X?y#z", "rtsp://h:8554/X?y#z"),
        ("rtsps://h/x", "rtsps://h/x"),
        ("rtsp://u:p@h/x@y", "rtsp://h/x@y"),
        ("rtsp://[fe80::1%eth0]:554/x", "rtsp://[fe80::1%eth0]/x"),
        ("rtsp://h", "rtsp://h"),
    ],
)
def test_an_address_in_requests_has_no_login(url: str, uri: str) -> None:
    assert parse(url).uri == uri


@pytest.mark.parametrize("url", ["rtsp://", "rtsp://h:0/", "rtsp://h:99999/", "rtsp://a b/", "h"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(StreamError) as caught:
        parse(url)
    assert caught.value.problem is StreamProblem.REFUSED
