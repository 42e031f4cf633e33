from __future__ import annotations

from typing import Any

import pytest
from porchlight.onvif.meanings import Meaning
from porchlight.onvif.values import EventKind
from porchlight.worker.camera_states import (
    AGAIN,
    ANSWER,
    MOST_SOURCES,
    SILENCE,
    CameraStates,
    SilentError,
)

PERSON, INPUT, TAMPER = EventKind.PERSON, EventKind.INPUT, EventKind.TAMPER
DOORBELL, LINE = EventKind.DOORBELL, EventKind.LINE


def says(kind: EventKind, *, on: bool | None, source: str = "a", **more: bool) -> Meaning:
    return Meaning(kind=kind, source=source, on=on, **more)


class Story:
    """States, and a clock."""

    def __init__(self, *, repeats: bool | None = None) -> None:
        """`repeats`: whether the camera has already shown that it repeats its states."""
        self.now = 1000.0
        self.states = CameraStates(self.now)
        if repeats is not None:
            self.ask(answered=repeats)

    def say(self, kind: EventKind, *, on: bool | None, **more: Any) -> Any:
        change = self.states.take(says(kind, on=on, **more), self.now)
        self.states.hear(self.now, initial=more.get("initial", False))
        return change and change[2]

    def ask(self, *, answered: bool) -> None:
        self.states.ask(self.now)
        if answered:
            self.states.hear(self.now, initial=True)
        self.now += ANSWER
        assert self.states.check(self.now) == []


def test_only_changes_of_a_state_are_news() -> None:
    story = Story()
    heard = [story.say(PERSON, on=on) for on in (False, False, True, True, False)]
    assert heard == [False, None, True, None, False]


def test_the_first_message_is_news_also_if_it_repeats_a_state() -> None:
    story = Story()
    assert story.say(PERSON, on=True, initial=True) is True


def test_a_state_that_the_camera_deletes_is_no_longer_known() -> None:
    story = Story()
    story.say(PERSON, on=True)
    change = story.states.take(says(PERSON, on=True, gone=True), story.now)
    assert change == (PERSON, "a", None)


def test_sources_are_told_apart_and_bounded() -> None:
    story = Story()
    heard = [story.say(PERSON, on=True, source=str(n)) for n in range(MOST_SOURCES + 5)]
    assert heard == [True] * MOST_SOURCES + [None] * 5
    assert story.say(INPUT, on=True) is True


def test_a_doorbell_rings_when_it_is_pressed_and_not_while_it_is_held() -> None:
    story = Story()
    heard = []
    for on, seconds in ((False, 0), (True, 1), (True, 1), (False, 1), (True, 1)):
        story.now += seconds
        heard.append(story.say(DOORBELL, on=on))
    assert heard == [None, True, None, None, True]


def test_a_doorbell_that_is_never_released_rings_again_later() -> None:
    story = Story()
    assert story.say(DOORBELL, on=True) is True
    story.now += AGAIN / 2
    assert story.say(DOORBELL, on=True) is None
    story.now += AGAIN
    assert story.say(DOORBELL, on=True) is True


def test_a_button_that_was_pressed_before_is_no_ring() -> None:
    story = Story()
    assert story.say(DOORBELL, on=True, initial=True) is None
    story.now += 1
    assert story.say(DOORBELL, on=True) is None


def test_each_crossing_of_a_line_without_a_state_is_an_event() -> None:
    story = Story()
    assert [story.say(LINE, on=None), story.say(LINE, on=None)] == [True, True]
    assert story.say(LINE, on=None, gone=True) is None


def test_a_camera_is_asked_at_the_start_whether_it_repeats_its_states() -> None:
    story = Story()
    assert story.states.is_due(story.now)
    story.ask(answered=False)
    assert not story.states.is_due(story.now)


def test_a_silent_camera_is_asked_for_its_states() -> None:
    story = Story(repeats=True)
    story.now += SILENCE - 1
    assert not story.states.is_due(story.now)
    story.now += 2
    assert story.states.is_due(story.now)
    story.states.ask(story.now)
    assert not story.states.is_due(story.now)
    assert story.states.patience(story.now) == ANSWER


def test_silence_is_proof_only_of_a_camera_that_repeats_its_states() -> None:
    for repeats in (True, False):
        story = Story(repeats=repeats)
        story.now += SILENCE
        story.states.ask(story.now)
        story.now += ANSWER - 1
        assert story.states.check(story.now) == []
        story.now += 1
        if repeats:
            with pytest.raises(SilentError):
                story.states.check(story.now)
        else:
            assert story.states.check(story.now) == []
            assert not story.states.is_due(story.now)


def test_any_message_is_a_sign_of_life() -> None:
    story = Story(repeats=True)
    story.now += SILENCE
    story.states.ask(story.now)
    story.states.hear(story.now + 1, initial=False)
    assert story.states.check(story.now + ANSWER) == []


def test_a_detection_that_nobody_ends_is_given_up_unless_the_camera_confirms_it() -> None:
    for confirmed in (True, False):
        story = Story(repeats=True)
        story.say(PERSON, on=True)
        story.now += SILENCE
        # Something else keeps being reported.
        story.say(EventKind.MOTION, on=True)
        assert story.states.is_due(story.now)
        story.states.ask(story.now)
        story.say(EventKind.MOTION, on=False, initial=True)
        if confirmed:
            assert story.say(PERSON, on=True, initial=True) is None
        story.now += ANSWER
        assert story.states.check(story.now) == ([] if confirmed else [(PERSON, "a", None)])
        assert not story.states.is_due(story.now)


@pytest.mark.parametrize("kind", [INPUT, TAMPER])
def test_an_input_or_a_covered_lens_may_last(kind: EventKind) -> None:
    story = Story(repeats=False)
    story.say(kind, on=True)
    story.now += 10 * SILENCE
    story.states.ask(story.now)
    story.now += ANSWER
    assert story.states.check(story.now) == []
    assert story.say(kind, on=True) is None


def test_another_subscription_confirms_every_state_or_it_is_not_known() -> None:
    story = Story(repeats=False)
    story.say(INPUT, on=True)
    story.say(TAMPER, on=False)
    story.say(DOORBELL, on=True)
    story.states.ask(story.now, all_of_them=True)
    story.say(TAMPER, on=False, initial=True)
    story.now += ANSWER
    assert story.states.check(story.now) == [(INPUT, "a", None)]
