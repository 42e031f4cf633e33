from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from porchlight.onvif.values import Credentials
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.rtsp.addresses import parse
from porchlight.worker.rtsp.authentication import Login, challenges
from porchlight.worker.rtsp.description import Described, described, tracks_of
from porchlight.worker.rtsp.messages import MAX_HEAD, Message, Splitter, composed
from porchlight.worker.rtsp.session import Session

from .scripted import VIDEO, Asked, Scripted, deadline, ordinary

if TYPE_CHECKING:
    from collections.abc import Iterable

# Bytes that look like RTSP more often than chance has it.
PIECES = st.sampled_from(
    [
        b"RTSP/1.0 200 OK\r\n",
        b"RTSP/1.0 401 X\r\n",
        b"RTSP/1.0 302 X\r\n",
        b"OPTIONS * RTSP/1.0\r\n",
        b"REDIRECT * RTSP/1.0\n",
        b"CSeq: 1\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 99999999999\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
        b"Transport: RTP/AVP/TCP;interleaved=999-\r\n",
        b"Session: \r\n",
        b"Location: rtsp://[/\r\n",
        b"Content-Base: http://[::1\r\n",
        b'WWW-Authenticate: Digest realm="x", nonce="\\',
        b"WWW-Authenticate: Basic\r\n",
        b"\r\n",
        b"\n\n",
        b"$\x00\x00\x04abcd",
        b"$\x01\xff\xff",
        b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
        b"a=control:",
    ]
)
HOSTILE = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=40).map(b"".join)


def cut(chunks: Iterable[bytes]) -> tuple[bytes, list[Message]]:
    """The frames and the messages in what comes in these pieces."""
    splitter = Splitter()
    frames, messages = b"", []
    for chunk in chunks:
        for one in splitter.feed(chunk):
            if isinstance(one, Message):
                messages.append(one)
            else:
                frames += one
    return frames, messages


def test_a_message_is_read() -> None:
    data = (
        b"RTSP/1.0 404 Not Found\r\nCSeq: 3\r\nA : b\r\n  c\r\nA: d\r\nContent-Length: 2\r\n\r\nxy"
    )
    _, (message,) = cut([data])
    assert (message.status, message.body) == (404, b"xy")
    assert message.all("a") == ["b c", "d"]
    assert (message.first("cseq"), message.first("nothing")) == ("3", "")


def test_a_request_is_no_response() -> None:
    _, (message,) = cut([b"OPTIONS rtsp://h/x RTSP/1.0\n\n"])
    assert (message.method, message.target, message.status) == ("OPTIONS", "rtsp://h/x", None)


@given(st.lists(st.one_of(st.binary(max_size=300), st.none()), max_size=12), st.data())
def test_frames_and_messages_are_found_wherever_the_stream_is_cut(
    parts: list[bytes | None], data: st.DataObject
) -> None:
    framed, stream, count = b"", b"", 0
    for part in parts:
        if part is None:
            stream += b"RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n$\n\r"
            count += 1
        else:
            frame = b"$\x02" + len(part).to_bytes(2) + part
            stream += frame
            # What is smaller holds no packet.
            framed += frame if len(part) >= 8 else b""
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    frames, messages = cut(chunks)
    assert frames == framed
    assert [(one.status, one.body) for one in messages] == [(200, b"$\n\r")] * count


@pytest.mark.parametrize("noise", [b"\x00\xff", b"\r\n\r\n", b"abc def\n", b"RTS", b"x" * 5000])
def test_noise_between_frames_is_skipped(noise: bytes) -> None:
    frame = b"$\x00\x00\x08abcdefgh"
    assert cut([frame + noise + frame])[0] == frame * 2
    assert cut([frame + noise + b"RTSP/1.0 200 OK\r\n\r\n"])[1][0].status == 200


@settings(max_examples=500)
@given(st.lists(HOSTILE, max_size=4))
def test_whatever_comes_little_is_kept_of_it(chunks: list[bytes]) -> None:
    splitter = Splitter()
    with contextlib.suppress(StreamError):
        for chunk in chunks:
            for _ in splitter.feed(chunk):
                pass
    assert len(splitter.rest()) <= sum(map(len, chunks))


def test_a_head_without_an_end_is_not_kept() -> None:
    splitter = Splitter()

    def feed() -> None:
        for _ in range(MAX_HEAD):
            deque(splitter.feed(b"RTSP/1.0 200 OK\r\nA: b\r\nC: d\r\n"))

    with pytest.raises(StreamError) as caught:
        feed()
    assert caught.value.problem is StreamProblem.BROKEN
    assert len(splitter.rest()) < 2 * MAX_HEAD


@given(st.text())
def test_no_value_makes_a_line_of_its_own(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    head = composed("PLAY x RTSP/1.0", [("A", value)]).decode()
    assert head.count("\n") == 3


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(),
        HOSTILE,
        st.binary().map(lambda more: VIDEO.encode() + more),
        st.binary().map(lambda more: VIDEO.encode() + b"m=audio 0 RTP/AVP 0 8\r\n" + more),
    ),
    st.booleans(),
)
def test_any_description_is_tracks_or_an_error(body: bytes, sound: bool) -> None:
    found: Described | StreamError
    try:
        found = tracks_of(body, sound=sound)
    except StreamError as error:
        found = error
    if isinstance(found, StreamError):
        assert found.problem in {StreamProblem.NO_VIDEO, StreamProblem.UNSUPPORTED_CODEC}
        assert found.detail.isprintable()
    else:
        lines = described(found.tracks).decode().split("\r\n")
        assert [line[0] for line in lines[:6]] == ["v", "o", "s", "c", "t", "m"]
        assert {line[:2] for line in lines[6:-1]} <= {"a=", "m="}
        kinds = [line[2:7] for line in lines if line[:2] == "m="]
        assert kinds in ([["video"]], [["video"], ["video", "audio"]])[sound]
        assert f"a=control:track{len(kinds) - 1}" in lines


@settings(max_examples=300)
@given(st.lists(st.text(max_size=200), max_size=3), st.booleans(), st.booleans())
def test_any_challenge_is_answered_or_an_error(
    values: list[str], answered: bool, again: bool
) -> None:
    login = Login(Credentials(username="u", password="p"), basic=True)
    headers = tuple(("www-authenticate", f"Digest {value}") for value in values)
    message = Message(start="RTSP/1.0 401 X", headers=headers)
    with contextlib.suppress(StreamError):
        login.challenged(message, answered=answered, again=again)
        assert login.header("PLAY", "x")
    login.accepted(Message(start="", headers=tuple(("authentication-info", v) for v in values)))


@given(st.text())
def test_any_reference_stays_at_the_camera(reference: str) -> None:
    reference = reference.encode("utf-8", "replace").decode()
    base = parse("rtsp://camera:8554/live")
    for one in (base.at(reference), base.below(reference)):
        assert one.uri.startswith("rtsp://camera:8554")
        assert (one.uri + "/")[len("rtsp://camera:8554")] in "/?"
        assert all("\x20" < c < "\x7f" for c in one.uri)
    try:
        target = base.redirected(reference)
    except StreamError:
        return
    assert (target.scheme, target.host, target.port) == ("rtsp", "camera", 8554)


def test_long_challenges_take_no_longer_than_they_should() -> None:
    value = "a." * 30_000 + "=" + "b" * 30_000
    assert len(list(challenges([value] * 100))) < 10_000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2), HOSTILE)
def test_whatever_a_camera_answers_a_session_opens_or_says_why_not(good: int, bad: bytes) -> None:
    with Scripted() as camera:

        def answer(asked: Asked) -> bytes | None:
            if len(camera.asked) <= good:
                return ordinary(asked)
            camera.finish(bad)
            return None

        camera.answer = answer
        session = Session(camera.source)
        with contextlib.suppress(StreamError):
            session.open(deadline())
        session.close()
        uris = [one.uri for one in camera.asked]
    assert all(uri.startswith(f"rtsp://127.0.0.1:{camera.port}") for uri in uris)
