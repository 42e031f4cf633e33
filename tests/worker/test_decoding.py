from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import pytest
from porchlight.vision.watch import Watch
from porchlight.worker.decoding import MOST_BYTES, MOST_WAITING, Decoder
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.eye import Eye
from porchlight.worker.pixels import Shrinker

from .support import FPS, HEIGHT, WIDTH, frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.stream import VideoStream

GROUP = 20


@pytest.fixture(params=["libx264", "libx265", "mjpeg"])
def packets(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Packet[VideoStream]]]:
    """A hundred frames as a camera sends them; number n is brighter by n."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(request.param, rate=FPS)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if request.param == "mjpeg" else "yuv420p"
        parameters = f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=0"
        stream.options = {
            "libx264": {"tune": "zerolatency", "x264-params": parameters},
            # As the simulator has it: without threads of its own, which have small stacks on musl.
            "libx265": {
                "preset": "ultrafast",
                "x265-params": f"{parameters}:pools=none:frame-threads=1:log-level=none",
            },
            "mjpeg": {},
        }[request.param]
        for number in range(100):
            one = frame(number)
            one.pts, one.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        yield [packet for packet in container.demux(video=0) if packet.size]


def taken(decoder: Decoder, packets: list[Any], wanted: set[int]) -> list[list[float]]:
    """The times of the frames that each packet led to."""
    return [
        [at for _, at in decoder.take(packet, float(number), wanted=number in wanted)]
        for number, packet in enumerate(packets)
    ]


def test_what_is_wanted_at_once_comes_at_once(packets: list[Any]) -> None:
    times = taken(Decoder(), packets, set(range(100)))
    assert times == [[float(number)] for number in range(100)]


def test_key_frames_alone_come_at_once_and_whole(packets: list[Any]) -> None:
    keys = {number for number, packet in enumerate(packets) if packet.is_keyframe}
    times = taken(Decoder(), packets, keys)
    assert [at for at in times if at] == [[float(number)] for number in sorted(keys)]


def test_skipped_packets_are_decoded_when_something_starts(packets: list[Any]) -> None:
    if packets[1].is_keyframe:
        pytest.skip("with key frames alone there is nothing to catch up with")
    times = taken(Decoder(), packets, {0, 47, 48})
    assert times[47] == [float(number) for number in range(40, 48)]
    assert times[48] == [48.0]
    assert [at for number, at in enumerate(times) if number not in {0, 47, 48}] == [[]] * 97


def test_frames_after_a_gap_are_the_same_as_without(packets: list[Any]) -> None:
    every = Decoder()
    whole = [
        one.to_ndarray(format="gray")
        for p in packets[:50]
        for one, _ in every.take(p, 0, wanted=True)
    ]
    some = Decoder()
    newest = None
    for number, packet in enumerate(packets[:50]):
        for one, _ in some.take(packet, 0, wanted=number in {0, 49}):
            newest = one.to_ndarray(format="gray")
    assert newest is not None
    assert (newest == whole[49]).all()


def test_a_camera_without_key_frames_does_not_fill_the_memory(packets: list[Any]) -> None:
    if packets[1].is_keyframe:
        pytest.skip("with key frames alone nothing waits")
    decoder = Decoder()
    for number in range(4 * MOST_WAITING):
        list(decoder.take(packets[1 + number % 19], float(number), wanted=False))
        assert len(decoder._waiting) <= MOST_WAITING


class Large:
    """A packet of a quarter of what may wait, which decodes to nothing."""

    is_keyframe, size = False, MOST_BYTES // 4
    decoded = 0

    def decode(self) -> list[Any]:
        Large.decoded += 1
        return []


def test_packets_that_wait_are_bounded_in_bytes() -> None:
    decoder = Decoder()
    large: Any = Large()
    for number in range(40):
        list(decoder.take(large, float(number), wanted=False))
        assert len(decoder._waiting) * large.size <= MOST_BYTES
        assert decoder._bytes == len(decoder._waiting) * large.size
    assert Large.decoded + len(decoder._waiting) == 40


class Bad:
    """A packet that does not decode."""

    is_keyframe, size = True, 1

    def decode(self) -> list[Any]:
        raise av.error.InvalidDataError(1, "bad")


def test_frames_that_never_come_whole_are_a_broken_stream() -> None:
    now = 0.0
    decoder = Decoder(patience=30.0, clock=lambda: now)
    bad: Any = Bad()
    assert list(decoder.take(bad, 0.0, wanted=True)) == []
    now = 29.0
    assert list(decoder.take(bad, 29.0, wanted=True)) == []
    now = 31.0
    with pytest.raises(StreamError) as caught:
        list(decoder.take(bad, 31.0, wanted=True))
    assert caught.value.problem is StreamProblem.BROKEN


def test_an_eye_shows_its_watch_the_frames_and_gives_the_newest(packets: list[Any]) -> None:
    watch = Watch(lambda: "visit")
    watch.began(HEIGHT)
    eye = Eye(watch, Decoder(), Shrinker())
    newest = [eye.take(packet, number / FPS) for number, packet in enumerate(packets)]
    assert all(newest[:20])
    # A square moves by all the time.
    assert watch.moving(len(packets) / FPS)
    assert newest[-1] is not None
    assert newest[-1][1] == pytest.approx(99 / FPS)
