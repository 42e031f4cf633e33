"""The worker's RTSP sessions with GStreamer's server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
from porchlight.onvif.values import Credentials
from porchlight.worker.decoding import whole_frames
from porchlight.worker.errors import StreamProblem
from porchlight.worker.messages import Source, Transport
from porchlight.worker.stream import Stream

from .scripted import USER, WAITING, refused
from .support import PASSWORD, PATIENCE, served_live

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(__file__).parents[1] / "e2e" / "gst_server.py"


@contextmanager
def gstreamer(clip: Path, *more: str) -> Iterator[Source]:
    """Its stream of a clip; the test is skipped where there is no such server."""
    python = shutil.which("python3", path="/usr/bin") or sys.executable
    with subprocess.Popen(  # noqa: S603 - our own program
        [python, str(SERVER), str(clip), USER, PASSWORD, *more],
        stdout=subprocess.PIPE,
    ) as server:
        try:
            line = server.stdout.readline() if server.stdout else b""
            if not line:
                pytest.skip("GStreamer's RTSP server is not installed")
            login = Credentials(username=USER, password=PASSWORD)
            yield Source(url=f"rtsp://127.0.0.1:{int(line)}/camera", credentials=login)
        finally:
            server.terminate()
            server.wait(PATIENCE)


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
def test_gstreamer_is_watched_in_the_one_way_that_it_sends(
    clip: Path, transport: Transport
) -> None:
    more = ["udp"] if transport is Transport.UDP else []
    with gstreamer(clip, *more) as source:
        with Stream(source, **WAITING) as stream:
            frames = [one for one, _ in zip(whole_frames(stream), range(20), strict=False)]
            assert stream.link.transport is transport
        assert {(one.width, one.height) for one in frames} == {(320, 240)}
        wrong = Credentials(username=USER, password="wrong")
        assert refused(replace(source, credentials=wrong)).problem is StreamProblem.UNAUTHORIZED
        nowhere = replace(source, url=source.url.replace("/camera", "/nothing"))
        assert refused(nowhere).problem is StreamProblem.NOT_FOUND
        other = Transport.UDP if transport is Transport.TCP else Transport.TCP
        error = refused(replace(source, transport=other))
        assert error.problem is StreamProblem.UNSUPPORTED_TRANSPORT


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
def test_live_view_of_gstreamer_has_its_video_and_its_sound(
    clip: Path, transport: Transport
) -> None:
    more = ["udp"] if transport is Transport.UDP else []
    options = {"rtsp_transport": "tcp"}
    first: dict[str, float] = {}
    with (
        gstreamer(clip, *more, "sound") as source,
        served_live(source) as url,
        av.open(url, options=options, timeout=PATIENCE) as container,
    ):
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                first.setdefault(packet.stream.type, float(packet.pts * packet.time_base))
            if len(first) > 1:
                break
        codecs = {one.type: one.codec_context.name for one in container.streams}
    assert codecs == {"video": "h264", "audio": "pcm_alaw"}
    assert abs(first["video"] - first["audio"]) < 1.0
