"""What notifications mean: the makers' topics are known to onvif-parsers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import onvif_parsers
from onvif_parsers.errors import UnknownTopicError

from .notifications import MAX_LENGTH, Operation, boolean
from .values import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .notifications import Items, Notification

# The library names what it recognizes; a word of the name decides. The first match counts.
_WORDS: tuple[tuple[EventKind, frozenset[str]], ...] = (
    (EventKind.PERSON, frozenset({"person", "people", "human"})),
    (EventKind.VEHICLE, frozenset({"vehicle", "car"})),
    (EventKind.ANIMAL, frozenset({"animal", "pet", "dog", "cat"})),
    (EventKind.DOORBELL, frozenset({"doorbell", "visitor"})),
    (EventKind.LINE, frozenset({"line"})),
    # ONVIF's name for a camera that was turned away or covered.
    (EventKind.TAMPER, frozenset({"tamper", "scene"})),
    (EventKind.INPUT, frozenset({"input"})),
    (EventKind.MOTION, frozenset({"motion"})),
)
# The library takes an alarm input for motion.
_ALARM_INPUTS = re.compile(r"^tns1:Device/Trigger/(?:\w+:)?AlarmIn$")
# What the token of a lens, or of a view of it, is called among a message's sources.
_LENSES = frozenset({"videosourceconfigurationtoken", "videosourcetoken", "videosource", "source"})
# What parsers raise on messages of a form that they do not expect.
_UNEXPECTED = (AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What happened where; `on` is None for an event that is no state.

    `source` tells rules, lenses and inputs apart; `initial`: a state as it already was.
    `gone`: the camera no longer knows this state. `lens` is the token of the lens or of its view,
    empty if the camera names none.
    """

    kind: EventKind
    source: str
    on: bool | None
    lens: str = ""
    initial: bool = False
    gone: bool = False


async def meanings_of(notification: Notification) -> list[Meaning]:
    """What a notification means; nothing if its topic is unknown or of no interest."""
    try:
        entities = await onvif_parsers.parse(notification.topic, "", _message(notification))
    except (UnknownTopicError, *_UNEXPECTED):
        return []
    found = []
    for entity in entities:
        kind = _kind(notification.topic, entity.name)
        if kind is None:
            continue
        source = notification.source[0][1] if notification.source else ""
        lenses = (value for name, value in notification.source if name.lower() in _LENSES)
        found.append(
            Meaning(
                kind=kind,
                source=source if kind is EventKind.INPUT else str(entity.uid)[:MAX_LENGTH],
                # A line's value is the number of an object.
                on=entity.value if isinstance(entity.value, bool) else None,
                lens=next(lenses, ""),
                initial=notification.operation is Operation.INITIALIZED,
                gone=notification.operation is Operation.DELETED,
            )
        )
    return found


async def kinds_of(notifications: Iterable[Notification]) -> tuple[EventKind, ...]:
    """The kinds of events among these, in a fixed order."""
    found = {meaning.kind for one in notifications for meaning in await meanings_of(one)}
    return tuple(kind for kind in EventKind if kind in found)


def _kind(topic: str, name: str) -> EventKind | None:
    if _ALARM_INPUTS.fullmatch(topic):
        return EventKind.INPUT
    words = set(name.lower().split())
    return next((kind for kind, its in _WORDS if words & its), None)


def _message(notification: Notification) -> SimpleNamespace:
    """A notification in the form that the library reads."""
    # It reads the first item, and only "true" as true.
    data = sorted(notification.data, key=lambda item: boolean(item[1]) is None)
    content = SimpleNamespace(
        Source=_simple(notification.source or (("", ""),)),
        Data=_simple(data),
    )
    return SimpleNamespace(
        Topic=SimpleNamespace(_value_1=notification.topic),
        Message=SimpleNamespace(_value_1=content),
    )


def _simple(items: Items | list[tuple[str, str]]) -> SimpleNamespace:
    return SimpleNamespace(
        SimpleItem=[
            SimpleNamespace(Name=name, Value="true" if boolean(value) else value)
            for name, value in items
        ]
    )
