from __future__ import annotations

import pytest
from aiohttp import web
from porchlight.onvif import media
from porchlight.onvif.client import inspect
from porchlight.onvif.errors import (
    AuthenticationError,
    NoVideoError,
    NoVideoReason,
)
from porchlight.onvif.media import codec_of
from porchlight.onvif.values import (
    CameraReport,
    Codec,
    Credentials,
    Problem,
    Service,
)

from .acme import DEVICE, MEDIA, MEDIA2, PASSWORD, USERNAME, Acme, Stream, fault, soap

pytestmark = pytest.mark.usefixtures("socket_enabled")

SUB = Stream(token="sub")
MAIN = Stream(token="main", width=1920, height=1080)
MAIN_H265 = Stream(token="main", encoding="H265", width=1920, height=1080, fps=12.5)


async def read(camera: Acme) -> CameraReport:
    return await inspect(
        camera.host, camera.port, Credentials(username=USERNAME, password=PASSWORD), timeout=60
    )


async def refuse(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return web.Response(status=401)


async def not_supported(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return fault("ter:ActionNotSupported", "no")


async def torn(_request: web.Request, _token: str | None) -> web.StreamResponse:
    return web.Response(text="<s:Envelope xmlns:s='x'><s:Body><trt:GetProfilesResp")


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("H264", Codec.H264),
        ("H.264+", Codec.H264),
        ("h265", Codec.H265),
        ("HEVC", Codec.H265),
        ("JPEG", Codec.MJPEG),
        ("MPEG4", Codec.MPEG4),
        ("MPV4-ES", Codec.MPEG4),
        ("AV1", Codec.OTHER),
        ("", Codec.OTHER),
        (None, Codec.OTHER),
    ],
)
def test_cameras_names_of_codecs_are_recognized(encoding: str | None, codec: Codec) -> None:
    assert codec_of(encoding) is codec


async def test_an_h265_only_camera_is_read_by_the_second_media_service() -> None:
    async with Acme(media=(), media2=(MAIN_H265,)) as camera:
        report = await read(camera)
        assert camera.asked.count("GetProfiles") == 1
    assert report.has_media2
    assert report.analyse == report.record
    assert (report.record.codec, report.record.service) == (Codec.H265, Service.MEDIA2)
    assert (report.record.width, report.record.height, report.record.fps) == (1920, 1080, 12.5)
    assert report.record.uri == "rtsp://127.0.0.1:554/main"
    assert (report.record.source, report.record.view) == ("lens", "s")


async def test_both_services_are_merged_and_the_second_has_priority() -> None:
    wrongly_h264 = Stream(token="main", encoding="H264", width=1920, height=1080)
    async with Acme(media=(wrongly_h264, SUB), media2=(MAIN_H265,)) as camera:
        report = await read(camera)
        assert camera.asked.count("GetStreamUri") == 2
    assert [(p.token, p.codec, p.service) for p in report.profiles] == [
        ("main", Codec.H265, Service.MEDIA2),
        ("sub", Codec.H264, Service.MEDIA),
    ]


async def test_one_stream_under_two_tokens_is_one() -> None:
    uri = "rtsp://127.0.0.1/one"
    first = Stream(token="a", uri=uri)
    second = Stream(token="b", uri=uri)
    async with Acme(media=(first,), media2=(second,)) as camera:
        report = await read(camera)
    assert [profile.token for profile in report.profiles] == ["b"]


async def test_no_more_profiles_are_read_than_a_large_recorder_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media, "MOST_PROFILES", 5)
    streams = tuple(Stream(token=f"t{number}") for number in range(9))
    async with Acme(media=streams, media2=()) as camera:
        report = await read(camera)
        assert camera.asked.count("GetStreamUri") == 5
    assert [profile.token for profile in report.profiles] == ["t0", "t1", "t2", "t3", "t4"]


@pytest.mark.parametrize("answer", [refuse, not_supported, torn])
async def test_a_second_service_that_fails_leaves_the_first(answer: object) -> None:
    async with Acme(media=(MAIN,), media2=(MAIN_H265,)) as camera:
        camera.answers[MEDIA2, "GetProfiles"] = answer  # type: ignore[assignment] # of the table
        report = await read(camera)
    assert report.record.service is Service.MEDIA
    assert Problem.MEDIA2 in report.problems


async def test_a_first_service_that_fails_leaves_the_second() -> None:
    async with Acme(media=(MAIN,), media2=(MAIN_H265,)) as camera:
        camera.answers[MEDIA, "GetProfiles"] = not_supported
        report = await read(camera)
    assert report.record.service is Service.MEDIA2
    assert Problem.MEDIA in report.problems


async def test_both_services_refused_is_a_wrong_password() -> None:
    async with Acme(media=(MAIN,), media2=(MAIN_H265,)) as camera:
        camera.answers[MEDIA, "GetProfiles"] = not_supported
        camera.answers[MEDIA2, "GetProfiles"] = refuse
        with pytest.raises(AuthenticationError):
            await read(camera)


async def test_a_second_service_that_hides_its_encoders_is_asked_for_everything() -> None:
    async def profiles(request: web.Request, _token: str | None) -> web.StreamResponse:
        inner = (
            MAIN_H265.media2()
            if b">All<" in await request.read()
            else "<tr2:Profiles token='main'/>"
        )
        return soap(f"<tr2:GetProfilesResponse>{inner}</tr2:GetProfilesResponse>")

    async with Acme(media=(), media2=(MAIN_H265,)) as camera:
        camera.answers[MEDIA2, "GetProfiles"] = profiles
        report = await read(camera)
    assert report.record.codec is Codec.H265


async def test_a_second_service_without_encoders_is_completed_by_the_first() -> None:
    async def profiles(_request: web.Request, _token: str | None) -> web.StreamResponse:
        inner = "<tr2:Profiles token='main'><tr2:Name>Front</tr2:Name></tr2:Profiles>"
        return soap(f"<tr2:GetProfilesResponse>{inner}</tr2:GetProfilesResponse>")

    async with Acme(media=(MAIN,), media2=(MAIN_H265,)) as camera:
        camera.answers[MEDIA2, "GetProfiles"] = profiles
        report = await read(camera)
    assert (report.record.name, report.record.width) == ("Front", 1920)
    assert report.record.service is Service.MEDIA2


async def test_older_firmware_is_asked_in_its_own_word_for_rtsp() -> None:
    async def picky(request: web.Request, token: str | None) -> web.StreamResponse:
        if b">RtspUnicast<" not in await request.read():
            return fault("ter:InvalidArgVal", "unknown protocol")
        return soap(camera._uri("tr2", "Stream", token))

    async with Acme(media=(), media2=(MAIN_H265,)) as camera:
        camera.answers[MEDIA2, "GetStreamUri"] = picky
        report = await read(camera)
    assert report.record.uri == "rtsp://127.0.0.1:554/main"


async def test_a_stream_only_the_first_service_gives_is_taken_from_there() -> None:
    async with Acme(media=(MAIN,), media2=(MAIN_H265,)) as camera:
        camera.answers[MEDIA2, "GetStreamUri"] = not_supported
        report = await read(camera)
    assert report.record.uri == "rtsp://127.0.0.1:554/main"
    assert report.record.codec is Codec.H265


async def test_a_local_file_is_not_a_stream() -> None:
    async with Acme(media=(Stream(token="sub", uri="file:///etc/passwd"),)) as camera:
        with pytest.raises(NoVideoError) as caught:
            await read(camera)
    assert caught.value.reason is NoVideoReason.NO_STREAM_URI


async def test_a_profile_without_video_is_neither_chosen_nor_asked_for() -> None:
    sound = Stream(token="sound", encoding="", width=0, height=0)
    async with Acme(media=(sound, SUB)) as camera:
        report = await read(camera)
        assert camera.asked.count("GetStreamUri") == 1
    assert [profile.token for profile in report.profiles] == ["sub"]


@pytest.mark.parametrize(
    ("streams", "reason"),
    [
        ((), NoVideoReason.NO_PROFILES),
        ((Stream(token="sound", encoding="", width=0, height=0),), NoVideoReason.NO_VIDEO_ENCODER),
    ],
)
async def test_a_camera_without_video_is_refused_with_a_reason(
    streams: tuple[Stream, ...], reason: NoVideoReason
) -> None:
    async with Acme(media=streams) as camera:
        with pytest.raises(NoVideoError) as caught:
            await read(camera)
    assert caught.value.reason is reason


@pytest.mark.parametrize("figure", ["", "fast", "NaN", "inf", "-15"])
async def test_a_missing_number_is_unknown(figure: str) -> None:
    async def profiles(_request: web.Request, _token: str | None) -> web.StreamResponse:
        inner = MAIN.media2().replace(">1920<", f">{figure}<").replace(">15<", f">{figure}<")
        return soap(f"<tr2:GetProfilesResponse>{inner}</tr2:GetProfilesResponse>")

    async with Acme(media=(), media2=(MAIN,)) as camera:
        camera.answers[MEDIA2, "GetProfiles"] = profiles
        report = await read(camera)
    assert (report.record.width, report.record.height, report.record.fps) == (0, 1080, None)


async def test_pictures_that_fail_once_are_not_asked_for_again() -> None:
    async with Acme(media=(SUB, MAIN)) as camera:
        camera.answers[MEDIA, "GetSnapshotUri"] = not_supported
        report = await read(camera)
        assert camera.asked.count("GetSnapshotUri") == 1
    assert {profile.snapshot_uri for profile in report.profiles} == {None}
    assert Problem.SNAPSHOT_URI in report.problems


async def test_the_two_streams_are_of_one_lens() -> None:
    streams = (
        Stream(token="wide", width=1280, height=720, source="one"),
        Stream(token="tele-sub", width=640, height=360, source="two"),
        Stream(token="tele", width=3840, height=2160, source="two"),
    )
    async with Acme(media=streams) as camera:
        report = await read(camera)
    assert (report.analyse.token, report.record.token) == ("wide", "wide")
    assert len(report.profiles) == 3


async def test_answers_for_another_service_do_not_count() -> None:
    async with Acme(answers={(DEVICE, "GetNetworkInterfaces"): torn}) as camera:
        report = await read(camera)
    assert Problem.NETWORK_INTERFACES in report.problems
