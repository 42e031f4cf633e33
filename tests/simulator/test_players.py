"""The streams play in other players: FFmpeg's and PyAV."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import av
import pytest

from simulator import Camera, CameraSpec, Simulator, StreamSpec

from .clips import number_in
from .conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

H265 = StreamSpec(codec="h265", width=160, gop=0.5)


@pytest.fixture
async def camera(spec: CameraSpec, cache: Path) -> AsyncIterator[Camera]:
    async with Simulator([dataclasses.replace(spec, sub=H265)], cache=cache) as simulator:
        yield simulator.cameras[0]


def secret(url: str, password: str = PASSWORD) -> str:
    return url.replace("rtsp://", f"rtsp://admin:{quote(password, safe='')}@")


async def ffprobe(url: str, *arguments: str) -> tuple[int | None, dict[str, Any], str]:
    process = await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", "-rtsp_transport", "tcp", *arguments,
        "-of", "json", url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, json.loads(out or b"{}"), err.decode()


async def test_ffprobe_sees_codec_and_size_and_time_that_rises_across_the_loop(
    camera: Camera,
) -> None:
    # The clip lasts three seconds, so four of them cross its end.
    what = "stream=codec_name,width,height:packet=pts,size"
    arguments = ("-show_entries", what, "-read_intervals", "%+4")
    main, sub = await asyncio.gather(
        ffprobe(secret(camera.main_url), *arguments),
        ffprobe(secret(camera.sub_url), *arguments),
    )
    assert camera.state().loop >= 1
    for (status, found, _), expected in (
        (main, ("h264", 320, 240)),
        (sub, ("hevc", 160, 120)),
    ):
        assert status == 0
        (shown,) = found["streams"]
        assert (shown["codec_name"], shown["width"], shown["height"]) == expected
        # FFmpeg gives the first packet no time before it has seen the second.
        stamps = [int(one["pts"]) for one in found["packets"] if "pts" in one]
        assert len(stamps) >= 38
        gaps = {later - earlier for earlier, later in itertools.pairwise(stamps)}
        assert gaps <= {8999, 9000, 9001}


async def test_ffprobe_is_refused_with_a_wrong_password(camera: Camera) -> None:
    status, _, error = await ffprobe(secret(camera.main_url, "wrong"))
    assert status != 0
    assert "401 Unauthorized" in error


async def test_ffmpeg_decodes_both_streams_without_complaint(camera: Camera) -> None:
    complaints = await asyncio.gather(
        _complaints(secret(camera.main_url)), _complaints(secret(camera.sub_url))
    )
    assert complaints == ["", ""]


async def test_pyav_decodes_frames_in_the_order_of_the_footage(camera: Camera) -> None:
    found = await asyncio.gather(
        asyncio.to_thread(_numbers, secret(camera.main_url), 12),
        asyncio.to_thread(_numbers, secret(camera.sub_url), 12),
    )
    for shown in found:
        assert all((b - a) % 30 == 1 for a, b in itertools.pairwise(shown))
        assert shown[0] % 5 == 0


async def test_pyav_plays_real_footage(porch: Path, cache: Path) -> None:
    spec = CameraSpec(video=porch, name="Porch", password=PASSWORD)
    async with Simulator([spec], cache=cache) as simulator:
        camera = simulator.cameras[0]
        assert 9.5 < camera.footage.source.fps < 10.5
        assert camera.state().duration == pytest.approx(6.0, abs=0.1)
        sizes = await asyncio.gather(
            asyncio.to_thread(_size, secret(camera.main_url)),
            asyncio.to_thread(_size, secret(camera.sub_url)),
        )
    assert sizes == [(1280, 720), (640, 360)]


async def _complaints(url: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "ffmpeg", "-v", "warning", "-rtsp_transport", "tcp", "-i", url,
        "-frames:v", "12", "-f", "null", "-",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, error = await process.communicate()
    assert process.returncode == 0
    return error.decode()


def _numbers(url: str, count: int) -> list[int]:
    with _opened(url) as container:
        return [number_in(one) for one in itertools.islice(container.decode(video=0), count)]


def _size(url: str) -> tuple[int, int]:
    with _opened(url) as container:
        frame = next(container.decode(video=0))
        return frame.width, frame.height


@contextlib.contextmanager
def _opened(url: str) -> Iterator[av.container.InputContainer]:
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=60) as container:
        yield container
