from __future__ import annotations

import asyncio
import base64
import dataclasses
import gc
import itertools
import re
import socket
import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from simulator import Camera, CameraSpec, ManualClock, Simulator, StreamSpec
from tests.onvif.clock import Clock
from tests.worker.support import PATIENCE

from .clips import number_in
from .conftest import PASSWORD
from .rtsp_client import RtspClient, decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simulator.spec import Codec


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def camera(spec: CameraSpec, cache: Path, clock: ManualClock) -> AsyncIterator[Camera]:
    async with Simulator([spec], cache=cache, clock=clock) as simulator:
        yield simulator.cameras[0]


async def connect(camera: Camera, url: str | None = None, password: str = PASSWORD) -> RtspClient:
    client = RtspClient(url or camera.main_url, camera.spec.username, password)
    return await client.connect()


async def test_options_needs_no_password_and_names_the_methods(camera: Camera) -> None:
    client = await connect(camera)
    answer = await client.ask_once("OPTIONS")
    assert answer.status == 200
    assert {"DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER"} <= set(
        answer.headers["public"].split(", ")
    )
    await client.close()


async def test_the_right_password_is_asked_for_by_digest_and_accepted(camera: Camera) -> None:
    client = await connect(camera)
    asked = await client.ask_once("DESCRIBE")
    assert asked.status == 401
    assert asked.headers["www-authenticate"].startswith("Digest ")
    assert (await client.ask("DESCRIBE")).status == 200
    await client.close()


async def test_a_wrong_password_is_refused(camera: Camera) -> None:
    client = await connect(camera, password="wrong")
    assert (await client.ask("DESCRIBE")).status == 401
    await client.close()


async def test_basic_credentials_are_refused_even_if_right(camera: Camera) -> None:
    client = await connect(camera)
    pair = f"{camera.spec.username}:{PASSWORD}".encode()
    basic = f"Basic {base64.b64encode(pair).decode()}"
    answer = await client.ask_once("DESCRIBE", Authorization=basic)
    assert answer.status == 401
    await client.close()


async def test_an_old_nonce_is_called_stale(camera: Camera, clock: ManualClock) -> None:
    client = await connect(camera)
    await client.ask("DESCRIBE")
    await clock.advance(301)
    answer = await client.ask_once("DESCRIBE")
    assert answer.status == 401
    assert "stale=TRUE" in answer.headers["www-authenticate"]
    assert (await client.ask("DESCRIBE")).status == 200
    await client.close()


async def test_a_changed_password_counts_at_once(camera: Camera) -> None:
    camera.set_password("new")
    old, new = await connect(camera), await connect(camera, password="new")
    assert (await old.ask("DESCRIBE")).status == 401
    assert (await new.ask("DESCRIBE")).status == 200
    await old.close()
    await new.close()


async def test_the_description_carries_the_parameter_sets_of_h264(camera: Camera) -> None:
    client = await connect(camera)
    body = (await client.ask("DESCRIBE")).body
    assert "a=rtpmap:96 H264/90000\r\n" in body
    sets = re.search(r"sprop-parameter-sets=(\S+)", body)[1].split(",")
    kinds = [base64.b64decode(one)[0] & 0x1F for one in sets]
    assert kinds == [7, 8]
    level = base64.b64decode(sets[0])[1:4].hex().upper()
    assert f"profile-level-id={level};" in body
    await client.close()


async def test_the_description_carries_the_parameter_sets_of_h265(
    spec: CameraSpec, cache: Path
) -> None:
    h265 = dataclasses.replace(spec, sub=StreamSpec(codec="h265", gop=0.5))
    async with Simulator([h265], cache=cache) as simulator:
        camera = simulator.cameras[0]
        client = await connect(camera, camera.sub_url)
        body = (await client.ask("DESCRIBE")).body
        await client.close()
    assert "a=rtpmap:96 H265/90000\r\n" in body
    kinds = [
        base64.b64decode(re.search(f"sprop-{name}=([^;\r]+)", body)[1])[0] >> 1
        for name in ("vps", "sps", "pps")
    ]
    assert kinds == [32, 33, 34]


async def test_udp_is_refused_as_unsupported_transport(camera: Camera) -> None:
    client = await connect(camera)
    answer = await client.ask("SETUP", Transport="RTP/AVP;unicast;client_port=5000-5001")
    assert answer.status == 461
    await client.close()


async def test_an_unknown_path_is_not_found(camera: Camera) -> None:
    client = await connect(camera, camera.main_url + "x")
    assert (await client.ask("DESCRIBE")).status == 404
    await client.close()


async def test_play_without_a_session_is_refused(camera: Camera) -> None:
    client = await connect(camera)
    assert (await client.ask("PLAY")).status == 454
    await client.close()


async def test_a_method_it_does_not_know_is_not_implemented(camera: Camera) -> None:
    client = await connect(camera)
    assert (await client.ask("RECORD")).status == 501
    await client.close()


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_frames_go_round_for_ever_with_time_stamps_that_rise_evenly(
    spec: CameraSpec, cache: Path, clock: ManualClock, codec: Codec
) -> None:
    stream = StreamSpec(codec=codec, gop=0.5)
    looped = dataclasses.replace(spec, main=stream)
    async with Simulator([looped], cache=cache, clock=clock) as simulator:
        client = await connect(simulator.cameras[0])
        await client.play()
        await clock.advance(7.05)
        frames = [await client.frame() for _ in range(70)]
        await client.close()
    stamps = [packets[0].stamp for packets in frames]
    assert {later - earlier for earlier, later in itertools.pairwise(stamps)} == {9000}
    sequences = [packet.sequence for packets in frames for packet in packets]
    assert {(later - earlier) % 65536 for earlier, later in itertools.pairwise(sequences)} == {1}
    shown = [number_in(frame) for frame in decode(frames, codec)]
    assert shown == [i % 30 for i in range(70)]


async def test_a_big_picture_travels_in_fragments(
    spec: CameraSpec, cache: Path, clock: ManualClock, noisy: Path
) -> None:
    big = dataclasses.replace(spec, video=noisy)
    async with Simulator([big], cache=cache, clock=clock) as simulator:
        client = await connect(simulator.cameras[0])
        await client.play()
        await clock.advance(0.05)
        packets = await client.frame()
        await client.close()
    assert len(packets) > 5
    assert max(len(packet.payload) for packet in packets) <= 1400
    assert len(decode([packets], "h264")) == 1


async def test_a_new_client_starts_with_the_next_key_frame_of_what_is_in_view(
    camera: Camera, clock: ManualClock
) -> None:
    await clock.advance(1.25)
    client = await connect(camera)
    answer = await client.play()
    await clock.advance(0.5)
    frames = [await client.frame() for _ in range(3)]
    assert [number_in(one) for one in decode(frames, "h264")] == [15, 16, 17]
    info = answer.headers["rtp-info"]
    first = frames[0][0]
    assert f"seq={first.sequence};rtptime={first.stamp}" in info
    await client.close()


async def test_two_clients_see_the_same_moment(camera: Camera, clock: ManualClock) -> None:
    first = await connect(camera)
    await first.play()
    await clock.advance(1.05)
    second = await connect(camera, camera.sub_url)
    await second.play()
    await clock.advance(1)
    early = [number_in(one) for one in decode([await first.frame() for _ in range(21)], "h264")]
    late = [number_in(one) for one in decode([await second.frame() for _ in range(6)], "h264")]
    assert early[-1] == late[-1] == int(camera.position * 10)
    assert camera.state().clients == 2
    await first.close()
    await second.close()


async def test_the_position_follows_the_clock_and_counts_loops(
    camera: Camera, clock: ManualClock
) -> None:
    await clock.advance(7.5)
    assert camera.position == pytest.approx(1.5, abs=0.001)
    assert camera.state().loop == 2


async def test_a_seek_shows_the_key_frame_before_that_second_at_once(
    camera: Camera, clock: ManualClock
) -> None:
    client = await connect(camera)
    await client.play()
    await clock.advance(0.75)
    assert camera.seek(2.3) == pytest.approx(2.0)
    assert camera.position == pytest.approx(2.0, abs=0.001)
    await clock.advance(0.05)
    frames = [await client.frame() for _ in range(9)]
    assert [number_in(one) for one in decode(frames, "h264")] == [*range(8), 20]
    stamps = [packets[0].stamp for packets in frames]
    assert stamps[-1] - stamps[-2] == pytest.approx(0.05 * 90000, abs=2)
    await client.close()


async def test_sender_reports_pair_rtp_time_with_the_cameras_own_clock(
    camera: Camera, clock: ManualClock
) -> None:
    camera.set_clock_offset(3600)
    client = await connect(camera)
    began = datetime.now(UTC).timestamp()
    await client.play()
    await clock.advance(11.05)
    stamps = [(await client.frame())[0].stamp for _ in range(110)]
    assert len(client.reports) == 3
    kind, _, _, whole, _, stamp = struct.unpack("!xBHIIII", client.reports[0][:20])
    assert kind == 200
    assert stamp == stamps[0]
    # Whole seconds.
    assert began - 1 <= whole - 2208988800 - 3600 <= datetime.now(UTC).timestamp() + 1
    await client.close()


async def test_pause_and_teardown_end_the_video(camera: Camera, clock: ManualClock) -> None:
    client = await connect(camera)
    await client.play()
    await clock.advance(0.3)
    assert (await client.ask("PAUSE")).status == 200
    assert camera.state().clients == 0
    assert (await client.ask("PLAY")).status == 200
    assert camera.state().clients == 1
    assert (await client.ask("GET_PARAMETER")).status == 200
    assert (await client.ask("TEARDOWN")).status == 200
    assert camera.state().clients == 0
    assert (await client.ask("PLAY")).status == 454
    await client.close()


async def test_a_silent_session_ends_and_an_active_one_stays(
    spec: CameraSpec, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = Clock(monkeypatch)
    impatient = dataclasses.replace(spec, session_timeout=300)
    async with Simulator([impatient], cache=cache) as simulator:
        camera = simulator.cameras[0]
        lively, silent = await connect(camera), await connect(camera)
        answer = await lively.ask("SETUP", Transport="RTP/AVP/TCP")
        assert "timeout=300" in answer.headers["session"]
        await silent.play()
        ended = asyncio.create_task(silent.at_end())
        for _ in range(2):
            assert not ended.done()
            passing.advance(200)
            assert (await lively.ask("GET_PARAMETER")).status == 200
        assert await ended
        assert (await lively.ask("GET_PARAMETER")).status == 200
        await lively.close()


async def test_a_slow_client_is_dropped_and_the_others_go_on(
    spec: CameraSpec, cache: Path, clock: ManualClock, noisy: Path
) -> None:
    heavy = dataclasses.replace(spec, video=noisy)
    async with Simulator([heavy], cache=cache, clock=clock) as simulator:
        camera = simulator.cameras[0]
        slow, good = await connect(camera), await connect(camera)
        buffer = (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow._writer.get_extra_info("socket").setsockopt(*buffer)
        await slow.play()
        await good.play()
        slow._writer.transport.pause_reading()
        seen = 0
        came = asyncio.Event()

        async def watch() -> None:
            nonlocal seen
            while True:
                await good.frame()
                seen += 1
                came.set()

        watching = asyncio.create_task(watch())
        steps = 0
        async with asyncio.timeout(PATIENCE):
            while camera.state().clients == 2 and steps < 1000:
                came.clear()
                await clock.advance(0.1)
                steps += 1
                if seen:
                    # The good one keeps up, however slowly the network delivers.
                    await came.wait()
            assert camera.state().clients == 1
            came.clear()
            await clock.advance(1)
            await came.wait()
        watching.cancel()
        await slow.close()
        await good.close()


async def test_dropped_connections_end_at_once(camera: Camera) -> None:
    clients = [await connect(camera) for _ in range(2)]
    for client in clients:
        await client.play()
    assert camera.drop_rtsp() == 2
    assert all([await client.at_end() for client in clients])
    again = await connect(camera)
    assert (await again.ask("DESCRIBE")).status == 200
    await again.close()
    for client in clients:
        await client.close()


async def test_refused_requests_get_the_chosen_status(camera: Camera) -> None:
    client = await connect(camera)
    camera.refuse_rtsp(453)
    assert (await client.ask_once("OPTIONS")).status == 453
    camera.refuse_rtsp(None)
    assert (await client.ask_once("OPTIONS")).status == 200
    await client.close()


async def test_a_stalled_camera_keeps_the_connection_and_sends_nothing(
    camera: Camera, clock: ManualClock
) -> None:
    client = await connect(camera)
    await client.play()
    await clock.advance(0.05)
    await client.frame()
    camera.stall("media")
    await clock.advance(2)
    assert (await client.ask("GET_PARAMETER")).status == 200
    camera.stall(None)
    await clock.advance(0.5)
    frame = await client.frame()
    assert len(decode([frame], "h264")) == 1
    await client.close()


async def test_a_camera_stalled_altogether_does_not_answer(camera: Camera) -> None:
    client = await connect(camera)
    camera.stall("all")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.ask_once("OPTIONS"), 0.2)
    await client.close()


async def test_garbage_has_the_form_of_video_and_ends_with_a_key_frame(
    camera: Camera, clock: ManualClock
) -> None:
    client = await connect(camera)
    camera.send_garbage(on=True)
    await client.play()
    await clock.advance(0.45)
    real = {nal for unit in camera.footage.main.units for nal in unit.nals}
    spoilt = [packet for _ in range(5) for packet in await client.frame()]
    assert not real & {packet.payload for packet in spoilt}
    camera.send_garbage(on=False)
    await clock.advance(0.5)
    frames = [await client.frame() for _ in range(4)]
    assert [number_in(one) for one in decode(frames, "h264")] == [5, 6, 7, 8]
    await client.close()


async def test_a_camera_offline_takes_no_connection_and_comes_back_on_its_port(
    camera: Camera,
) -> None:
    client = await connect(camera)
    await client.play()
    port = camera.rtsp_port
    await camera.go_offline()
    assert await client.at_end()
    with pytest.raises(ConnectionRefusedError):
        await connect(camera)
    await camera.go_online()
    assert camera.rtsp_port == port
    again = await connect(camera)
    assert (await again.ask("DESCRIBE")).status == 200
    await again.close()
    await client.close()


async def test_invalid_rtsp_ends_the_connection(camera: Camera) -> None:
    client = await connect(camera)
    client._writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await client.at_end()
    await client.close()


# asyncio itself fails on a connection that it accepted in the iteration in which a server closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("turns", range(8))
async def test_a_new_client_does_not_delay_a_camera_s_stop(camera: Camera, turns: int) -> None:
    with socket.create_connection((camera.host, camera.rtsp_port)):
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.wait_for(camera.go_offline(), 60)
    gc.collect()
