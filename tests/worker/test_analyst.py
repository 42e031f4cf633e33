from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.vision.types import Box
from porchlight.worker.analyst import MOST_FAILURES, Analyst
from porchlight.worker.errors import EngineProblem, FrameError
from porchlight.worker.messages import EngineFailed, EngineReady, ThreadStarted, UseModel

from .support import PATIENCE, SOMEBODY, Heard, ScriptedDetector, frame, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from porchlight.vision.regions import Region, View
    from porchlight.worker.analyst import Sight

MODEL = UseModel(engine="scripted", path="")


class Client:
    """Records what it receives."""

    def __init__(self, name: str, log: list[tuple[str, float]]) -> None:
        self.name = name
        self.log = log
        self.last: Sight | None = None
        self.wanted: tuple[Region, ...] | None = None
        self.error: Exception | None = None

    def regions(self, view: View, _at: float) -> tuple[Region, ...]:
        """All of it, unless a test wants something else."""
        return (view.whole,) if self.wanted is None else self.wanted

    def looked(self, sight: Sight) -> None:
        """Remember."""
        self.last = sight
        self.log.append((self.name, sight.at))
        if self.error:
            raise self.error


@pytest.fixture
def detector() -> ScriptedDetector:
    return ScriptedDetector()


@pytest.fixture
def analyst(heard: Heard, detector: ScriptedDetector) -> Iterator[Analyst]:
    one = Analyst(heard, prepare=detector.prepare)
    one.start()
    yield one
    if detector.gate:
        detector.gate.set()
    one.stop()
    one.join(PATIENCE)
    assert not one.is_alive()


@pytest.fixture
def log() -> list[tuple[str, float]]:
    return []


def held(analyst: Analyst, detector: ScriptedDetector, client: Client) -> threading.Event:
    """Let the analyst look at one frame until the event is set."""
    detector.gate = threading.Event()
    analyst.use_model(MODEL)
    analyst.offer(client, frame(), 0.0)
    until(lambda: len(detector.frames) == 1, "the analyst looks")
    return detector.gate


def test_a_client_hears_what_was_seen_on_its_frame(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    client, picture = Client("a", log), frame()
    detector.found = (SOMEBODY,)
    analyst.use_model(MODEL)
    analyst.offer(client, picture, 5.0)
    until(lambda: log == [("a", 5.0)], "the look")
    assert client.last is not None
    assert client.last.frame is picture
    assert client.last.people == (SOMEBODY,)
    assert client.last.regions == (Box(0, 0, 1, 1),)
    assert 0 <= client.last.seconds < PATIENCE


def test_a_frame_on_which_nothing_is_wanted_any_more_is_not_looked_at(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    bored, other = Client("bored", log), Client("other", log)
    bored.wanted = ()
    analyst.use_model(MODEL)
    analyst.offer(bored, frame(), 1.0)
    analyst.offer(other, frame(), 2.0)
    until(lambda: bool(log), "the look")
    assert log == [("other", 2.0)]
    assert len(detector.frames) == 1


def test_the_engine_s_thread_is_reported_first(analyst: Analyst, heard: Heard) -> None:
    analyst.use_model(MODEL)
    heard.wait(EngineReady)
    assert heard.all[0] == ThreadStarted(camera_id=None, thread=analyst.ident)


def test_the_model_loads_in_that_thread(heard: Heard) -> None:
    threads: list[int] = []

    def prepare(request: UseModel) -> tuple[None, EngineFailed]:
        threads.append(threading.get_ident())
        return None, EngineFailed(engine="x", path=request.path, problem="engine_crashed")  # type: ignore[arg-type] # a problem's value

    one = Analyst(heard, prepare=prepare)
    one.start()
    one.use_model(MODEL)
    heard.wait(EngineFailed)
    assert threads == [one.ident]
    assert not one.ready
    one.stop()
    one.join(PATIENCE)


def test_without_a_model_frames_wait(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    assert not analyst.ready
    analyst.offer(Client("a", log), frame(), 1.0)
    analyst.use_model(MODEL)
    until(lambda: bool(log), "the look")
    assert analyst.ready


def test_the_latest_frame_wins(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    client = Client("a", log)
    gate = held(analyst, detector, client)
    for at in range(1, 50):
        analyst.offer(client, frame(), float(at))
    gate.set()
    until(lambda: len(log) == 2, "two looks")
    assert log == [("a", 0.0), ("a", 49.0)]
    assert len(detector.frames) == 2


def test_clients_take_turns(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    a, b, c = (Client(name, log) for name in "abc")
    gate = held(analyst, detector, a)
    # The first one has had its turn, however new its frame and how often it comes.
    for client in (a, b, c, a):
        analyst.offer(client, frame(), 1.0)
    gate.set()
    until(lambda: len(log) == 4, "four looks")
    assert [name for name, _ in log] == ["a", "b", "c", "a"]


def test_a_client_that_always_has_a_frame_does_not_starve_the_others(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    class Greedy(Client):
        def looked(self, *arguments: Any) -> None:
            super().looked(*arguments)
            analyst.offer(self, frame(), 2.0)

    greedy, other = Greedy("greedy", log), Client("other", log)
    gate = held(analyst, detector, greedy)
    analyst.offer(other, frame(), 9.0)
    gate.set()
    until(lambda: ("other", 9.0) in log, "the other's turn")
    assert log.index(("other", 9.0)) <= 2
    analyst.forget(greedy)


def test_a_withdrawn_frame_is_not_looked_at_and_costs_no_turn(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    a, b = Client("a", log), Client("b", log)
    gate = held(analyst, detector, a)
    analyst.offer(a, frame(), 1.0)
    analyst.withdraw(a)
    analyst.withdraw(b)
    analyst.offer(b, frame(), 2.0)
    analyst.offer(a, frame(), 1.5)
    gate.set()
    until(lambda: len(log) == 3, "three looks")
    assert log == [("a", 0.0), ("b", 2.0), ("a", 1.5)]


def test_a_forgotten_client_leaves_nothing_behind(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    a, b = Client("a", log), Client("b", log)
    gate = held(analyst, detector, a)
    analyst.offer(b, frame(), 1.0)
    analyst.forget(b)
    analyst.forget(a)
    assert not analyst._seats
    gate.set()
    until(lambda: log == [("a", 0.0)], "only the look that had begun")


@pytest.mark.parametrize("culprit", ["detector", "client"])
def test_an_exception_in_one_look_ends_nothing(
    analyst: Analyst,
    detector: ScriptedDetector,
    log: list[tuple[str, float]],
    culprit: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    a, b = Client("a", log), Client("b", log)
    error = RuntimeError("of one look")
    if culprit == "detector":
        detector.error = error
    else:
        a.error = error
    analyst.use_model(MODEL)
    for _ in range(3):
        before = len(detector.frames)
        analyst.offer(a, frame(), 1.0)
        until(lambda: len(detector.frames) > before, "a look that fails")  # noqa: B023 - awaited here
    until(lambda: analyst.stuck_for() == 0, "the engine is free")
    detector.error = a.error = None
    analyst.offer(b, frame(), 2.0)
    until(lambda: ("b", 2.0) in log, "the next look")
    # Five times a second for ever would fill the log.
    assert sum("could not be looked at" in text for text in caplog.messages) == 1


def test_the_engine_s_busy_time_is_reported(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]]
) -> None:
    assert analyst.stuck_for() == 0
    gate = held(analyst, detector, Client("a", log))
    until(lambda: analyst.stuck_for() > 0.05, "time passes")
    gate.set()
    until(lambda: analyst.stuck_for() == 0, "the engine is free")


def test_a_client_that_takes_long_does_not_make_the_engine_hang(
    analyst: Analyst, log: list[tuple[str, float]]
) -> None:
    done, busy = threading.Event(), []

    class Slow(Client):
        def looked(self, *arguments: Any) -> None:
            busy.append(analyst.stuck_for())
            super().looked(*arguments)
            done.set()

    analyst.use_model(MODEL)
    analyst.offer(Slow("a", log), frame(), 1.0)
    assert done.wait(PATIENCE)
    assert busy == [0.0]


def failing(
    analyst: Analyst, detector: ScriptedDetector, client: Client, looks: int, error: Exception
) -> None:
    """Let the engine fail on so many frames."""
    detector.error = error
    for _ in range(looks):
        before = len(detector.frames)
        analyst.offer(client, frame(), 1.0)
        until(lambda: len(detector.frames) > before, "a look that fails")  # noqa: B023 - awaited here
    until(lambda: analyst.stuck_for() == 0, "the engine is free")


def test_an_engine_that_fails_on_every_frame_is_given_up_and_reported_once(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]], heard: Heard
) -> None:
    client = Client("a", log)
    analyst.use_model(UseModel(engine="scripted", path="/m"))
    heard.wait(EngineReady)
    failing(analyst, detector, client, MOST_FAILURES, RuntimeError("secret of the driver"))
    failed = heard.wait(EngineFailed)
    assert failed == EngineFailed(
        engine="scripted", path="/m", problem=EngineProblem.FAILING, detail="RuntimeError"
    )
    until(lambda: not analyst.ready, "it is given up")
    looks = len(detector.frames)
    detector.error = None
    for at in range(5):
        analyst.offer(client, frame(), float(at))
    analyst.use_model(MODEL)
    until(lambda: log == [("a", 4.0)], "the next model looks")
    assert len(detector.frames) == looks + 1
    assert len(heard.of(EngineFailed)) == 1


def test_a_look_that_goes_well_makes_failures_forgotten(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]], heard: Heard
) -> None:
    client = Client("a", log)
    analyst.use_model(MODEL)
    for number in range(1, 4):
        failing(analyst, detector, client, MOST_FAILURES - 1, RuntimeError("now and then"))
        detector.error = None
        analyst.offer(client, frame(), float(number))
        until(lambda: len(log) == number, "a look that goes well")  # noqa: B023 - awaited here
    assert analyst.ready
    assert heard.of(EngineFailed) == []


def test_frames_that_cannot_be_looked_at_are_not_the_engine_s_fault(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]], heard: Heard
) -> None:
    bad, good = Client("bad", log), Client("good", log)
    analyst.use_model(MODEL)
    failing(analyst, detector, bad, 3 * MOST_FAILURES, FrameError("a hostile camera's"))
    detector.error = None
    analyst.offer(good, frame(), 1.0)
    until(lambda: log == [("good", 1.0)], "the other camera's look")
    assert heard.of(EngineFailed) == []


def test_a_model_that_is_dropped_looks_at_nothing_more(
    analyst: Analyst, detector: ScriptedDetector, log: list[tuple[str, float]], heard: Heard
) -> None:
    client = Client("a", log)
    gate = held(analyst, detector, client)
    analyst.drop_model()
    assert not analyst.ready
    gate.set()
    analyst.offer(client, frame(), 1.0)
    analyst.use_model(MODEL)
    until(lambda: bool(log), "the next model looks")
    # What the dropped one was looking at counts no more.
    assert log == [("a", 1.0)]


def test_a_model_that_is_dropped_while_it_loads_is_not_used(heard: Heard) -> None:
    loading, go_on = threading.Event(), threading.Event()
    detector = ScriptedDetector()

    def prepare(request: UseModel) -> Any:
        loading.set()
        assert go_on.wait(PATIENCE)
        return detector.prepare(request)

    one = Analyst(heard, prepare=prepare)
    one.start()
    one.use_model(MODEL)
    assert loading.wait(PATIENCE)
    one.drop_model()
    go_on.set()
    until(lambda: one.stuck_for() == 0, "it has loaded")
    one.stop()
    one.join(PATIENCE)
    assert not one.ready
    assert heard.of(EngineReady) == []


def test_a_model_whose_loading_raises_is_reported(heard: Heard) -> None:
    def prepare(_request: UseModel) -> Any:
        raise SystemError("of a native package")

    one = Analyst(heard, prepare=prepare)
    one.start()
    one.use_model(UseModel(engine="x", path="/m"))
    failed = heard.wait(EngineFailed)
    assert (failed.problem, failed.detail) == (EngineProblem.CRASHED, "SystemError")
    one.stop()
    one.join(PATIENCE)
