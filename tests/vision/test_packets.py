from __future__ import annotations

import numpy as np
import pytest
from porchlight.vision.packets import LONGEST_GROUP, PacketSizes

FPS = 15
GROUP = 30
# The pixels that a person 60 pixels high covers.
PERSON = 1200


class Encoder:
    """Sends packets like an encoder whose frame sizes vary after each key frame."""

    def __init__(self, *, typical: float = 600.0, unrest: float = 0.1, seed: int = 3) -> None:
        self.sizes = PacketSizes(PERSON)
        self.generator = np.random.default_rng(seed)
        self.typical, self.unrest = typical, unrest
        self.number = 0

    def send(self, seconds: float, surplus: float = 0.0, *, calm: bool = True) -> list[float]:
        """When there was an alarm, in seconds from the start of this."""
        alarms = []
        for index in range(round(seconds * FPS)):
            place = self.number % GROUP
            pulse = 1 + 4 * np.exp(-place / 4)
            noise = np.exp(self.generator.normal(0, self.unrest))
            size = 40_000 if place == 0 else int(self.typical * pulse * noise + surplus)
            if self.sizes.alarm(size, self.number / FPS, key=place == 0, calm=calm):
                alarms.append(index / FPS)
            self.number += 1
        return alarms

    def false_alarms(self, seconds: float) -> int:
        """How many alarms are false."""
        number = 0
        for _ in range(round(seconds * FPS)):
            if self.send(1 / FPS):
                number += 1
                self.sizes.was_false()
        return number


def test_there_is_no_alarm_before_some_groups_were_seen() -> None:
    encoder = Encoder()
    assert encoder.sizes.blind
    encoder.send(4)
    assert encoder.sizes.blind
    encoder.send(6)
    assert not encoder.sizes.blind


@pytest.mark.parametrize("seed", range(5))
def test_a_small_person_raises_an_alarm_at_once(seed: int) -> None:
    encoder = Encoder(seed=seed)
    encoder.send(20)
    alarms = encoder.send(3, surplus=300, calm=False)
    assert alarms
    assert alarms[0] < 0.7


def test_an_encoders_regular_pattern_raises_no_alarm() -> None:
    encoder = Encoder(unrest=0.02)
    encoder.send(8)
    assert encoder.send(120) == []


def test_false_alarms_become_rare() -> None:
    encoder = Encoder(unrest=0.4)
    encoder.send(10)
    assert encoder.false_alarms(600) <= 30


def test_sizes_are_not_used_where_noise_hides_people() -> None:
    encoder = Encoder(typical=20_000, unrest=0.2)
    encoder.send(30)
    assert encoder.sizes.blind


def test_what_moves_for_long_does_not_become_usual() -> None:
    encoder = Encoder()
    encoder.send(20)
    encoder.send(60, surplus=600, calm=False)
    encoder.send(10)
    assert encoder.send(3, surplus=300, calm=False)


def test_another_quality_becomes_usual() -> None:
    encoder = Encoder()
    encoder.send(20)
    encoder.typical = 1200
    encoder.send(120)
    assert encoder.false_alarms(60) <= 8


def test_a_stream_without_key_frames_is_tolerated() -> None:
    sizes = PacketSizes(PERSON)
    for number in range(3 * LONGEST_GROUP):
        assert not sizes.alarm(500, number / FPS, key=False, calm=True)
    assert sizes.blind


@pytest.mark.parametrize("at", [lambda _: 5.0, lambda number: -number / FPS])
def test_a_clock_that_stops_or_goes_back_does_no_harm(at: object) -> None:
    sizes = PacketSizes(PERSON)
    for number in range(300):
        sizes.alarm(500 + number, at(number), key=number % GROUP == 0, calm=True)  # type: ignore[operator] # a function
    assert isinstance(sizes.blind, bool)
