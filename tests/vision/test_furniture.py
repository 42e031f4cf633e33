"""Still things that are seen on and off, and people who stand."""

from __future__ import annotations

import pytest
from porchlight.vision.furniture import SIGHTINGS, Furniture
from porchlight.vision.life import NEVER_A_PERSON
from porchlight.vision.regions import View, tiles
from porchlight.vision.tracks import Tracker
from porchlight.vision.types import WHOLE
from porchlight.vision.watch import FIRST_SCANS, Watch

from .people import BACKGROUND, STANDING, box, grey, person, with_block

THING = person(0.5, score=0.45)
VIEW = View(1280, 720, 416)


# Every fourth look is too seldom for one track to last.
@pytest.mark.parametrize("every", [3, 4])
def test_a_thing_that_is_seen_one_look_in_some_becomes_furniture(every: int) -> None:
    tracker = Tracker()
    for second in range(round(NEVER_A_PERSON)):
        assert tracker.furniture.pieces == ()
        seen = [THING] if second % every == 0 else []
        tracker.update(seen, second, lambda _: BACKGROUND)
        tracker.furniture.looked(seen, [WHOLE])
        assert tracker.people == []
    for second in range(round(NEVER_A_PERSON), round(NEVER_A_PERSON) + 3):
        tracker.update([THING], second, lambda _: BACKGROUND)
    assert [piece.box for piece in tracker.furniture.pieces] == [THING.box]
    # From now on it makes no track.
    tracker.clear()
    tracker.update([THING], 100, lambda _: BACKGROUND)
    assert tracker.tracks == []


def test_a_person_who_stands_does_not_become_furniture() -> None:
    for evidence in (STANDING, BACKGROUND):
        tracker = Tracker()
        for step in range(6):
            tracker.update([person(0.25 + 0.05 * step)], step / 5)
        for second in range(2, round(3 * NEVER_A_PERSON)):
            seen = [person(0.5)] if second % 3 == 0 else []
            # Nobody becomes the background at once.
            shown = STANDING if second < 20 else evidence
            tracker.update(seen, second, lambda _, shown=shown: shown)
        assert tracker.furniture.pieces == ()
        assert len(tracker.people) == 1


def test_who_stands_before_the_background_is_no_suspect() -> None:
    tracker = Tracker()
    for second in range(round(2 * NEVER_A_PERSON)):
        # So seldom that it is a new track each time.
        tracker.update([THING] if second % 4 == 0 else [], second, lambda _: STANDING)
    assert tracker.furniture.pieces == ()


def test_few_sightings_make_no_piece_however_long_it_takes() -> None:
    furniture = Furniture()
    for number in range(SIGHTINGS - 1):
        furniture.suspect([box(0.5)], 100.0 * number)
    assert furniture.pieces == ()
    furniture.suspect([box(0.5)], 1000.0)
    assert [piece.box for piece in furniture.pieces] == [box(0.5)]


def test_many_sightings_in_a_short_time_make_no_piece() -> None:
    furniture = Furniture()
    for number in range(10 * SIGHTINGS):
        furniture.suspect([box(0.5)], 0.9 * NEVER_A_PERSON * number / (10 * SIGHTINGS))
    assert furniture.pieces == ()


def test_someone_in_front_of_a_piece_is_not_the_piece() -> None:
    furniture = Furniture()
    furniture.add(THING.box)
    other = person(0.8)
    assert furniture.among([THING, other], [BACKGROUND] * 2) == {0}
    assert furniture.among([THING, other], [STANDING] * 2) == set()


def scans(watch: Watch, start: float, seconds: float, *, stir: bool = False) -> int:
    """How often a watch of an empty picture looks at the whole.

    `stir`: something moves in the first second.
    """
    found = 0
    for number in range(round(seconds * 5)):
        at = start + number / 5
        moving = stir and number < 5
        watch.see(with_block(grey(), 40 + 10 * number) if moving else grey(), at)
        if watch.look_due(at):
            regions = watch.regions(VIEW, at)
            watch.look([], at, [VIEW.share(one) for one in regions])
            found += regions == tiles(VIEW)
    return found


def test_looks_at_the_whole_end_when_nothing_stirs_and_begin_again_after_it() -> None:
    watch = Watch(lambda: "visit")
    assert scans(watch, 1000, 200) == FIRST_SCANS + 1
    assert scans(watch, 1200, 200) == 0
    assert 1 <= scans(watch, 1400, 200, stir=True) <= 2
    assert scans(watch, 1600, 200) == 0
