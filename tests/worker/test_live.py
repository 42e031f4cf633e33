"""Live view: the worker serves it on loopback, so that players never talk to a camera."""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import av
import pytest
from porchlight.worker.errors import StreamProblem
from porchlight.worker.messages import Link, Live, LiveRefused, LiveServed
from porchlight.worker.rtsp.addresses import parse
from porchlight.worker.rtsp.live import MOST_VIEWERS, LiveServer
from porchlight.worker.rtsp.logins import Logins
from porchlight.worker.stream import Stream

from .scripted import USER, WAITING, Asked, Guard, Scripted, describe, ordinary, reply, saying
from .scripted import VIDEO as SEEN
from .support import PASSWORD, PATIENCE, Heard, until
from .test_rtsp_elsewhere import Elsewhere
from .test_rtsp_relay import ended, player

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "a-secret-path"
HEARD = "m=audio 0 RTP/AVP 8\r\na=control:sound\r\n"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def logins() -> Logins:
    return Logins()


@pytest.fixture
def server(heard: Heard, logins: Logins) -> Iterator[LiveServer]:
    one = LiveServer(heard, logins, opening=PATIENCE)
    one.start()
    yield one
    one.stop()
    one.join(PATIENCE)
    assert not one.is_alive()


def offered(server: LiveServer, camera: Scripted, attempt: int = 0, **changes: object) -> str:
    """Where a camera is served from now on."""
    live = Live(source=camera.with_(**changes), path=PATH)
    server.offer("c", live, attempt)
    return f"rtsp://127.0.0.1:{server.port}/{PATH}"


def answers(one: socket.socket) -> bytes:
    """What a player receives first, up to the first packet or the end."""
    received = b""
    # A connection that is closed before all requests were read is reset.
    with suppress(ConnectionResetError):
        while b"$" not in received and (data := one.recv(65536)):
            received += data
    return received.partition(b"$")[0]


def drained(one: socket.socket) -> None:
    """Wait until a connection ends."""
    with suppress(ConnectionResetError):
        while one.recv(65536):
            pass


def sounding(asked: Asked) -> bytes | None:
    """A camera with sound."""
    if asked.method == "DESCRIBE":
        return describe(asked, SEEN + HEARD)
    if asked.method == "SETUP":
        transport = f"Transport: {asked.headers['transport']}"
        return reply("200 OK", transport, "Session: 7;timeout=60", asked=asked)
    return ordinary(asked)


def test_where_a_camera_is_served_is_reported_once(server: LiveServer, heard: Heard) -> None:
    served = LiveServed(camera_id="c", port=server.port)
    with Scripted() as camera:
        offered(server, camera)
        offered(server, camera, basic=False)
        assert heard.of(LiveServed) == [served]
        server.offer("c", None, 0)
        assert heard.of(LiveServed) == [served]
        offered(server, camera)
        assert heard.of(LiveServed) == [served, served]
    assert server._listener.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("offer", ["MD5", "SHA-256", "Basic"])
def test_a_player_needs_no_login_and_gets_none(server: LiveServer, offer: str) -> None:
    guard = Guard(offer)
    with Scripted(guard) as camera:
        url = offered(server, camera)
        with closing(player(url)) as one:
            received = answers(one)
        camera.wait(lambda: camera.left >= 1)
    assert received.count(b"RTSP/1.0 200 OK") == 3
    assert not guard.failed
    for secret in (USER, PASSWORD, str(camera.port)):
        assert secret.encode() not in received
    assert camera.methods[-1] == "TEARDOWN"


def test_players_come_and_go(server: LiveServer) -> None:
    with Scripted() as camera:
        url = offered(server, camera)
        for number in range(1, 4):
            with closing(player(url)) as one:
                assert answers(one).startswith(b"RTSP/1.0 200 OK")
            camera.wait(lambda gone=number: camera.left == gone)  # type: ignore[misc] # its default


def test_our_own_player_plays_it(server: LiveServer) -> None:
    with Scripted() as camera:
        served = replace(camera.source, url=offered(server, camera))
        with Stream(served, **WAITING) as stream:
            assert len([one for one, _ in zip(stream.packets(), range(5), strict=False)]) == 5


@pytest.mark.parametrize(
    "request_of_theirs",
    [
        "DESCRIBE {address}/ RTSP/1.0\r\n\r\n",
        "DESCRIBE {address}/a-secret-pat RTSP/1.0\r\n\r\n",
        "OPTIONS * RTSP/1.0\r\n\r\n",
        "A" * 100_000,
        f"OPTIONS * RTSP/1.0\r\nContent-Length: {'1' * 5000}\r\n\r\n",
        f"OPTIONS {{address}}/a-secret-path RTSP/1.0\r\nContent-Length: {'1' * 5000}\r\n\r\n",
    ],
    ids=["none", "part", "any", "no-end", "length", "length-and-path"],
)
def test_who_does_not_know_the_path_gets_nothing(
    server: LiveServer, request_of_theirs: str
) -> None:
    with Scripted() as camera:
        url = offered(server, camera)
        address = parse(url)
        with closing(socket.create_connection((address.host, address.port))) as one:
            one.settimeout(PATIENCE)
            one.sendall(request_of_theirs.format(address=url.rpartition("/")[0]).encode())
            assert ended(one)
        with closing(player(url)) as one:
            assert answers(one).startswith(b"RTSP/1.0 200 OK")
    assert camera.connections == 1


def test_a_player_that_tries_udp_first_is_served_within_its_connection(server: LiveServer) -> None:
    with Scripted() as camera:
        # Without options FFmpeg does that: Home Assistant's HomeKit bridge gives none.
        with av.open(offered(server, camera), timeout=PATIENCE) as container:
            assert next(container.demux()).size
        camera.wait(lambda: camera.left == 1)
    assert camera.connections == 1


def test_a_player_that_takes_no_answers_is_no_longer_read(server: LiveServer) -> None:
    with Scripted() as camera:
        url = offered(server, camera)
        # Far more than the system keeps; the answers would be ten times as much.
        left = memoryview(f"DESCRIBE {url} RTSP/1.0\r\n\r\n".encode() * 500_000)
        with closing(player(url)) as one:
            one.settimeout(3.0)

            def ask() -> None:
                nonlocal left
                # The limit is for each part: it passes only while nothing at all is taken.
                while left:
                    left = left[one.send(left[:65536]) :]

            with pytest.raises(TimeoutError):
                ask()


def test_sound_is_played_with_the_video(server: LiveServer) -> None:
    with Scripted(sounding) as camera:
        url = offered(server, camera)
        address = parse(url)
        with closing(socket.create_connection((address.host, address.port))) as one:
            one.settimeout(PATIENCE)
            one.sendall(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            description = one.recv(65536).decode()
            one.sendall(f"SETUP {url}/track1 RTSP/1.0\r\nCSeq: 2\r\n\r\n".encode())
            set_up = one.recv(65536).decode()
        camera.wait(lambda: camera.left == 1)
    asked = [(asked.method, asked.headers.get("session")) for asked in camera.asked]
    assert asked[:4] == [("DESCRIBE", None), ("SETUP", None), ("SETUP", "7"), ("PLAY", "7")]
    assert camera.asked[2].uri.endswith("/sound")
    assert "m=video" in description
    assert "m=audio 0 RTP/AVP 8\r\na=control:track1" in description
    assert "interleaved=2-3" in set_up


@pytest.mark.parametrize(
    "second",
    [
        saying("461 Unsupported Transport"),
        saying("404 Not Found"),
        saying("302 Found", "Location: /elsewhere"),
        saying("200 OK", "Transport: RTP/AVP/TCP;interleaved=0-1", "Session: 7"),
        saying("200 OK", "Transport: RTP/AVP;unicast;server_port=9-10", "Session: 7"),
    ],
    ids=["transport", "missing", "redirect", "same-channels", "udp"],
)
def test_a_camera_whose_sound_is_not_to_be_had_is_seen(server: LiveServer, second: object) -> None:
    def answer(asked: Asked) -> bytes | None:
        if asked.method == "SETUP" and asked.uri.endswith("/sound"):
            return second(asked)  # type: ignore[operator,no-any-return] # an answer
        return sounding(asked)

    with Scripted(answer) as camera:
        with closing(player(offered(server, camera))) as one:
            received = answers(one)
        camera.wait(lambda: camera.left >= 1)
    assert b"m=video" in received
    assert b"m=audio" not in received
    assert camera.connections == 1


@pytest.mark.parametrize(
    "sound",
    [
        "m=audio 0 RTP/AVP 8\r\na=control:sound\r\na=sendonly\r\n",
        "m=audio 0 RTP/AVP 98\r\na=rtpmap:98 X-SECRET/8000\r\na=control:sound\r\n",
        "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:x\r\n",
    ],
    ids=["backchannel", "unknown", "metadata"],
)
def test_what_is_no_sound_to_hear_is_left_out(server: LiveServer, sound: str) -> None:
    with Scripted(lambda asked: (
        describe(asked, SEEN + sound) if asked.method == "DESCRIBE" else ordinary(asked)
    )) as camera:  # fmt: skip
        with closing(player(offered(server, camera))) as one:
            assert b"m=audio" not in answers(one)
        camera.wait(lambda: camera.left >= 1)
    assert camera.methods.count("SETUP") == 1


def test_the_analyzed_stream_is_without_sound() -> None:
    with Scripted(sounding) as camera:
        with Stream(camera.source, **WAITING) as stream:
            next(stream.packets())
        camera.wait(lambda: camera.left >= 1)
    assert camera.methods.count("SETUP") == 1


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ("url={video};seq=5;rtptime=90,url={sound};seq=7;rtptime=8", ["seq=5;rtptime=90", "seq=7"]),
        ("url={sound};seq=7;rtptime=8,url={video};rtptime=90;seq=5", ["seq=5;rtptime=90", "seq=7"]),
        ("url=sound;seq=7;rtptime=8,url=trackID=1;seq=5;rtptime=90", ["seq=5;rtptime=90", "seq=7"]),
        ("url={video};seq=5;rtptime=90", []),
        ("url={video};seq=5,url={sound};seq=7;rtptime=8", []),
        ("url={video};seq=5;rtptime=9\r\nX: y,url={sound};seq=7;rtptime=x", []),
        ("", []),
    ],
)
def test_what_a_camera_says_of_its_tracks_beginnings_reaches_the_player(
    server: LiveServer, info: str, expected: list[str]
) -> None:
    def answer(asked: Asked) -> bytes | None:
        if asked.method == "DESCRIBE":
            return describe(asked, SEEN + HEARD)
        if asked.method != "PLAY":
            return sounding(asked)
        base = camera.source.url
        named = info.format(video=f"{base}/trackID=1", sound=f"{base}/sound")
        return reply("200 OK", f"RTP-Info: {named}", "Session: 7", asked=asked)

    with Scripted(answer) as camera:
        url = offered(server, camera)
        with closing(player(url)) as one:
            received = answers(one).decode()
    entries = received.partition("RTP-Info: ")[2].partition("\r\n")[0].split(",")
    if not expected:
        assert "RTP-Info" not in received
        return
    named = [entry.partition(";")[0] for entry in entries]
    assert named == [f"url={url}/track0", f"url={url}/track1"]
    assert all(part in entry for part, entry in zip(expected, entries, strict=True))


def test_live_view_that_is_withdrawn_ends(server: LiveServer) -> None:
    with Scripted() as camera:
        url = offered(server, camera)
        with closing(player(url)) as one:
            answers(one)
            server.offer("c", None, 0)
            drained(one)
        camera.wait(lambda: camera.left == 1)
        with closing(player(url)) as one:
            assert ended(one)
    assert camera.connections == 1


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        ({"basic": False}, True),
        ({"certificate": "ab" * 32}, False),
        ({"url": "rtsp://127.0.0.1:9/other"}, False),
        ({"credentials": None}, False),
    ],
    ids=["less", "certificate", "address", "login"],
)
def test_a_change_ends_what_it_does_not_suit(
    server: LiveServer, changes: dict[str, object], stays: bool
) -> None:
    with Scripted() as camera:
        url = offered(server, camera)
        if "credentials" in changes:
            changes = {"credentials": replace(camera.source.credentials, password="another")}
        with closing(player(url)) as one:
            answers(one)
            offered(server, camera, **changes)
            if stays:
                # The next one's session begins after the change was applied.
                with closing(player(url)) as other:
                    assert answers(other)
                assert one.recv(65536)
            else:
                drained(one)


def test_a_change_while_the_camera_is_being_asked_is_applied_afterwards(server: LiveServer) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(one: Asked) -> bytes | None:
        if one.method == "SETUP":
            asked.set()
            go_on.wait(PATIENCE)
        return ordinary(one)

    with Scripted(answer) as camera:
        with closing(player(offered(server, camera))) as one:
            assert asked.wait(PATIENCE)
            offered(server, camera, certificate="ab" * 32)
            go_on.set()
            assert ended(one)
        camera.wait(lambda: camera.left == 1)


def test_no_more_players_than_there_may_be(server: LiveServer) -> None:
    with Scripted() as camera:
        url = offered(server, camera)
        players = [player(url) for _ in range(MOST_VIEWERS)]
        assert all(answers(one).startswith(b"RTSP/1.0 200") for one in players)
        with closing(player(url)) as one:
            assert answers(one).startswith(b"RTSP/1.0 453")
        players.pop().close()
        camera.wait(lambda: camera.left == 1)

        def admitted() -> bool:
            with closing(player(url)) as one:
                return answers(one).startswith(b"RTSP/1.0 200")

        until(admitted, "a place for another player")
        for one in players:
            one.close()


def no_more_files() -> tuple[socket.socket, socket.socket]:
    raise OSError(errno.EMFILE, "Too many open files")


def no_more_threads(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("where", "what", "failing"),
    [(socket, "socketpair", no_more_files), (threading.Thread, "start", no_more_threads)],
)
def test_a_player_that_cannot_be_served_harms_no_other(
    server: LiveServer, where: object, what: str, failing: object
) -> None:
    with Scripted() as camera:
        url = offered(server, camera)
        # More than there may be at once.
        for _ in range(MOST_VIEWERS + 1):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(where, what, failing)
                with closing(socket.create_connection(("127.0.0.1", server.port), PATIENCE)) as one:
                    one.sendall(f"OPTIONS {url} RTSP/1.0\r\n\r\n".encode())
                    assert not one.recv(1)
        with closing(player(url)) as one:
            assert answers(one).startswith(b"RTSP/1.0 200")


@pytest.mark.parametrize("offer", ["MD5", "Basic"])
def test_a_wrong_login_is_sent_once_for_each_permission(
    server: LiveServer, heard: Heard, offer: str
) -> None:
    guard = Guard(offer, password="another")
    with Scripted(guard) as camera:
        for attempt in range(2):
            url = offered(server, camera, attempt)
            for _ in range(3):
                with closing(player(url)) as one:
                    assert answers(one).startswith(b"RTSP/1.0 401")
            assert len(guard.failed) == attempt + 1
    assert [one.camera_id for one in heard.of(LiveRefused)] == ["c", "c"]


def test_a_login_refused_to_the_analyzed_stream_is_not_sent(
    server: LiveServer, heard: Heard, logins: Logins
) -> None:
    guard = Guard("MD5", password="another")
    with Scripted(guard) as camera:
        with pytest.raises(Exception, match=StreamProblem.UNAUTHORIZED):
            Stream(camera.source, **WAITING, turn=logins.turn(camera.source, 0)).__enter__()
        with closing(player(offered(server, camera))) as one:
            assert answers(one).startswith(b"RTSP/1.0 401")
    assert len(guard.failed) == 1
    assert not heard.of(LiveRefused)


@pytest.mark.parametrize(
    ("status", "expected"), [(404, 404), (453, 453), (503, 453), (500, 503), (302, 503)]
)
def test_a_player_is_given_the_camera_s_reason(
    server: LiveServer, status: int, expected: int
) -> None:
    with Scripted() as camera, Elsewhere(camera.port) as other:
        camera.answer = saying(f"{status} X", f"Location: {other}/live")
        with closing(player(offered(server, camera))) as one:
            assert answers(one).startswith(f"RTSP/1.0 {expected} ".encode())


@pytest.mark.parametrize("url", ["rtsp://[bad/live", "file:///etc/passwd", ""])
def test_an_address_that_is_none_takes_no_place(server: LiveServer, url: str) -> None:
    with Scripted() as camera:
        for _ in range(MOST_VIEWERS + 1):
            with closing(player(offered(server, camera, url=url))) as one:
                assert b"453" not in answers(one)
    assert not camera.connections
    until(lambda: not server._viewers, "nobody left")


def test_a_camera_that_hangs_up_ends_the_player(server: LiveServer) -> None:
    with Scripted() as camera, closing(player(offered(server, camera))) as one:
        answers(one)
        camera.cut()
        drained(one)


def test_stopping_ends_all(heard: Heard) -> None:
    server = LiveServer(heard, Logins(), opening=PATIENCE)
    server.start()
    with Scripted() as camera:
        url = offered(server, camera)
        with closing(player(url)) as one:
            answers(one)
            server.stop()
            drained(one)
        camera.wait(lambda: camera.left == 1)
    server.join(PATIENCE)
    with pytest.raises(ConnectionRefusedError):
        player(url)


def test_a_link_suits_as_long_as_nothing_more_is_demanded() -> None:
    source = Scripted().source
    assert Link(certificate="ab").suits(replace(source, certificate="ab"))
    assert not Link(certificate="ab").suits(replace(source, certificate="cd"))
