"""Decides what a camera's messages change: which are news, and which states are still true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..onvif.values import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..onvif.meanings import Meaning

# Seconds without a word after which the camera is asked for all states again, and that it then has
# to send them.
SILENCE = 300.0
ANSWER = 10.0
# Seconds that states may take which come unasked when a subscription begins.
UNASKED = 3.0
# Seconds without a message after which a doorbell that is still pressed is pressed again.
AGAIN = 10.0
# States of a camera and a kind, so that one that makes up sources does not fill the memory; enough
# for a recorder with 32 channels.
MOST_SOURCES = 64
PULSES = frozenset({EventKind.LINE, EventKind.DOORBELL})
# A door contact may stay open and a lens covered for days; nobody stands still for so long.
_LASTING = frozenset({EventKind.INPUT, EventKind.TAMPER})

type Key = tuple[EventKind, str]
type Change = tuple[EventKind, str, bool | None]


class SilentError(Exception):
    """A camera did not repeat its states, though it does that: its subscription is dead."""


class CameraStates:
    """The states of one subscription. Times are seconds that never go backwards."""

    def __init__(self, now: float) -> None:
        self._states: dict[Key, bool | None] = {}
        self._confirmed: dict[Key, float] = {}
        self._heard = now
        # When the camera was asked for its states, while its answer may still come.
        self._asked: float | None = None
        self._doubted: set[Key] = set()
        self._answered = self._tested = False
        # Whether the camera repeats its states when it is asked to; not all do.
        self._repeats = False

    def take(self, meaning: Meaning, now: float) -> Change | None:
        """Process one message; returns what it changes, None if nothing."""
        key = (meaning.kind, meaning.source)
        if key not in self._states and self._is_full(meaning.kind):
            return None
        self._doubted.discard(key)
        before, since = self._states.get(key), now - self._confirmed.get(key, now)
        on = None if meaning.gone else meaning.on
        self._states[key], self._confirmed[key] = on, now
        if meaning.kind not in PULSES:
            return (*key, on) if on is not before else None
        # A button that is still pressed when the subscription begins was pressed before. Some
        # cameras never say that it was released.
        news = before is not True or since >= AGAIN
        over = meaning.on is False or meaning.initial or meaning.gone
        return (*key, True) if news and not over else None

    def hear(self, now: float, *, initial: bool) -> None:
        """Record that a message came; `initial`: one that repeats a state."""
        self._heard = now
        self._answered |= initial

    def is_due(self, now: float) -> bool:
        """Whether the camera must be asked for all states: it was silent, or a state is old.

        It is also asked at the start, to find out whether it answers that at all.
        """
        if self._asked is not None:
            return False
        return not self._tested or now - self._heard >= SILENCE or any(self._old(now))

    def ask(self, now: float, *, all_of_them: bool = False) -> None:
        """Doubt the old states, or all, until the camera repeats them."""
        self._asked, self._answered = now, False
        self._doubted = set(self._states) if all_of_them else set(self._old(now))

    def patience(self, now: float) -> float | None:
        """Seconds until an answer is overdue; None if none is expected."""
        if self._asked is not None:
            return max(0.0, self._asked + ANSWER - now)
        # What comes unasked at the start must not be taken for an answer.
        return None if self._tested else UNASKED

    def check(self, now: float) -> list[Change]:
        """The states that the camera did not repeat in time: they are no longer known.

        Raises SilentError if it is a camera that repeats its states, and it sent nothing at all.
        """
        if self._asked is None or now < self._asked + ANSWER:
            return []
        silent, self._asked = self._heard < self._asked, None
        if silent and self._repeats:
            raise SilentError
        self._repeats |= self._answered
        self._tested, self._heard = True, now
        lost = [key for key in self._doubted if self._states.get(key) is not None]
        self._doubted.clear()
        self._states |= dict.fromkeys(lost)
        return [(*key, None) for key in lost if key[0] not in PULSES]

    def _old(self, now: float) -> Iterator[Key]:
        return (
            key
            for key, on in self._states.items()
            if on and key[0] not in _LASTING and now - self._confirmed[key] >= SILENCE
        )

    def _is_full(self, kind: EventKind) -> bool:
        return sum(known is kind for known, _ in self._states) >= MOST_SOURCES
