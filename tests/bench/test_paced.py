"""The rate of the arms that analyze frames at a fixed rate, and the frames that they drop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from bench.arms.paced import Paced
from bench.arms.presence import Presence
from bench.arms.protocol import Meter, Stream
from bench.cases import Case
from bench.run import run

if TYPE_CHECKING:
    from pathlib import Path

    from av.packet import Packet


class Counting(Paced):
    """Works `busy` seconds on each frame, by a clock that only it moves."""

    def __init__(self, stream: Any, *, busy: float, waiting: int | None) -> None:
        super().__init__(stream, None, rate=5, waiting=waiting)
        self.now = 0.0
        self.meter = Meter(self.clock)
        self._presence = Presence(self.meter)
        self.visits: list[Any] = []
        self.shown: list[float] = []
        self.came: list[float] = []
        self.packets: list[tuple[float, float]] = []
        self._busy = busy

    def clock(self) -> float:
        return self.now

    @override
    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        assert packet.pts is not None
        self.packets.append((packet.pts / 1000, at))
        super().packet(packet, at)

    def close(self, at: float) -> None:
        """Nothing is open."""

    @override
    def _look(self, frame: VideoFrame, at: float) -> None:
        assert frame.pts is not None
        self.shown.append(frame.pts / 1000)
        self.came.append(at)
        self.now += self._busy


def clip(folder: Path, *, fps: int, between: int = 0, seconds: int = 6) -> Case:
    """A recording with so many B-frames between others; its clock counts milliseconds."""
    path = folder / "clip.mkv"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("libx264", fps)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.options = {
            "x264-params": f"bframes={between}:b-adapt=0:scenecut=0:keyint=30"
        }
        draw = np.random.default_rng(1)
        for index in range(fps * seconds):
            picture = draw.integers(0, 255, (64, 64, 3), np.uint8)
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Case(name="c", path=path, condition="clip", height=0, seconds=seconds, walks=())


def played(case: Case, *, busy: float = 0.0, waiting: int | None = None) -> Counting:
    made: list[Counting] = []

    def make(stream: Any, _detector: Any) -> Any:
        made.append(Counting(stream, busy=busy, waiting=waiting))
        return made[0]

    run(case, make, None, lambda: made[0].now if made else 0.0)  # type: ignore[arg-type]
    return made[0]


@pytest.mark.parametrize("fps", [6, 10, 12, 15, 25])
def test_frames_are_analyzed_five_times_a_second_whatever_the_camera_sends(
    tmp_path: Path, fps: int
) -> None:
    seen = played(clip(tmp_path, fps=fps))
    assert len(seen.shown) == 30
    assert [int(shown * 5 + 0.1) for shown in seen.shown] == list(range(30))


def test_frames_that_come_in_another_order_are_paced_by_when_they_are_shown(
    tmp_path: Path,
) -> None:
    seen = played(clip(tmp_path, fps=10, between=3))
    apart = np.diff(seen.shown)
    # The decoder keeps the last ones.
    assert len(seen.shown) >= 28
    assert apart == pytest.approx(0.2, abs=0.01)


def test_frames_that_come_in_bursts_are_paced_by_when_they_are_shown(tmp_path: Path) -> None:
    with av.open(str(clip(tmp_path, fps=10).path)) as container:
        arm = Counting(Stream.of(container), busy=0.0, waiting=None)
        for index, packet in enumerate(container.demux(container.streams.video[0])):
            if packet.pts is not None:
                arm.packet(packet, float(index // 10))
    assert np.diff(arm.shown) == pytest.approx(0.2, abs=0.01)


def test_packets_arrive_evenly_and_none_before_its_picture(tmp_path: Path) -> None:
    seen = played(clip(tmp_path, fps=10, between=3))
    shown, came = zip(*seen.packets, strict=True)
    assert list(shown) != sorted(shown)
    assert np.diff(came) == pytest.approx(0.1, abs=0.005)
    assert min(np.subtract(came, shown)) == pytest.approx(0.0, abs=0.005)


def test_two_frames_wait_and_others_are_dropped(tmp_path: Path) -> None:
    case = clip(tmp_path, fps=5)
    seen = played(case, busy=1.0, waiting=2)
    assert seen.shown == pytest.approx([0.0, 0.2, 0.4, 1.0, 2.0, 3.0, 4.0, 5.0])
    assert len(played(case, busy=0.3, waiting=2).shown) >= 20
    assert len(played(case, busy=1.0).shown) == 30
