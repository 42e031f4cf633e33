from __future__ import annotations

import asyncio
import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from simulator import CameraSpec, FootageError, SpecError, StreamSpec, nal
from simulator.encode import settle
from simulator.footage import default_cache, prepare
from simulator.motion import Interval, is_moving, merge, next_change
from simulator.probe import Source, pick_frames, probe, settle_times
from simulator.spec import Codec, camera_from_mapping

if TYPE_CHECKING:
    from pathlib import Path

HD = Source(width=1280, height=720, fps=Fraction(25), times=(0.0, 0.04))


def test_footage_is_encoded_once_and_then_read_from_the_cache(
    spec: CameraSpec, tmp_path: Path
) -> None:
    first = prepare(spec, tmp_path)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert prepare(spec, tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written
    assert not [path for path in written if path.suffix == ".part"]


def test_other_settings_are_another_file(spec: CameraSpec, tmp_path: Path) -> None:
    prepare(spec, tmp_path)
    before = len(list(tmp_path.iterdir()))
    prepare(dataclasses.replace(spec, sub=StreamSpec(width=160, gop=0.5)), tmp_path)
    assert len(list(tmp_path.iterdir())) == before + 1


async def test_the_same_footage_can_be_prepared_several_times_at_once(
    spec: CameraSpec, tmp_path: Path
) -> None:
    found = await asyncio.gather(*(asyncio.to_thread(prepare, spec, tmp_path) for _ in range(3)))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_each_key_frame_repeats_the_parameter_sets(
    spec: CameraSpec, cache: Path, codec: Codec
) -> None:
    stream = StreamSpec(codec=codec, gop=0.5)
    rendition = prepare(dataclasses.replace(spec, main=stream), cache).main
    keys = [unit for unit in rendition.units if unit.key]
    assert [unit.ticks for unit in keys] == [0, 45000, 90000, 135000, 180000, 225000]
    for unit in keys:
        assert nal.parameter_sets(codec, unit.nals) == rendition.parameters
    for unit in rendition.units:
        assert nal.is_picture(codec, unit.nals[-1])


def test_a_lower_frame_rate_keeps_the_duration(spec: CameraSpec, cache: Path) -> None:
    slow = dataclasses.replace(spec, sub=StreamSpec(fps=4, gop=0.5))
    footage = prepare(slow, cache)
    assert len(footage.sub.units) == 12
    assert footage.sub.units[-1].ticks == 11 * 22500
    assert footage.duration_ticks == 270000


def test_what_moves_is_measured(spec: CameraSpec, moving: Path, cache: Path) -> None:
    (interval,) = prepare(dataclasses.replace(spec, video=moving), cache).motion
    assert interval.start == pytest.approx(1.0, abs=0.15)
    assert interval.end == pytest.approx(2.2, abs=0.3)


def test_the_default_cache_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "porchlight-simulator"


def test_a_file_without_video_is_refused(spec: CameraSpec, tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("hello")
    with pytest.raises(FootageError, match=r"text\.mp4"):
        prepare(dataclasses.replace(spec, video=path), tmp_path)


def test_real_footage_without_a_frame_rate_gets_one_from_its_time_stamps(porch: Path) -> None:
    source = probe(porch)
    assert float(source.fps) == pytest.approx(10, abs=0.1)
    assert len(source.times) == 60


def test_a_sub_stream_of_a_big_picture_is_smaller() -> None:
    assert settle(StreamSpec(), HD, sub=False).width == 1280
    small = settle(StreamSpec(), HD, sub=True)
    assert (small.width, small.height) == (640, 360)
    little = dataclasses.replace(HD, width=768, height=432)
    assert settle(StreamSpec(), little, sub=True).width == 768


def test_a_size_keeps_its_shape_and_is_even() -> None:
    settings = settle(StreamSpec(width=333), HD, sub=False)
    assert (settings.width, settings.height) == (332, 186)
    assert settle(StreamSpec(height=360), HD, sub=False).width == 640


@pytest.mark.parametrize(
    ("average", "times", "expected"),
    [
        (Fraction(25), [5.0, 5.04, 5.08], (Fraction(25), [0, 0.04, 0.08])),
        (None, [5.0, 5.1, 5.2], (Fraction(10), [0, 0.1, 0.2])),
        (Fraction(60000), [0.0, 0.2, 0.4], (Fraction(5), [0, 0.2, 0.4])),
        (None, [0.0, 0.0, 0.0], (Fraction(10), [0, 0.1, 0.2])),
        (None, [0.0, 99.0, 99.1], (Fraction(10), [0, 0.1, 0.2])),
        (Fraction(20), [0.0, 0.05], (Fraction(20), [0, 0.05, 0.1])),
    ],
)
def test_implausible_frame_times_are_replaced(
    average: Fraction | None, times: list[float], expected: Any
) -> None:
    fps, settled = settle_times(average, times, 3)
    assert fps == expected[0]
    assert settled == pytest.approx(expected[1])


def test_frames_are_picked_by_their_time() -> None:
    uneven = Source(width=2, height=2, fps=Fraction(10), times=(0, 0.1, 0.5, 0.6))
    assert pick_frames(uneven, Fraction(10)) == [0, 1, 1, 1, 1, 2, 3]
    assert pick_frames(uneven, Fraction(5)) == [0, 1, 1, 3]


def test_short_pauses_in_motion_are_bridged_and_blips_dropped() -> None:
    found = merge(
        [
            Interval(start=1, end=2),
            Interval(start=2.5, end=3),
            Interval(start=5, end=5.1),
            Interval(start=8, end=11),
        ],
        duration=10,
    )
    assert found == (Interval(start=1, end=3), Interval(start=8, end=10))
    assert is_moving(found, 2.2)
    assert not is_moving(found, 3)
    assert next_change(found, 0.5, 10) == 0.5
    assert next_change(found, 2, 10) == 1
    assert next_change((), 2, 10) == 8


def test_nal_units_are_cut_at_start_codes_of_either_length() -> None:
    stream = b"\0\0\0\1\x67ab\0\0\1\x68c\0\0\0\1\x65d"
    assert nal.split(stream) == [b"\x67ab", b"\x68c", b"\x65d"]


def test_a_description_made_of_text_gets_its_types(counting: Path) -> None:
    spec = camera_from_mapping(
        {
            "video": str(counting),
            "name": "x",
            "port": "81",
            "media2": "no",
            "clock_offset": "-2.5",
            "main.codec": "h265",
            "sub": {"fps": 5},
        }
    )
    assert spec == CameraSpec(
        video=counting,
        name="x",
        port=81,
        media2=False,
        clock_offset=-2.5,
        main=StreamSpec(codec="h265"),
        sub=StreamSpec(fps=5),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"host": "192.168.1.1"},
        {"fault_status": 500},
        {"media1": "no", "media2": "no"},
        {"media1": "maybe"},
        {"port": "http"},
        {"main": {"codec": "mjpeg"}},
        {"main": "h264"},
        {"sub.gop": "0"},
    ],
)
def test_a_wrong_description_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        camera_from_mapping({"video": "x.mp4", "name": "x", **wrong})
