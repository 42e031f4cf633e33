from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.onvif.values import (
    Access,
    CameraReport,
    Codec,
    Credentials,
    EventKind,
    Found,
    Preset,
    Problem,
    Profile,
    Service,
    Typed,
)
from porchlight.vision.settings import Line, Mask, Rules, Settings, Zone
from porchlight.vision.types import Box
from porchlight.worker import messages as m
from porchlight.worker.channel import MAX_BYTES, Decoder, encode
from porchlight.worker.control_messages import GoTo, Reboot, SnapshotTaken, TakeSnapshot
from porchlight.worker.errors import ChannelError, EngineProblem, StreamProblem
from porchlight.worker.event_messages import (
    CameraEvent,
    ListenTo,
    StopListening,
    Subscribed,
    Unsubscribed,
)

if TYPE_CHECKING:
    from porchlight.worker.messages import Message

TEXT = 'é日本\u2028"\\\n'
BYTES = bytes(range(256)) * 4
LOGIN = Credentials(username="häns", password="p@ss/w:rd #?%é")
ACCESS = Access(host="fe80::1", port=80, credentials=LOGIN, secure=True, certificate="ab")
SOURCE = m.Source(url="rtsp://192.0.2.1/live?ä", credentials=LOGIN)
VISIT = m.VisitInfo(
    visit_id="a1", arrived_at=1.5, last_seen=1700000000.25, score=0.875, count=2, most=3
)
CORNER = ((0.0, 0.5), (0.25, 1.0), (1.0, 0.125))
DRAWN = Settings(
    zones=(Zone(zone_id="z", points=CORNER, stay=2.5),),
    masks=(Mask(points=CORNER),),
    lines=(Line(line_id="l", start=CORNER[0], end=CORNER[1]),),
    day=Rules(enter=0.4, confirm=0.5, smallest=0.1, largest=0.9),
)
PROFILE = Profile(
    token="t",
    name=TEXT,
    codec=Codec.H265,
    width=640,
    height=360,
    fps=12.5,
    uri="rtsp://192.0.2.1/1",
    snapshot_uri=None,
    service=Service.MEDIA2,
)
EVERY = [
    m.WatchCamera(camera_id="c", source=SOURCE, revision=7),
    m.WatchCamera(camera_id="c", source=SOURCE, live=m.Live(source=SOURCE, path=TEXT)),
    m.WatchCamera(camera_id="c", source=SOURCE, detect=False, picture_path=TEXT, open_visit=VISIT),
    m.WatchCamera(
        camera_id="c",
        source=SOURCE,
        open_visit=replace(VISIT, zones=("z", TEXT)),
        settings=DRAWN,
    ),
    m.RemoveCamera(camera_id=TEXT),
    m.DropModel(),
    m.UseModel(engine="litert", path="/a/ü.tflite", threads=3),
    m.SetBudget(share=0.25),
    m.Load(cores=0.5, budget=1.0, pace=0.75),
    m.TakeStill(camera_id="c", request=7),
    m.TakeStill(camera_id="c", request=7, width=100, height=50),
    m.Alive(pid=4711),
    m.ThreadStarted(camera_id=None, thread=2**63 + 5),
    m.StreamUp(camera_id="c", codec="hevc", width=640, height=360),
    m.StreamDown(camera_id="c", problem=StreamProblem.UNAUTHORIZED, detail=TEXT),
    m.LiveServed(camera_id="c", port=8554),
    m.LiveRefused(camera_id="c"),
    m.Status(camera_id="c", frame_at=1.25, moving=None, people=None, fps=0.0, inference_ms=None),
    m.Status(camera_id="c", frame_at=1.25, moving=True, people=0, fps=5.0, inference_ms=12.5),
    m.Status(
        camera_id="c",
        frame_at=1.25,
        moving=True,
        people=2,
        fps=5.0,
        inference_ms=12.5,
        zones={"z": 1, TEXT: 0},
    ),
    m.FurnitureKnown(camera_id="c", boxes=(Box(0.0, 0.25, 0.5, 1.0),)),
    m.FurnitureKnown(camera_id="c", boxes=()),
    m.LineCrossed(camera_id="c", line_id="l", inward=False, at=1.25),
    m.VisitNews(camera_id="c", phase=m.VisitPhase.CHANGED, visit=VISIT),
    m.BestPicture(camera_id="c", visit_id="a1", at=1.0, jpeg=BYTES, revision=3),
    m.PictureKept(camera_id="c", kept=False),
    m.Still(request=7, jpeg=BYTES),
    m.Still(request=7, jpeg=b""),
    m.Still(request=7, jpeg=None),
    m.EngineReady(
        engine="litert", version="2", path="p", family="yolox", side=416, inference_ms=9.5
    ),
    m.EngineFailed(engine="litert", path="p", problem=EngineProblem.CRASHED, detail=TEXT),
    m.Scan(sources=("127.0.0.1", "192.0.2.7"), seconds=1.5),
    m.Inspect(host="fe80::1", port=80, path="/o", credentials=LOGIN, endpoint=None),
    m.Locate(typed=Typed(host="cam.local", port=554, scheme="rtsp"), until=12.5),
    m.FirstFrame(source=SOURCE),
    m.FrameTaken(codec="h264", width=1, height=2, jpeg=BYTES),
    m.ErrandFailed(key="k", detail=TEXT),
    m.Done(),
    GoTo(access=ACCESS, preset=Preset(profile="main", token=TEXT, name=TEXT)),
    Reboot(access=ACCESS),
    TakeSnapshot(access=ACCESS, uri="http://x/é", width=1, height=2, masks=(Mask(points=CORNER),)),
    SnapshotTaken(width=1, height=2, jpeg=BYTES),
    ListenTo(camera_id="c", host="h", port=80, path="/o", credentials=LOGIN, certificate="ab"),
    StopListening(camera_id="c", goodbye=False),
    Subscribed(camera_id="c"),
    Unsubscribed(camera_id="c", problem="invalid_auth"),
    CameraEvent(camera_id="c", kind=EventKind.INPUT, source=TEXT, on=None),
    Found(host="192.0.2.1", port=80, scopes=("a", TEXT), mac=None),
    CameraReport(
        name=TEXT,
        manufacturer="M",
        model="X",
        firmware="1",
        serial="s",
        mac="02:00:00:00:00:01",
        endpoint=None,
        unique_id="u",
        host="h",
        port=80,
        clock_offset=-3.5,
        profiles=(PROFILE, PROFILE),
        analyse=PROFILE,
        record=PROFILE,
        has_events=True,
        has_media2=False,
        problems=(Problem.CLOCK,),
        events=(EventKind.LINE,),
    ),
]


def read(data: bytes) -> list[Message]:
    return list(Decoder().feed(data))


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def test_every_kind_of_message_is_tried_here() -> None:
    assert {type(message) for message in EVERY} == set(m.MESSAGES)


@pytest.mark.parametrize("message", EVERY, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    (back,) = read(encode(message))
    assert back == message
    assert type(back) is type(message)


def test_messages_split_at_every_byte_arrive() -> None:
    sent = [message for message in EVERY if len(encode(message)) < 600]
    decoder, data = Decoder(), b"".join(encode(message) for message in sent)
    back = [message for byte in data for message in decoder.feed(bytes([byte]))]
    assert back == sent


@pytest.mark.parametrize("at", range(1, len(encode(m.Alive(pid=1)))))
def test_a_message_cut_in_two_arrives_once_whole(at: int) -> None:
    decoder, data = Decoder(), encode(m.Alive(pid=1))
    assert list(decoder.feed(data[:at])) == []
    assert list(decoder.feed(data[at:])) == [m.Alive(pid=1)]


def test_several_messages_in_one_piece_arrive_in_order() -> None:
    decoder = Decoder()
    data = b"".join(encode(m.Alive(pid=number)) for number in range(50))
    assert [one.pid for one in decoder.feed(data + data[:9])] == list(range(50))
    assert list(decoder.feed(data[9 : len(encode(m.Alive(pid=0)))])) == [m.Alive(pid=0)]


def test_a_frame_larger_than_any_message_is_refused_before_it_is_read() -> None:
    with pytest.raises(ChannelError, match=str(MAX_BYTES + 1)):
        read(struct.pack(">I", MAX_BYTES + 1))
    assert read(struct.pack(">I", MAX_BYTES)) == []


def body(kind: Any, fields: Any) -> bytes:
    return json.dumps([kind, fields]).encode()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xfe",
        b"not json",
        b"5",
        b"null",
        b"[]",
        b'["Alive"]',
        b'["Alive",{"pid":1},2]',
        body("Alive", {}),
        body("Alive", {"pid": "many"}),
        body("Alive", []),
        body("Alive", 5),
        body("Alive", None),
        body("Nothing", {}),
        body(["Alive"], {"pid": 1}),
        body({}, {}),
        body(None, {}),
        body("StreamDown", {"camera_id": "c", "problem": "no such"}),
        body("Still", {"request": 1, "jpeg": "!not base64!"}),
        b"[" * 100_000,
    ],
    ids=lambda garbage: repr(garbage[:30]),
)
def test_an_invalid_message_is_a_channel_error(garbage: bytes) -> None:
    with pytest.raises(ChannelError):
        read(framed(garbage))


def test_text_in_place_of_messages_is_a_channel_error() -> None:
    with pytest.raises(ChannelError):
        read(b"Traceback (most recent call last):\n")


def test_an_error_contains_no_content() -> None:
    with pytest.raises(ChannelError) as caught:
        read(framed(body("WatchCamera", {"password": "secret"})))
    assert "secret" not in str(caught.value)


def test_a_password_does_not_show() -> None:
    shown = repr(m.WatchCamera(camera_id="c", source=SOURCE)) + repr(
        m.Still(request=1, jpeg=b"xyz")
    )
    assert LOGIN.password not in shown
    assert "xyz" not in shown
