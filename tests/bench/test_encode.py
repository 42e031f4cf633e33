"""Files as a camera would send them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import pytest

from bench.compose import Composer
from bench.encode import encode
from tests.footage import PORCH

from .support import blocks, need, scene

if TYPE_CHECKING:
    from pathlib import Path

    from bench.scenes import Codec


@pytest.mark.parametrize(("codec", "gop", "fps"), [("h264", 2, 10), ("hevc", 1, 15)])
def test_a_scene_is_encoded_as_specified(codec: Codec, gop: int, fps: int, tmp_path: Path) -> None:
    need(PORCH)
    one = scene(way="nobody", walks=0, height=0, codec=codec, gop=gop, fps=fps)
    truth = encode(Composer(one, blocks()), tmp_path / "scene")
    with av.open(str(tmp_path / "scene")) as container:
        video = container.streams.video[0]
        packets = [packet for packet in container.demux(video) if packet.pts is not None]
        assert video.codec_context.codec.canonical_name == codec
    assert len(packets) == len(truth.frames) == 3 * fps
    keys = [index for index, packet in enumerate(packets) if packet.is_keyframe]
    assert keys == list(range(0, 3 * fps, gop * fps))
    times = [float(packet.pts * packet.time_base) for packet in packets]
    assert times == pytest.approx([at for at, _ in truth.frames], abs=0.002)
    assert all(packet.pts == packet.dts for packet in packets)
