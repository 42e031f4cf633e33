"""What FFmpeg reads a camera from, and nobody else can."""

from __future__ import annotations

import errno
import socket
import threading
from collections import deque
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from porchlight.worker.errors import StreamProblem
from porchlight.worker.rtsp.addresses import parse
from porchlight.worker.rtsp.connection import Deadline
from porchlight.worker.rtsp.door import Door
from porchlight.worker.rtsp.keepalive import Keepalive
from porchlight.worker.rtsp.relay import Relay
from porchlight.worker.rtsp.session import Session

from simulator.rtp import Sender

from .hostile import endless_fragments
from .scripted import Asked, Guard, Scripted, deadline, ordinary, reply
from .support import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def player(url: str) -> socket.socket:
    """A player that has asked for everything and reads nothing more."""
    address = parse(url)
    one = socket.create_connection((address.host, address.port))
    # No more than a few packets fit: the rest is the relay's to hold back.
    one.settimeout(60)
    # One that is refused at once may not get to ask for more.
    with suppress(BrokenPipeError, ConnectionResetError):
        for number, method in enumerate(("DESCRIBE", "SETUP", "PLAY")):
            one.sendall(f"{method} {url} RTSP/1.0\r\nCSeq: {number}\r\n\r\n".encode())
    return one


def test_a_decoder_that_does_not_read_makes_the_camera_wait() -> None:
    sent = 0

    def counted() -> Iterator[tuple[bytes, int, bool]]:
        nonlocal sent
        for one in endless_fragments():
            sent += len(one[0])
            yield one

    with Scripted(packets=counted) as camera:
        session = Session(camera.source)
        playing = session.open(deadline())
        relay = Relay(session, playing, deadline())
        relay.start()
        with closing(player(relay.url)):
            until(lambda: sent > 0, "the camera sends")
            stood = -1
            pause = threading.Event()
            while stood != sent:
                stood = sent
                pause.wait(1.0)
            assert 0 < sent < 64 * 1024 * 1024
            assert relay.is_alive()
        over(relay)


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay for a camera that plays."""
    with Scripted(quick) as camera:
        session = Session(camera.source)
        one = Relay(session, session.open(deadline()), deadline())
        one.camera = camera  # type: ignore[attr-defined] # for the test
        one.start()
        yield one
        over(one)


def over(relay: Relay) -> None:
    """Close a relay; it ends, if not within the moment that closing it takes."""
    relay.close()
    relay.join(30)
    assert not relay.is_alive()


def quick(asked: Asked) -> bytes | None:
    """A camera that forgets sessions after three seconds."""
    answer = ordinary(asked)
    return answer and answer.replace(b"timeout=60", b"timeout=3")


def stranger(relay: Relay, request: str = "") -> socket.socket:
    """Who has found the relay's port."""
    address = parse(relay.url)
    one = socket.create_connection((address.host, address.port))
    one.settimeout(60)
    # The relay may end it before it has read all of this.
    with suppress(ConnectionError):
        one.sendall(request.format(address=address.uri.rpartition("/")[0]).encode())
    return one


def ended(one: socket.socket) -> bool:
    """Whether a connection ends without a byte."""
    try:
        return one.recv(1000) == b""
    except ConnectionResetError:
        return True


def test_the_relay_is_on_loopback_and_hard_to_guess(relay: Relay) -> None:
    assert relay._listener.getsockname()[0] == "127.0.0.1"
    assert len(parse(relay.url).path) > 32


@pytest.mark.parametrize(
    "request_of_theirs",
    [
        "",
        "$\x00\x00\x01x",
        "DESCRIBE {address}/ RTSP/1.0\r\n\r\n",
        "PLAY {address}/guess RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "OPTIONS * RTSP/1.0\r\n\r\n",
        "PLAY\r\n\r\n",
        "A" * 100_000,
        "GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_who_does_not_know_the_address_gets_nothing_and_the_player_all(
    relay: Relay, request_of_theirs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hurried:
        # Who says nothing need not be waited for here.
        hurried.setattr("porchlight.worker.rtsp.door._ASKING", 0.2)
        with closing(stranger(relay, request_of_theirs)) as other:
            assert ended(other)
    with closing(player(relay.url)) as one:
        assert one.recv(5) == b"RTSP/"


def test_many_strangers_that_stay_do_not_keep_the_player_out(relay: Relay) -> None:
    others = [stranger(relay) for _ in range(30)]
    with closing(player(relay.url)) as one:
        assert one.recv(5) == b"RTSP/"
        assert all(ended(other) for other in others)
    for other in others:
        other.close()


def test_one_player_is_let_in_and_nobody_after_it(relay: Relay) -> None:
    with closing(player(relay.url)) as one:
        assert one.recv(5) == b"RTSP/"
        # The first one's answer came after nobody else could be let in.
        with pytest.raises(ConnectionRefusedError):
            player(relay.url)


def test_a_relay_that_nobody_comes_to_ends_in_time() -> None:
    with Scripted() as camera:
        session = Session(camera.source)
        relay = Relay(session, session.open(deadline()), Deadline(0.2))
        relay.start()
        relay.join(60)
        assert not relay.is_alive()
        camera.wait(lambda: camera.left == 1)
        relay.close()
    assert camera.methods[-1] == "TEARDOWN"


def test_a_relay_is_closed_while_it_waits(relay: Relay) -> None:
    over(relay)


def test_a_player_that_leaves_ends_the_camera_s_session(relay: Relay) -> None:
    camera = relay.camera  # type: ignore[attr-defined] # a fixture's
    player(relay.url).close()
    camera.wait(lambda: camera.left == 1)
    assert camera.methods[-1] == "TEARDOWN"


def test_a_camera_that_hangs_up_is_the_reason(relay: Relay) -> None:
    camera = relay.camera  # type: ignore[attr-defined] # a fixture's
    with closing(player(relay.url)) as one:
        one.recv(5)
        camera.cut()
        while one.recv(65536):
            pass
        assert relay.problem is not None
        assert relay.problem.problem is StreamProblem.ENDED


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (quick, ["OPTIONS", "OPTIONS", "OPTIONS"]),
        (
            lambda asked: (quick(asked) or b"").replace(
                b"200 OK\r\n", b"200 OK\r\nPublic: PLAY, GET_PARAMETER\r\n"
            ),
            ["OPTIONS", "GET_PARAMETER", "GET_PARAMETER"],
        ),
        (
            lambda asked: (
                reply("501 X", asked=asked) if asked.method == "OPTIONS" else quick(asked)
            ),
            ["OPTIONS", "GET_PARAMETER", "GET_PARAMETER"],
        ),
        (
            lambda asked: None if asked.method == "OPTIONS" else quick(asked),
            ["OPTIONS", "GET_PARAMETER", "GET_PARAMETER"],
        ),
    ],
    ids=["plain", "public", "unknown", "silent"],
)
def test_a_session_is_kept_in_the_way_that_the_camera_knows(
    answer: Callable[[Asked], bytes | None],
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    kept_alive: list[Keepalive] = []

    def timed(session: Session) -> Keepalive:
        # However late an answer is, it comes before the next one is due.
        kept_alive.append(Keepalive(session, lambda: now))
        return kept_alive[0]

    monkeypatch.setattr("porchlight.worker.rtsp.splice.Keepalive", timed)
    guard = Guard("MD5", then=answer)
    with Scripted(guard) as camera:
        session = Session(camera.source)
        relay = Relay(session, session.open(deadline()), deadline())
        began = len(camera.asked)
        relay.start()
        with closing(player(relay.url)) as one:
            reading = threading.Thread(target=lambda: deque(iter(lambda: one.recv(65536), b"")))
            reading.start()
            until(lambda: bool(kept_alive), "the player is let in")
            for number in range(1, 4):
                now += session.forgotten / 3
                camera.wait(lambda number=number: len(camera.asked) >= began + number)
                if answer(camera.asked[-1]):
                    until(lambda: kept_alive[0]._asked is None, "the answer is taken")
            kept = camera.asked[began : began + 3]
            one.shutdown(socket.SHUT_RDWR)
            reading.join()
        relay.close()
    assert [one.method for one in kept] == expected
    assert {one.headers["session"] for one in kept} == {"7"}
    assert {one.uri for one in kept} == {camera.source.url}
    assert not guard.failed


def test_a_player_s_reports_reach_the_camera_and_its_requests_do_not(relay: Relay) -> None:
    camera = relay.camera  # type: ignore[attr-defined] # a fixture's
    report = b"$\x01\x00\x08" + b"\x81\xc9\x00\x01abcd"
    before = list(camera.methods)
    with closing(player(relay.url)) as one:
        address = relay.url
        one.sendall(f"SET_PARAMETER {address} RTSP/1.0\r\nCSeq: 9\r\n\r\n".encode() + report)
        while not camera.frames:
            one.recv(65536)
        assert camera.frames[0] == report
        assert "SET_PARAMETER" not in camera.methods
    assert before == ["DESCRIBE", "SETUP", "PLAY"]


def test_frames_pass_as_they_came() -> None:
    packets = [
        (bytes([number % 256]) * (number * 37 % 3000), number, True) for number in range(500)
    ]
    with Scripted(packets=lambda: iter(packets)) as camera:
        session = Session(camera.source)
        relay = Relay(session, session.open(deadline()), deadline())
        relay.start()
        sender = Sender(ssrc=1, sequence=1, offset=1)
        expected = b""
        for payload, ticks, last in packets:
            packet = sender.packet(payload, ticks, last=last)
            expected += b"$\x00" + len(packet).to_bytes(2) + packet
        with closing(player(relay.url)) as one:
            received = b""
            while len(received) < len(expected) or not received.endswith(expected[-100:]):
                received += one.recv(65536)
        relay.close()
    assert received[received.index(b"$\x00") :] == expected


class Full(socket.socket):
    """A listener in a process that can open no more files."""

    tries = 0

    def accept(self) -> tuple[socket.socket, object]:
        self.tries += 1
        raise OSError(errno.EMFILE, "Too many open files")


def test_a_door_that_can_open_no_more_files_waits() -> None:
    bell, button = socket.socketpair()
    with Full() as listener, bell:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        with Door(listener, bell, lambda _: True) as door:
            waiting = threading.Thread(target=door.player, args=(Deadline(float("inf")),))
            waiting.start()
            with socket.create_connection(listener.getsockname()):
                until(lambda: listener.tries >= 2, "a second try")
                # It would be thousands without a pause.
                assert listener.tries < 100
                button.close()
                waiting.join(PATIENCE)
    assert not waiting.is_alive()
