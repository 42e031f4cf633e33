from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from porchlight.vision.daylight import COLOURED, GREY
from porchlight.vision.motion import HEIGHT
from porchlight.vision.settings import Mask
from porchlight.vision.watch import Watch
from porchlight.worker.decoding import Decoder
from porchlight.worker.eye import Eye
from porchlight.worker.masks import Curtain
from porchlight.worker.pixels import Shrinker

from .support import footage, frame
from .test_pixels import FORMATS, colourful

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LEFT_HALF = Mask(points=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
TRIANGLE = Mask(points=((0.6, 0.2), (0.9, 0.2), (0.75, 0.8)))
# What the colors of neighbors may do to a pixel beside a mask.
SEAM = 4


def filmed(pixels: str, width: int = 320, height: int = 240) -> VideoFrame:
    whole = VideoFrame.from_ndarray(colourful(width, height), format="rgb24")
    return whole.reformat(format=pixels)


def rgb(one: VideoFrame) -> NDArray[np.int64]:
    return one.to_ndarray(format="rgb24").astype(np.int64)


@pytest.mark.parametrize("pixels", FORMATS)
def test_what_is_behind_a_mask_is_black_and_the_rest_as_it_was(pixels: str) -> None:
    before = filmed(pixels)
    covered = rgb(Curtain([LEFT_HALF]).over(before))
    assert covered[:, : 160 - SEAM].max() <= 2
    difference = np.abs(covered - rgb(before))[:, 160 + SEAM :]
    assert difference.mean() < 2


def test_black_is_black_in_the_full_range_too() -> None:
    whole = filmed("yuv420p")
    whole.color_range = 2
    covered = Curtain([LEFT_HALF]).over(whole)
    luma = np.frombuffer(covered.planes[0], np.uint8).reshape(-1, covered.planes[0].line_size)
    assert set(luma[:, :150].ravel()) == {0}


@pytest.mark.parametrize("pixels", FORMATS)
def test_the_decoder_s_own_frame_is_left_as_it_was(pixels: str) -> None:
    whole = filmed(pixels)
    before = [bytes(plane) for plane in whole.planes]
    covered = Curtain([LEFT_HALF, TRIANGLE]).over(whole)
    assert covered is not whole
    assert [bytes(plane) for plane in whole.planes] == before


def test_without_masks_no_frame_is_copied() -> None:
    whole = frame()
    assert Curtain([]).over(whole) is whole


@pytest.mark.parametrize("size", [(320, 240), (1280, 720), (321, 241), (175, 99)])
def test_a_mask_keeps_its_place_whatever_the_resolution(size: tuple[int, int]) -> None:
    width, height = size
    curtain = Curtain([TRIANGLE])
    curtain.over(filmed("yuv420p", 64, 64))
    covered = rgb(curtain.over(filmed("yuv420p", *size)))
    black = covered.max(axis=2) <= 2
    assert black[int(0.4 * height), int(0.75 * width)]
    assert not black[int(0.7 * height), int(0.62 * width)]
    assert not black[:, : int(0.6 * width) - SEAM].any()
    # A triangle of 0.3 by 0.6.
    assert black.mean() == pytest.approx(0.09, abs=0.012)


def test_each_colour_that_shares_a_pixel_with_a_mask_goes() -> None:
    thin = Mask(points=((0.25, 0.5), (0.75, 0.5), (0.75, 0.503), (0.25, 0.503)))
    covered = Curtain([thin]).over(filmed("yuv420p"))
    chroma = np.frombuffer(covered.planes[1], np.uint8).reshape(-1, covered.planes[1].line_size)
    assert set(chroma[60, 42:118]) == {128}


def packets(path: Path) -> list[av.Packet]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(video=0) if packet.size]


class Recorder(Watch):
    """A watch that keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__(lambda: "v")
        self.shown: list[NDArray[np.uint8]] = []

    def see(self, grey: NDArray[np.uint8], at: float) -> object:
        self.shown.append(grey)
        return super().see(grey, at)


def test_the_gate_and_the_detector_are_shown_masked_frames_and_decoding_goes_on(
    clip: Path,
) -> None:
    taken = {}
    for name, masks in (("bare", []), ("masked", [LEFT_HALF])):
        watch = Recorder()
        eye = Eye(watch, Decoder(), Shrinker(), curtain=Curtain(masks))
        frames = [
            eye.take(one, number / 10, always=True) for number, one in enumerate(packets(clip))
        ]
        taken[name] = [rgb(one[0]) for one in frames if one is not None], watch.shown
    (bare, grey), (masked, covered) = taken["bare"], taken["masked"]
    assert len(bare) == len(masked) > 20
    assert len(grey) == len(covered) > 5
    for one in covered:
        assert one.shape[0] == HEIGHT
        assert one[:, :78].max() <= 20
    for before, after in zip(bare, masked, strict=True):
        assert after[:, : 160 - SEAM].max() <= 2
        # Masking has not spoilt the references that later frames are made of.
        assert np.abs(before - after)[:, 160 + SEAM :].max() == 0


@pytest.mark.parametrize(
    ("video", "night"),
    [
        ("videos/one_by_one_person.mp4", False),
        ("videos/porch_man_leaves.mkv", False),
        ("videos/car_park_nobody.mp4", False),
        ("videos/ir_night_nobody.mp4", True),
        ("videos/ir_night_person_32s_57s.mp4", True),
    ],
)
def test_day_and_night_are_recognized_by_the_color_of_real_footage(
    video: str, *, night: bool
) -> None:
    watch = Watch(lambda: "v")
    eye = Eye(watch, Decoder(), Shrinker())
    nights = set()
    for packet in packets(footage(video)):
        if packet.is_keyframe:
            seconds = float(packet.dts * packet.time_base) if packet.time_base else 0.0
            if eye.take(packet, seconds, always=True):
                nights.add(watch.daylight.night)
    assert nights == {night}


@pytest.mark.parametrize("pixels", FORMATS)
def test_colours_are_measured_in_every_format(pixels: str) -> None:
    shrinker = Shrinker()
    grey = VideoFrame.from_ndarray(np.full((240, 320, 3), 90, np.uint8), format="rgb24")
    assert shrinker.spread(grey.reformat(format=pixels)) <= GREY
    expected = 0 if pixels == "gray" else 2 * COLOURED
    assert shrinker.spread(filmed(pixels)) >= expected


def test_a_caption_does_not_make_a_grey_picture_coloured() -> None:
    picture = np.full((240, 320, 3), 90, np.uint8)
    picture[10:30, 10:150] = (250, 220, 20)
    captioned = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
    assert Shrinker().spread(captioned) <= GREY
