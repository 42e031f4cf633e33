from __future__ import annotations

import socket
import threading
from collections import deque
from contextlib import closing
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import av
import pytest
from porchlight.onvif.values import Credentials
from porchlight.worker.decoding import whole_frames
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.messages import Source
from porchlight.worker.pixels import Shrinker
from porchlight.worker.stream import Stream

from simulator import StreamSpec

from .support import PASSWORD, PATIENCE, frame, picture, source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .support import Stage

# Seconds: more than a busy machine needs, and what a camera that sends nothing is given.
WAITING = {"opening": PATIENCE, "reading": PATIENCE}
QUICK = {"opening": PATIENCE, "reading": 2.0}
DECODING = 2.0


def end(frames: Iterator[Any]) -> StreamError:
    """How a stream of frames ends."""
    with pytest.raises(StreamError) as caught:
        deque(frames, maxlen=0)
    return caught.value


def problem(stream: Source, **patience: float) -> StreamError:
    """What comes of reading a stream for ever."""
    try:
        with Stream(stream, **(WAITING | patience)) as one:
            return end(whole_frames(one, patience=DECODING))
    except StreamError as error:
        return error


@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("h265", "hevc")])
def test_frames_come_decoded_with_a_nasty_password(
    cameras: Callable[..., Stage], codec: Any, name: str
) -> None:
    stage = cameras({"sub": StreamSpec(codec=codec, gop=0.5)})
    with Stream(source(stage.camera), **WAITING) as stream:
        assert stream.codec == name
        frames = [one for one, _ in zip(whole_frames(stream), range(12), strict=False)]
    assert {(one.width, one.height) for one in frames} == {(320, 240)}
    assert not any(one.is_corrupt for one in frames)
    levels = [int(one.to_ndarray(format="gray").max()) for one in frames]
    assert min(levels) > 180


def test_a_wrong_password_is_reported(stage: Stage) -> None:
    error = problem(source(stage.camera, "wrong"))
    assert error.problem is StreamProblem.UNAUTHORIZED
    assert "wrong" not in str(error)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, StreamProblem.REFUSED),
        (404, StreamProblem.NOT_FOUND),
        (453, StreamProblem.TOO_MANY_VIEWERS),
        (461, StreamProblem.UNSUPPORTED_TRANSPORT),
        (500, StreamProblem.REFUSED),
        (503, StreamProblem.TOO_MANY_VIEWERS),
    ],
)
def test_a_refusal_is_reported_with_its_reason_and_without_the_login(
    stage: Stage, status: int, expected: StreamProblem
) -> None:
    stage.call(stage.camera.refuse_rtsp, status)
    error = problem(source(stage.camera))
    assert error.problem is expected
    assert "p%40ss" not in str(error)
    assert PASSWORD not in str(error)


def test_a_path_that_is_not_there_is_reported(stage: Stage) -> None:
    assert problem(source(stage.camera, path="nothing")).problem is StreamProblem.NOT_FOUND


def test_without_a_listener_no_camera_is_found() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        login = Credentials(username="admin", password=PASSWORD)
        error = problem(
            Source(url=f"rtsp://127.0.0.1:{taken.getsockname()[1]}/", credentials=login)
        )
    assert error.problem is StreamProblem.UNREACHABLE
    assert "admin" not in str(error)
    assert "refused" in error.detail.lower()


def defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what a test does not name take longer than the test."""
    given = Stream.__init__.__kwdefaults__
    for name in ("opening", "reading"):
        monkeypatch.setitem(given, name, 10 * PATIENCE)


def test_a_silent_server_has_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults(monkeypatch)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        login = Credentials(username="", password="")
        url = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/"
        start = monotonic()
        error = problem(Source(url=url, credentials=login), opening=0.5)
    assert error.problem is StreamProblem.STALLED
    assert monotonic() - start < PATIENCE


@pytest.mark.parametrize("kind", ["media", "all"])
def test_a_camera_that_sends_no_more_has_stalled(
    stage: Stage, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults(monkeypatch)
    with Stream(source(stage.camera), **QUICK) as stream:
        frames = whole_frames(stream)
        next(frames)
        stage.call(stage.camera.stall, kind)
        began = monotonic()
        assert end(frames).problem is StreamProblem.STALLED
    assert 1.5 < monotonic() - began < PATIENCE / 2


def test_a_cut_connection_has_ended(stage: Stage) -> None:
    with Stream(source(stage.camera), **WAITING) as stream:
        frames = whole_frames(stream)
        next(frames)
        assert stage.call(stage.camera.drop_rtsp) == 1
        assert end(frames).problem in {StreamProblem.ENDED, StreamProblem.UNREACHABLE}


def test_frames_come_again_after_garbage_and_none_is_garbage(stage: Stage) -> None:
    after = 0
    with Stream(source(stage.camera), **WAITING) as stream:
        for number, one in enumerate(whole_frames(stream)):
            assert int(one.to_ndarray(format="gray").max()) > 180
            if number == 3:
                stage.call(stage.camera.send_garbage, on=True)
                threading.Timer(1.0, stage.call, [stage.camera.send_garbage], {"on": False}).start()
            after += number > 3
            if after > 10:
                break
    assert after > 10


def test_nothing_but_garbage_is_a_problem(stage: Stage) -> None:
    stage.call(stage.camera.send_garbage, on=True)
    error = problem(source(stage.camera), opening=5.0, reading=2.0)
    # What of it looks like packets does not decode; it may also be that nothing does.
    assert error.problem in {StreamProblem.BROKEN, StreamProblem.STALLED}


def test_a_stream_that_is_not_open_gives_no_frames() -> None:
    stream = Stream(
        Source(url="rtsp://127.0.0.1/", credentials=Credentials(username="", password=""))
    )
    with pytest.raises(StreamError, match="not open"):
        next(whole_frames(stream))


def test_closing_twice_is_harmless(stage: Stage) -> None:
    with Stream(source(stage.camera), **WAITING) as stream:
        next(whole_frames(stream))
        stream.__exit__()
    with pytest.raises(StreamError):
        stream.codec  # noqa: B018 - asking is what fails


class Packet:
    """A packet that does not decode, or not to a whole frame."""

    size = 1

    def __buffer__(self, _flags: int) -> memoryview:
        return memoryview(b"x")

    def __init__(self, outcome: Exception | list[Any]) -> None:
        self._outcome = outcome

    def decode(self) -> list[Any]:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


class Container:
    """A container of such packets, for what no camera on command can send."""

    def __init__(self, *packets: Packet, then: Exception | None = None) -> None:
        self._packets = packets
        self._then = then

    def demux(self, _video: object) -> Any:
        yield from self._packets
        if self._then:
            raise self._then

    def close(self) -> None:
        """Nothing is open."""


def reading(*packets: Packet, then: Exception | None = None) -> Stream:
    nowhere = Source(url="rtsp://h/", credentials=Credentials(username="", password=""))
    stream = Stream(nowhere)
    stream._container = Container(*packets, then=then)  # type: ignore[assignment] # as it says
    stream._video = SimpleNamespace(codec_context=SimpleNamespace(name="h264"))  # type: ignore[assignment] # as above
    return stream


@pytest.mark.parametrize(
    "error",
    [
        av.error.InvalidDataError(1, "bad"),
        # FFmpeg's "not yet implemented".
        av.error.PatchWelcomeError(1, "bad"),
        av.error.UndefinedError(1, "bad"),
        av.error.ExternalError(1, "bad"),
        av.error.MemoryError(12, "bad"),
        av.error.EOFError(1, "bad"),
        av.error.HTTPUnauthorizedError(1, "bad"),
        ValueError("bad"),
        OSError("bad"),
        RuntimeError("bad"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_decoder_exception_is_an_error_of_one_packet(error: Exception) -> None:
    frames = whole_frames(reading(Packet(error), Packet([frame()]), Packet(error)))
    assert next(frames)
    assert end(frames).problem is StreamProblem.ENDED


def test_packets_that_never_decode_are_a_broken_stream() -> None:
    bad = Packet(av.error.InvalidDataError(1, "bad"))
    with pytest.raises(StreamError) as caught:
        list(whole_frames(reading(*[bad] * 3), patience=0.0))
    assert caught.value.problem is StreamProblem.BROKEN


def test_now_and_then_a_bad_packet_is_passed_over() -> None:
    bad, good = Packet(ValueError("bad")), Packet([frame()])
    frames = whole_frames(reading(*([bad] * 200 + [good]) * 3))
    assert len([next(frames) for _ in range(3)]) == 3
    assert end(frames).problem is StreamProblem.ENDED


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (av.error.ExitError(1, "x"), StreamProblem.STALLED),
        (av.error.EOFError(1, "x"), StreamProblem.ENDED),
        (av.error.InvalidDataError(1, "x"), StreamProblem.BROKEN),
        (av.error.PatchWelcomeError(1, "x"), StreamProblem.BROKEN),
        (ValueError("x"), StreamProblem.BROKEN),
        (av.error.TimeoutError(1, "x"), StreamProblem.UNREACHABLE),
        (OSError(113, "No route to host"), StreamProblem.UNREACHABLE),
    ],
)
def test_failures_are_reported_by_kind(error: Exception, expected: StreamProblem) -> None:
    with pytest.raises(StreamError) as caught:
        list(whole_frames(reading(then=error)))
    assert caught.value.problem is expected


def test_an_errors_detail_holds_no_login() -> None:
    error = av.error.InvalidDataError(1, "Invalid", "rtsp://admin:secret@host/")
    with pytest.raises(StreamError) as caught:
        list(whole_frames(reading(then=error)))
    assert "secret" not in str(caught.value)
    assert "rtsp://host/" in caught.value.detail


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "file:///etc/hostname",
        "/etc/hostname",
        "concat:rtsp://127.0.0.1:{port}/",
        "tcp://127.0.0.1:{port}",
        "rtsp:/etc/hostname",
        "rtspu://127.0.0.1:{port}/",
        "",
    ],
)
def test_what_is_no_rtsp_address_is_refused_and_nobody_contacted(url: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0)
        address = url.format(port=server.getsockname()[1])
        error = problem(
            Source(url=address, credentials=Credentials(username="admin", password=PASSWORD))
        )
        assert (error.problem, error.detail) == (StreamProblem.REFUSED, "not an RTSP address")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_frames_are_shrunk_to_grey_and_to_colour() -> None:
    shrinker = Shrinker()
    grey = shrinker.grey(frame(), 160, 120)
    rgb = shrinker.rgb(frame(), 80, 60)
    assert (grey.shape, grey.dtype) == ((120, 160), "uint8")
    assert (rgb.shape, rgb.dtype) == ((60, 80, 3), "uint8")
    expected = picture(0).astype(int)
    assert abs(int(grey[50, 10]) - expected[100, 20, 0]) < 12
    assert abs(rgb[50, 60].astype(int) - expected[200, 240]).max() < 12
