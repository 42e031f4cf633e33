from __future__ import annotations

from porchlight.vision.daylight import COLOURED, GREY, INTERVAL, NEEDED, Daylight


def measured(*spreads: float) -> list[bool]:
    light, nights = Daylight(), []
    for number, spread in enumerate(spreads):
        light.measure(spread, 100.0 + number * INTERVAL)
        nights.append(light.night)
    return nights


def test_the_first_measurement_counts_at_once() -> None:
    assert measured(0.0) == [True]
    assert measured(20.0) == [False]
    assert Daylight().night is False


def test_the_light_changes_after_some_measurements_in_a_row() -> None:
    assert measured(20.0, *[GREY] * NEEDED) == [False] * NEEDED + [True]
    assert measured(0.0, *[COLOURED] * NEEDED) == [True] * NEEDED + [False]


def test_a_picture_in_between_changes_nothing() -> None:
    between = (GREY + COLOURED) / 2
    assert not any(measured(20.0, *[between] * 10))
    assert all(measured(0.0, *[between] * 10))
    assert not any(measured(20.0, *[0.0, 0.0, between] * 5))


def test_it_is_measured_now_and_then_also_when_the_clock_was_set_back() -> None:
    light = Daylight()
    assert light.due(100.0)
    light.measure(5.0, 100.0)
    assert not light.due(100.0 + INTERVAL / 2)
    assert light.due(100.0 + INTERVAL)
    assert light.due(50.0)
