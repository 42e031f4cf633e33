"""Live view of cameras that have a sound which they do not play."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from porchlight.worker.messages import LiveRefused
from porchlight.worker.rtsp.live import LiveServer

from .scripted import VIDEO as SEEN
from .scripted import Asked, Guard, Scripted, describe, reply
from .support import PATIENCE
from .test_live import HEARD, answers, heard, logins, offered, server, sounding
from .test_rtsp_relay import player

if TYPE_CHECKING:
    from collections.abc import Callable

    from porchlight.worker.rtsp.logins import Logins

    from .support import Heard

__all__ = ["heard", "logins", "server"]


def sound_answered(
    then: Callable[[Asked], bytes | None], otherwise: Callable[[Asked], bytes | None] = sounding
) -> Callable[[Asked], bytes | None]:
    """A camera with another answer when its sound is set up."""

    def answer(asked: Asked) -> bytes | None:
        of_sound = asked.method == "SETUP" and asked.uri.endswith("/sound")
        return then(asked) if of_sound else otherwise(asked)

    return answer


def is_seen(url: str) -> None:
    """A player gets the video, and no sound."""
    with closing(player(url)) as one:
        received = answers(one)
    assert received.startswith(b"RTSP/1.0 200 OK")
    assert b"m=video" in received
    assert b"m=audio" not in received


@pytest.mark.parametrize("offer", ["MD5", "Basic"])
def test_sound_that_the_account_may_not_hear_is_asked_for_once(
    server: LiveServer, heard: Heard, offer: str
) -> None:
    guard = Guard(offer, then=sounding)

    def refusing(asked: Asked) -> bytes:
        return reply("401 Unauthorized", *guard.challenges(), asked=asked)

    with Scripted(sound_answered(refusing, guard)) as camera:
        for _ in range(3):
            is_seen(offered(server, camera))
        camera.wait(lambda: camera.left == camera.connections)
    refused = [one for one in camera.asked if one.login and one.uri.endswith("/sound")]
    assert len(refused) == 1
    assert not guard.failed
    assert not heard.of(LiveRefused)


def test_a_camera_that_hangs_up_when_asked_for_its_sound_is_seen(server: LiveServer) -> None:
    def hang_up(_: Asked) -> None:
        camera.finish(b"")

    with Scripted(sound_answered(hang_up)) as camera:
        is_seen(offered(server, camera))


def test_a_camera_that_never_answers_for_its_sound_is_seen(heard: Heard, logins: Logins) -> None:
    # Half of the time is for the sound; the rest is more than a camera on loopback takes.
    server = LiveServer(heard, logins, opening=20.0)
    server.start()
    with Scripted(sound_answered(lambda _: None)) as camera:
        is_seen(offered(server, camera))
    server.stop()
    server.join(PATIENCE)


def test_a_sound_with_the_address_of_the_video_is_left_out(server: LiveServer) -> None:
    def answer(asked: Asked) -> bytes | None:
        if asked.method == "DESCRIBE":
            return describe(asked, SEEN + HEARD.replace("sound", "trackID=1"))
        return sounding(asked)

    with Scripted(answer) as camera:
        is_seen(offered(server, camera))
    assert camera.methods.count("SETUP") == 1
