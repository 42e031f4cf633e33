"""Reads what cameras notify about, whatever their dialect; bounded in number and length."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any

from .answers import children, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_MESSAGES = 100
MAX_ITEMS = 16
MAX_LENGTH = 200
# The depth and number of topics that are read of what a camera offers.
MAX_DEPTH = 12
MAX_TOPICS = 500
_TOPICS_NAMESPACE = "http://www.onvif.org/ver10/topics"
# What its prefix is called in the specification.
_STANDARD = "tns1"
_TRUE = frozenset({"true", "1", "yes", "on", "active"})
_FALSE = frozenset({"false", "0", "no", "off", "inactive"})

type Items = tuple[tuple[str, str], ...]


class Operation(StrEnum):
    """Why a message is sent; messages that are not about a state count as changes."""

    INITIALIZED = "Initialized"
    CHANGED = "Changed"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message: its topic with the usual prefix, and its items by name."""

    topic: str
    operation: Operation = Operation.CHANGED
    source: Items = ()
    data: Items = ()


def notifications_of(answer: Any) -> list[Notification]:
    """The messages in an answer to PullMessages; those without a topic are left out."""
    messages = islice(answer.iterfind(".//{*}NotificationMessage"), MAX_MESSAGES)
    return [read for read in map(_notification, messages) if read]


def topics_of(answer: Any) -> list[Notification]:
    """What a camera can notify about: a message for each item of data, with the value true."""
    found = answer.find(".//{*}TopicSet")
    return list(islice(_topics(children(found), (), 0), MAX_TOPICS))


def boolean(value: str) -> bool | None:
    """A value as cameras write true and false; None if it is neither."""
    word = value.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def _notification(message: Any) -> Notification | None:
    topic = message.find("{*}Topic")
    # Normally a tt:Message within a wsnt:Message.
    body = message.find(".//{*}Message/{*}Message")
    if body is None:
        body = message.find("{*}Message")
    path = "" if topic is None else _path(topic)
    if not path or body is None:
        return None
    return Notification(
        topic=path,
        operation=_operation(body.get("PropertyOperation", "")),
        source=_items(body.find("{*}Source")),
        data=_items(body.find("{*}Data")),
    )


def _path(topic: Any) -> str:
    text = "".join((topic.text or "").split())[:MAX_LENGTH].rstrip("/.")
    prefix, colon, rest = text.partition(":")
    if not colon or "/" in prefix:
        return f"{_STANDARD}:{text}" if text else ""
    # Some firmware does not declare the prefix, or calls it what it likes.
    space = topic.nsmap.get(prefix, "" if prefix.startswith("tns") else _TOPICS_NAMESPACE)
    return f"{_STANDARD}:{rest}" if space == _TOPICS_NAMESPACE else text


def _operation(text: str) -> Operation:
    try:
        return Operation(text.strip().capitalize())
    except ValueError:
        return Operation.CHANGED


def _items(element: Any) -> Items:
    if element is None:
        return ()
    found = islice(element.iterfind(".//{*}SimpleItem"), MAX_ITEMS)
    return tuple((_short(item.get("Name")), _short(item.get("Value"))) for item in found)


def _short(text: str | None) -> str:
    return (text or "").strip()[:MAX_LENGTH]


def _topics(
    elements: Iterable[Any], parents: tuple[str, ...], depth: int
) -> Iterator[Notification]:
    if depth > MAX_DEPTH:
        return
    for element in elements:
        name = name_of(element)
        if name == "MessageDescription":
            source, data = (_described(element.find(f"{{*}}{part}")) for part in ("Source", "Data"))
            topic = "/".join(parents)[:MAX_LENGTH]
            # One message each: a topic may be for several kinds of objects.
            yield from (Notification(topic=topic, source=source, data=(item,)) for item in data)
        else:
            yield from _topics(children(element), (*parents, _prefixed(element)), depth + 1)


def _prefixed(element: Any) -> str:
    """A topic's name as it stands in paths."""
    name = name_of(element)
    if element.prefix is None or not element.tag.startswith("{"):
        return name
    space = element.tag[1:].partition("}")[0]
    return f"{_STANDARD if space == _TOPICS_NAMESPACE else element.prefix}:{name}"


def _described(element: Any) -> Items:
    if element is None:
        return ()
    found = islice(element.iterfind(".//{*}SimpleItemDescription"), MAX_ITEMS)
    return tuple((_short(item.get("Name")), "true") for item in found)
