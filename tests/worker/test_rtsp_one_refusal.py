"""A recorder's wrong password is refused once, not once for each of its streams."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from porchlight.worker.errors import NOT_SHOWN, StreamError, StreamProblem
from porchlight.worker.rtsp.connection import Deadline
from porchlight.worker.rtsp.keepalive import Keepalive
from porchlight.worker.rtsp.logins import Logins
from porchlight.worker.rtsp.session import Session
from porchlight.worker.stream import Stream

from .scripted import WAITING, Guard, Scripted, ordinary, reply

if TYPE_CHECKING:
    from porchlight.worker.messages import Source

    from .scripted import Asked

STREAMS = 6


def opening(logins: Logins, source: Source, attempt: int = 0) -> StreamError | None:
    """Why a stream does not open, or nothing if it does."""
    try:
        with Stream(source, **WAITING, turn=logins.turn(source, attempt)) as stream:
            next(stream.packets())
    except StreamError as error:
        return error
    return None


def at_once(logins: Logins, camera: Scripted, attempt: int = 0) -> list[StreamError | None]:
    """The same of several channels at the same time."""
    sources = [
        replace(camera.source, url=camera.source.url.replace("/live", f"/channel{number}"))
        for number in range(STREAMS)
    ]
    with ThreadPoolExecutor(STREAMS) as pool:
        return list(pool.map(lambda source: opening(logins, source, attempt), sources))


@pytest.mark.parametrize("offer", ["MD5", "SHA-256", "Basic"])
def test_a_wrong_login_is_shown_once_for_each_permission(offer: str) -> None:
    guard, logins = Guard(offer, password="another"), Logins()
    with Scripted(guard) as camera:
        for attempt in range(3):
            errors = at_once(logins, camera, attempt)
            assert len(guard.failed) == attempt + 1
            assert {error and error.problem for error in errors} == {StreamProblem.UNAUTHORIZED}
            assert sum(error is not None and error.detail == NOT_SHOWN for error in errors) == (
                STREAMS - 1
            )


def test_a_right_login_opens_all_streams() -> None:
    guard, logins = Guard("MD5"), Logins()
    with Scripted(guard) as camera:
        assert at_once(logins, camera) == [None] * STREAMS
    assert not guard.failed


def test_another_login_and_another_host_are_not_held_up() -> None:
    guard, logins = Guard("MD5"), Logins()
    with Scripted(guard) as camera:
        right = camera.source
        wrong = replace(right, credentials=replace(right.credentials, password="another"))
        elsewhere = replace(wrong, url=wrong.url.replace("127.0.0.1", "localhost"))
        assert opening(logins, wrong)
        assert opening(logins, right) is None
        failed = len(guard.failed)
        assert opening(logins, elsewhere)
        assert len(guard.failed) == failed + 1


def test_a_login_that_was_right_is_shown_by_one_stream_again_after_one_has_ended() -> None:
    guard, logins = Guard("MD5"), Logins()
    with Scripted(guard) as camera:
        assert at_once(logins, camera) == [None] * STREAMS
        guard.change("another")
        assert all(at_once(logins, camera))
    assert len(guard.failed) == 1


def test_a_channel_that_the_account_may_not_see_holds_up_others_for_one_attempt() -> None:
    guard, logins = Guard("MD5"), Logins()

    def answer(asked: Asked) -> bytes | None:
        if "channel0" in asked.uri and asked.login:
            return reply("401 Unauthorized", *guard.challenges(), asked=asked)
        return guard(asked)

    with Scripted(answer) as camera:
        private = replace(camera.source, url=camera.source.url.replace("/live", "/channel0"))
        assert opening(logins, private)
        held_up = opening(logins, camera.source)
        assert held_up is not None
        assert held_up.detail == NOT_SHOWN
        assert opening(logins, camera.source, 1) is None
        assert opening(logins, private, 1)


def test_a_recorder_that_does_not_answer_a_login_holds_up_nobody_for_longer() -> None:
    logins = Logins()
    with Scripted(lambda asked: None if asked.login else Guard("MD5")(asked)) as camera:
        source = camera.source

        def wait() -> StreamError | None:
            try:
                with logins.turn(source).show(Deadline(0.0)):
                    return None
            except StreamError as error:
                return error

        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(opening, logins, source)
            camera.wait(lambda: bool(camera.logins))
            late = wait()
            assert late is not None
            assert late.problem is StreamProblem.STALLED
            camera.cut()
            assert first.result() is not None


def test_streams_without_a_login_are_opened() -> None:
    logins = Logins()
    with Scripted(ordinary, login=False) as camera:
        assert at_once(logins, camera) == [None] * STREAMS


def test_a_session_that_goes_on_with_the_old_login_does_not_permit_it_again() -> None:
    guard, logins = Guard("MD5"), Logins()
    now = 0.0
    with Scripted(guard) as camera:
        session = Session(camera.source, logins.turn(camera.source))
        session.open(Deadline(WAITING["opening"]))
        keepalive = Keepalive(session, lambda: now)
        guard.change("another")
        logins.turn(camera.source).over()
        for _ in range(3):
            assert all(at_once(logins, camera))
            now += 60.0
            assert keepalive.due()
            # Some cameras check no login once a session plays.
            _, answers = session.cut(b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n")
            assert not keepalive.answered(answers[0])
        assert len(guard.failed) == 1


def test_one_playing_session_is_kept_at_a_time() -> None:
    guard, logins = Guard("MD5"), Logins()
    now = 0.0
    with Scripted(guard) as camera:
        sessions = [Session(camera.source, logins.turn(camera.source)) for _ in range(3)]
        for session in sessions:
            session.open(Deadline(WAITING["opening"]))
        first, second, third = (Keepalive(session, lambda: now) for session in sessions)
        now += 20.0
        assert b"Authorization" in first.due()
        # The others do not send it before it is known whether it is still right.
        assert not second.due()
        assert second.left == pytest.approx(0.2)
        _, answers = sessions[0].cut(reply("200 OK"))
        assert not first.answered(answers[0])
        now += 0.2
        assert b"Authorization" in second.due()
        assert not third.due()
        # A session that has ended is not waited for, and a camera without answers not for long.
        sessions[1].close()
        now += 0.2
        assert third.due()
        now += 20.0
        assert third.due()
        now += 1.9
        assert not first.due()
        now += 0.2
        assert first.due()


def test_sessions_without_a_login_are_kept_at_once() -> None:
    logins = Logins()
    now = 0.0
    with Scripted(ordinary, login=False) as camera:
        sessions = [Session(camera.source, logins.turn(camera.source)) for _ in range(3)]
        for session in sessions:
            session.open(Deadline(WAITING["opening"]))
        keepalives = [Keepalive(session, lambda: now) for session in sessions]
        now += 20.0
        assert all(one.due() for one in keepalives)
        for session in sessions:
            session.close()


def test_a_login_that_is_refused_for_one_playing_session_is_not_sent_for_others() -> None:
    guard, logins = Guard("MD5"), Logins()
    now = 0.0
    sent = 0
    with Scripted(guard) as camera:
        turns = [logins.turn(camera.source) for _ in range(STREAMS)]
        sessions = [Session(camera.source, turn) for turn in turns]
        for session in sessions:
            session.open(Deadline(WAITING["opening"]))
        *asked, quiet = sessions
        keepalives = [Keepalive(session, lambda: now) for session in asked]
        guard.change("another")
        now += 60.0
        for session, keepalive in zip(asked, keepalives, strict=True):
            sent += b"Authorization" in keepalive.due()
            _, answers = session.cut(reply("401 Unauthorized", *guard.challenges()))
            assert not keepalive.answered(answers[0])
        assert sent == 1
        assert not any(b"Authorization" in session.request("TEARDOWN") for session in sessions)
        # Another stream was accepted meanwhile.
        turns[0].accepted()
        assert b"Authorization" in quiet.request("OPTIONS")
        for session in sessions:
            session.close()
