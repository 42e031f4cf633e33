"""Messages of cameras are read whatever their dialect, and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from porchlight.onvif.answers import content_of
from porchlight.onvif.errors import CameraFaultError
from porchlight.onvif.meanings import Meaning, kinds_of, meanings_of
from porchlight.onvif.notifications import (
    MAX_ITEMS,
    MAX_LENGTH,
    MAX_MESSAGES,
    MAX_TOPICS,
    Operation,
    topics_of,
)
from porchlight.onvif.values import EventKind

from .events_dialects import envelope, message, read
from .replay import RECORDINGS, answers

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = "tns1:RuleEngine/MyRuleDetector/PeopleDetect"


async def meaning(inside: str) -> Meaning:
    """What the only message means."""
    (notification,) = read(inside)
    (found,) = await meanings_of(notification)
    return found


@pytest.mark.parametrize(
    ("topic", "data", "kind"),
    [
        (PEOPLE, "State=true", EventKind.PERSON),
        ("tns1:UserAlarm/IVA/HumanShapeDetect", "State=true", EventKind.PERSON),
        ("tns1:RuleEngine/PeopleDetector/People", "IsPeople=true", EventKind.PERSON),
        ("tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent", "IsPeople=true", EventKind.PERSON),
        ("tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent", "IsPet=true", EventKind.ANIMAL),
        ("tns1:RuleEngine/MyRuleDetector/VehicleDetect", "State=true", EventKind.VEHICLE),
        ("tns1:RuleEngine/MyRuleDetector/DogCatDetect", "State=true", EventKind.ANIMAL),
        ("tns1:RuleEngine/MyRuleDetector/Visitor", "State=true", EventKind.DOORBELL),
        ("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper=true", EventKind.TAMPER),
        ("tns1:VideoSource/GlobalSceneChange/ImagingService", "State=true", EventKind.TAMPER),
        ("tns1:RuleEngine/CellMotionDetector/Motion", "IsMotion=true", EventKind.MOTION),
        ("tns1:VideoSource/MotionAlarm", "State=true", EventKind.MOTION),
        ("tns1:RuleEngine/CellMotionDetector/LineCross", "IsLineCross=true", EventKind.LINE),
        ("tns1:Device/Trigger/DigitalInput", "LogicalState=true", EventKind.INPUT),
        ("tns1:Device/Trigger/tnshik:AlarmIn", "State=true", EventKind.INPUT),
    ],
)
async def test_the_makers_topics_are_known(topic: str, data: str, kind: EventKind) -> None:
    found = await meaning(message(topic, data))
    assert (found.kind, found.on) == (kind, True)
    off = await meaning(message(topic, data.replace("true", "false")))
    assert (off.kind, off.on) == (kind, False)
    assert off.source == found.source


async def test_a_line_that_was_crossed_is_no_state() -> None:
    found = await meaning(message("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=1"))
    assert (found.kind, found.on) == (EventKind.LINE, None)


async def test_a_list_of_classes_is_several_states() -> None:
    (notification,) = read(
        message("tns1:RuleEngine/ObjectDetection/Object", "ClassTypes=Human_Vehicle")
    )
    found = {one.kind: one.on for one in await meanings_of(notification)}
    assert found == {EventKind.PERSON: True, EventKind.VEHICLE: True, EventKind.ANIMAL: False}


@pytest.mark.parametrize(
    ("value", "on"),
    [("true", True), ("True", True), ("TRUE", True), ("1", True), ("false", False), ("0", False)],
)
async def test_true_and_false_are_written_in_many_ways(value: str, on: bool) -> None:
    assert (await meaning(message(PEOPLE, f"State={value}"))).on is on


@pytest.mark.parametrize(
    "topic",
    [
        f"{PEOPLE}//.",
        f"{PEOPLE}/",
        f" {PEOPLE}\n ",
        "odd:RuleEngine/MyRuleDetector/PeopleDetect",
        "undeclared:RuleEngine/MyRuleDetector/PeopleDetect",
        "RuleEngine/MyRuleDetector/PeopleDetect",
    ],
)
async def test_a_topic_is_known_however_it_is_prefixed_and_ended(topic: str) -> None:
    assert (await meaning(message(topic))).kind is EventKind.PERSON


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("Initialized", Operation.INITIALIZED),
        ("initialized", Operation.INITIALIZED),
        ("Changed", Operation.CHANGED),
        ("Deleted", Operation.DELETED),
        ("Nonsense", Operation.CHANGED),
        (None, Operation.CHANGED),
    ],
)
async def test_why_a_message_is_sent_is_read_or_assumed(
    operation: str | None, expected: Operation
) -> None:
    inside = message(PEOPLE, operation=operation)
    (notification,) = read(inside)
    assert notification.operation is expected
    found = await meaning(inside)
    assert found.initial is (expected is Operation.INITIALIZED)
    assert found.gone is (expected is Operation.DELETED)


@pytest.mark.parametrize("time", ["", "nonsense", "0000-00-00T00:00:00Z"])
async def test_a_time_that_is_none_does_not_matter(time: str) -> None:
    assert (await meaning(message(PEOPLE, time=time))).on is True


async def test_a_missing_source_or_foreign_items_first_do_not_matter() -> None:
    for topic in (PEOPLE, "tns1:Device/Trigger/DigitalInput", "tns1:VideoSource/MotionAlarm"):
        assert (await meaning(message(topic, source=None))).on is True
        assert (await meaning(message(topic, source=""))).on is True
        assert (await meaning(message(topic, "ObjectId=x77 State=true"))).on is True


@pytest.mark.parametrize(
    ("source", "lens"),
    [
        ("VideoSourceConfigurationToken=V_2 Rule=R", "V 2"),
        ("VideoSourceToken=S_2", "S 2"),
        ("Source=S_2", "S 2"),
        ("Rule=R source=S_2", "S 2"),
        ("Rule=R", ""),
        (None, ""),
    ],
)
async def test_the_lens_is_known_if_the_camera_names_it(source: str | None, lens: str) -> None:
    assert (await meaning(message(PEOPLE, source=source))).lens == lens


async def test_inputs_are_known_by_their_token() -> None:
    found = await meaning(
        message("tns1:Device/Trigger/DigitalInput", "LogicalState=1", "InputToken=AI_2")
    )
    assert found.source == "AI 2"


@pytest.mark.parametrize(
    "inside",
    [
        message("tns1:Monitoring/ProcessorUsage", "Value=93"),
        message("tns1:Monitoring/ProcessorUsage", "Value=much"),
        message("tns1:RuleEngine/Unheard/Of"),
        message(PEOPLE, data=""),
        message("", "State=true"),
        "<wsnt:NotificationMessage/>",
        f"<wsnt:NotificationMessage><wsnt:Topic>{PEOPLE}</wsnt:Topic></wsnt:NotificationMessage>",
        "<other/>",
        "",
    ],
)
async def test_what_is_unknown_or_empty_means_nothing(inside: str) -> None:
    for notification in read(inside):
        assert await meanings_of(notification) == []


async def test_numbers_and_lengths_are_bounded() -> None:
    assert len(read(message(PEOPLE) * (MAX_MESSAGES + 50))) == MAX_MESSAGES
    (many,) = read(message(PEOPLE, " ".join(f"a{n}=1" for n in range(100))))
    assert len(many.data) == MAX_ITEMS
    (long,) = read(message("x" * 100_000, "State=" + "y" * 100_000, "Source=" + "z" * 100_000))
    assert max(len(long.topic), len(long.data[0][1]), len(long.source[0][1])) <= MAX_LENGTH + 5


def test_nesting_without_end_is_no_answer() -> None:
    deep = "<a>" * 100_000 + "</a>" * 100_000
    assert read(deep) == []
    assert [one.topic for one in read(f"{message(PEOPLE)}{deep}")] in ([PEOPLE], [])


def test_entities_are_not_expanded_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a-secret")
    head = f'<!DOCTYPE x [<!ENTITY i "expanded"><!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    for inside in ("&i;", "&f;"):
        answer = content_of(head.encode() + envelope(message(f"tns1:{inside}")))
        text = "".join(answer.itertext())
        assert "expanded" not in text.replace("&i;", "")
        assert "a-secret" not in text


@pytest.mark.parametrize(
    "document", [b"", b"<html>", b"\xff\xfe\x00", b"<a/>", envelope("").replace(b"Body", b"Head")]
)
def test_what_is_no_envelope_is_a_fault(document: bytes) -> None:
    with pytest.raises(CameraFaultError):
        content_of(document)


def test_a_fault_does_not_show_the_camera_s_words() -> None:
    inside = "<s:Fault><s:Reason><s:Text>rtsp://admin:secret@x/</s:Text></s:Reason></s:Fault>"
    document = envelope("").replace(
        b"<tev:PullMessagesResponse></tev:PullMessagesResponse>", inside.encode()
    )
    with pytest.raises(CameraFaultError) as caught:
        content_of(document)
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(
    not RECORDINGS.is_dir(),
    reason="the recordings aren't part of the project; PORCHLIGHT_ASSETS says where they are",
)
@pytest.mark.parametrize(
    ("folder", "kinds"),
    [
        ("axis_p3818-pve", (EventKind.TAMPER, EventKind.INPUT)),
        ("reolink_e1_zoom", (EventKind.MOTION,)),
        ("agsh_mock", (EventKind.MOTION, EventKind.INPUT)),
    ],
)
async def test_recorded_cameras_offer_what_they_can_report(
    folder: str, kinds: tuple[EventKind, ...]
) -> None:
    (answer,) = [
        one for one in answers(RECORDINGS / folder) if one.operation == "GetEventProperties"
    ]
    assert await kinds_of(topics_of(content_of(answer.envelope.encode()))) == kinds


def test_the_topics_that_are_offered_are_bounded() -> None:
    one = (
        "<tt:MessageDescription><tt:Data><tt:SimpleItemDescription Name='State'/></tt:Data>"
        "</tt:MessageDescription>"
    )
    wide = "".join(f"<t{n}>{one}</t{n}>" for n in range(2 * MAX_TOPICS))
    deep = "<t>" * 100 + one + "</t>" * 100
    for inside, expected in ((wide, MAX_TOPICS), (deep, 0), ("", 0)):
        found = topics_of(content_of(envelope(f"<TopicSet>{inside}</TopicSet>")))
        assert len(found) == expected
