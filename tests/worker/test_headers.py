from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.headers import Declared, declared
from porchlight.worker.stream import MAX_SIDE, check_size

from .sets import annexb, h264_frame, h264_pps, h264_sps, hevc_sps

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(320, 240), (640, 368), (1920, 1088), (2560, 1440), (64, 64)]


def encoded(codec: str, width: int, height: int, path: Path, **options: str) -> bytes:
    """The first packet of a stream, as a real encoder writes it."""
    with av.open(str(path), "w", format={"libx264": "h264", "libx265": "hevc"}[codec]) as container:
        stream = container.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = options
        one = av.VideoFrame(width, height, "yuv420p")
        one.pts, one.time_base = 0, Fraction(1, 5)
        container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return path.read_bytes()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_sizes_of_real_h264(size: tuple[int, int], profile: str, tmp_path: Path) -> None:
    stream = encoded("libx264", *size, tmp_path / "x", profile=profile, preset="ultrafast")
    (found,) = declared("h264", stream)
    assert (found.width, found.height) == size


@pytest.mark.parametrize("matrix", ["jvt", "flat"])
def test_scaling_lists_are_passed_over(matrix: str, tmp_path: Path) -> None:
    stream = encoded("libx264", 320, 240, tmp_path / "x", **{"x264-params": f"cqm={matrix}"})
    (found,) = declared("h264", stream)
    assert (found.width, found.height) == (320, 240)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("more", ["", ":temporal-layers=3"])
def test_sizes_of_real_h265(size: tuple[int, int], more: str, tmp_path: Path) -> None:
    parameters = f"pools=none:frame-threads=1:log-level=none{more}"
    options = {"preset": "ultrafast", "x265-params": parameters}
    stream = encoded("libx265", *size, tmp_path / "x", **options)
    (found,) = declared("hevc", stream)
    assert (found.width, found.height) == size
    assert 1 <= found.kept <= 16


@given(
    st.integers(1, 8192).map(lambda n: 16 * n),
    st.integers(1, 8192).map(lambda n: 16 * n),
    st.integers(0, 16),
    st.integers(1, 7),
)
def test_what_is_written_is_read(width: int, height: int, kept: int, layers: int) -> None:
    stream = annexb(h264_sps(width, height, kept), h264_pps())
    assert list(declared("h264", stream)) == [Declared(width, height, kept + 1)]
    stream = annexb(hevc_sps(width, height, layers, kept + 1))
    assert list(declared("hevc", stream)) == [Declared(width, height, kept + 1)]


@given(st.sampled_from(["h264", "hevc", "mjpeg", "mpeg4"]), st.binary(max_size=600))
def test_no_bytes_are_too_much_for_it(codec: str, data: bytes) -> None:
    for prefix in (b"", b"\x00\x00\x01\x67", b"\x00\x00\x01\x42\x01", b"\xff\xd8\xff\xc0"):
        for found in declared(codec, prefix + data):
            assert found.width > 0 or codec != "h264"


@given(st.data())
def test_a_damaged_set_is_read_or_skipped(data: st.DataObject) -> None:
    codec, whole = data.draw(
        st.sampled_from([("h264", h264_sps(1920, 1088)), ("hevc", hevc_sps(1920, 1080, 3))])
    )
    broken = bytearray(whole)
    for place in data.draw(st.lists(st.integers(2, len(whole) - 1), max_size=4)):
        broken[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(2, len(whole)))
    list(declared(codec, annexb(bytes(broken[:cut]))))


def test_a_jpeg_says_its_size() -> None:
    file = io.BytesIO()
    Image.new("RGB", (200, 100)).save(file, "JPEG")
    assert list(declared("mjpeg", file.getvalue())) == [Declared(200, 100)]


@pytest.mark.parametrize(
    ("codec", "unit"),
    [
        ("h264", h264_sps(65552, 16)),
        ("h264", h264_sps(16, MAX_SIDE + 16)),
        ("h264", h264_sps(8192, 8192)),
        ("h264", h264_sps(8192, 4608, 16)),
        ("hevc", hevc_sps(65552, 16)),
        ("hevc", hevc_sps(8192, 4608, 1, 16)),
    ],
)
def test_too_large_a_picture_is_refused_wherever_it_is_declared(codec: str, unit: bytes) -> None:
    with pytest.raises(StreamError) as caught:
        check_size(codec, annexb(b"\x09\x10", unit))
    assert caught.value.problem is StreamProblem.TOO_LARGE


@pytest.mark.parametrize(
    ("codec", "unit"),
    [
        ("h264", h264_sps(7680, 4320, 4)),
        ("h264", h264_sps(3840, 2160, 16)),
        ("hevc", hevc_sps(7680, 4320, 1, 6)),
    ],
)
def test_what_cameras_send_is_not_too_large(codec: str, unit: bytes) -> None:
    check_size(codec, annexb(unit))


def test_ffmpeg_agrees_with_what_the_tests_write(tmp_path: Path) -> None:
    path = tmp_path / "x.264"
    path.write_bytes(annexb(*h264_frame(640, 368)) * 3)
    with av.open(str(path)) as container:
        frames = [(one.width, one.height) for one in container.decode(video=0)]
    assert frames == [(640, 368)] * 3
