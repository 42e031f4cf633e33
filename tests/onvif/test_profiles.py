from __future__ import annotations

import itertools
from typing import Any

import pytest
from porchlight.onvif.errors import NoVideoError, NoVideoReason
from porchlight.onvif.profiles import choose
from porchlight.onvif.values import Codec, Profile, Service

H264, H265, MJPEG = Codec.H264, Codec.H265, Codec.MJPEG
MPEG4, OTHER = Codec.MPEG4, Codec.OTHER


def profile(token: str, codec: Codec, size: str, fps: float | None = 15, **rest: Any) -> Profile:
    width, height = size.split("x")
    fields: dict[str, Any] = {"uri": f"rtsp://192.0.2.7/{token}", "snapshot_uri": None} | rest
    return Profile(
        token=token,
        name=token,
        codec=codec,
        width=int(width),
        height=int(height),
        fps=fps,
        service=Service.MEDIA,
        **fields,
    )


@pytest.mark.parametrize(
    ("profiles", "analyse", "record"),
    [
        ([("only", H264, "1920x1080")], "only", "only"),
        ([("main", H264, "1920x1080"), ("sub", H264, "640x360")], "sub", "main"),
        ([("sub", H265, "640x360"), ("main", H265, "3840x2160")], "sub", "main"),
        ([("tiny", H264, "176x144"), ("main", H264, "1280x720")], "main", "main"),
        (
            [("vga", H264, "640x480"), ("wide", H264, "640x360"), ("hd", H264, "1280x720")],
            "wide",
            "hd",
        ),
        ([("a", H264, "640x352"), ("b", H264, "1280x720")], "a", "b"),
        ([("a", H264, "320x240"), ("b", H264, "1280x720")], "b", "b"),
        ([("a", H264, "352x288"), ("b", H264, "3840x2160")], "a", "b"),
        ([("slow", H264, "640x360", 1), ("main", H264, "1280x720", 25)], "main", "main"),
        ([("slow", H264, "640x360", 1), ("slower", H264, "1920x1080", 0.5)], "slow", "slower"),
        ([("unknown", H264, "640x360", None), ("main", H264, "1280x720")], "unknown", "main"),
        ([("jpeg", MJPEG, "640x360"), ("main", H264, "2560x1440")], "main", "main"),
        ([("jpeg", MJPEG, "5120x2560"), ("main", H264, "1920x960")], "main", "main"),
        ([("small", MJPEG, "640x480"), ("big", MJPEG, "1920x1080")], "small", "big"),
        ([("jpeg", MJPEG, "640x360"), ("old", MPEG4, "640x480")], "old", "old"),
        ([("new", OTHER, "640x360"), ("jpeg", MJPEG, "640x360")], "jpeg", "jpeg"),
        ([("new", OTHER, "640x360")], "new", "new"),
        ([("h265", H265, "640x360"), ("h264", H264, "640x360")], "h264", "h265"),
        ([("fast", H264, "640x360", 30), ("calm", H264, "640x360", 10)], "calm", "fast"),
        ([("tall", H264, "360x640"), ("main", H264, "1080x1920")], "tall", "main"),
        ([("sizeless", H264, "0x0")], "sizeless", "sizeless"),
        ([("sizeless", H264, "0x0"), ("main", H264, "1280x720")], "main", "main"),
        ([("one", H264, "640x360"), ("two", H264, "640x360")], "one", "one"),
    ],
)
def test_the_smallest_suitable_stream_is_analyzed_and_the_best_is_shown(
    profiles: list[tuple[Any, ...]], analyse: str, record: str
) -> None:
    choice = choose(profile(*each) for each in profiles)
    assert (choice.analyse.token, choice.record.token) == (analyse, record)


def test_the_order_in_which_unequal_streams_are_listed_does_not_matter() -> None:
    streams = [
        profile("main", H265, "2560x1440", 20),
        profile("sub", H264, "704x576", 10),
        profile("jpeg", MJPEG, "640x360", 5),
    ]
    choices = {
        (choice.analyse.token, choice.record.token)
        for choice in map(choose, itertools.permutations(streams))
    }
    assert choices == {("sub", "main")}


def test_both_streams_show_the_same_lens() -> None:
    choice = choose(
        [
            profile("still", MJPEG, "640x360", source="zero"),
            profile("left", H264, "1280x720", source="one"),
            profile("right-sub", H264, "640x360", source="two"),
            profile("right", H264, "3840x2160", source="two"),
        ]
    )
    assert (choice.analyse.token, choice.record.token) == ("left", "left")


@pytest.mark.parametrize(
    ("profiles", "reason"),
    [
        ([], NoVideoReason.NO_PROFILES),
        ([profile("sound", OTHER, "0x0")], NoVideoReason.NO_VIDEO_ENCODER),
        ([profile("main", H264, "640x360", uri="")], NoVideoReason.NO_STREAM_URI),
    ],
)
def test_nothing_to_watch_is_an_error_with_its_reason(
    profiles: list[Profile], reason: NoVideoReason
) -> None:
    with pytest.raises(NoVideoError) as caught:
        choose(profiles)
    assert caught.value.reason is reason


def test_streams_of_two_views_of_one_lens_are_not_mixed() -> None:
    whole = profile("whole", H264, "1920x1080", source="lens", view="panorama")
    part = profile("part", H264, "640x360", source="lens", view="corner")
    choice = choose([whole, part])
    assert (choice.analyse.token, choice.record.token) == ("whole", "whole")
