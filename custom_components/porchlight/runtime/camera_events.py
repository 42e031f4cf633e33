"""What one device reports by itself; nothing of Porchlight's own depends on it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback

from ..const import CONF_CERTIFICATE, CONF_EVENTS, CONF_REFUSED
from ..onvif.errors import AuthenticationError
from ..onvif.values import EventKind
from ..worker.event_messages import CameraEvent, ListenTo, Subscribed, Unsubscribed
from .address import Address
from .entries import parent_of
from .inspection import credentials_of
from .streams import Chosen, profiles_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    from .listener import EventNews, Listener

_LOGGER = logging.getLogger(__name__)


class DeviceEvents:
    """Subscribed to as long as one entity of them is enabled. Used from the event loop only.

    A device has one subscription for all of its lenses: some allow no second one.
    """

    def __init__(self, entry: ConfigEntry[Any], listener: Listener) -> None:
        self._entry = entry
        self._listener = listener
        self._listeners: list[CALLBACK_TYPE] = []
        self._wanted = 0
        self._pulses: list[Callable[[EventKind, str], None]] = []
        # By the token of the lens and by source.
        self._states: dict[EventKind, dict[tuple[str, str], bool | None]] = {}
        self._problem: str | None = None
        # Counts addresses and logins, so that it is clear which one failed, or was refused.
        self._attempt = 0
        self._refused: int | None = None
        self._last: ListenTo | None = None
        self._ended = False
        self.subscribed = False

    @property
    def problem(self) -> str | None:
        """Why nothing arrives: the key of an ONVIF error; None if all is well or nobody listens."""
        return self._problem

    def states(self, kind: EventKind) -> Iterator[tuple[str, str, bool | None]]:
        """The known states of a kind: the token of the lens, the source, and the state."""
        for (lens, source), on in self._states.get(kind, {}).items():
            yield lens, source, on

    @callback
    def async_listen(self, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call `changed` when a state changes; returns what ends that. Does not subscribe."""
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    @callback
    def async_listen_pulses(self, happened: Callable[[EventKind, str], None]) -> CALLBACK_TYPE:
        """Call `happened` when a doorbell rings, and so on; returns what ends that.

        It gets the kind and the token of the lens.
        """
        self._pulses.append(happened)
        return lambda: self._pulses.remove(happened)

    @callback
    def async_want(self) -> CALLBACK_TYPE:
        """Subscribe until all who want that have called what this returns."""
        self._wanted += 1
        self.async_update()

        @callback
        def unwant() -> None:
            self._wanted -= 1
            self.async_update()

        return unwant

    @callback
    def async_update(self) -> None:
        """Subscribe or unsubscribe, as it is wanted, with the entry's present address and login."""
        target, refused = self._target(), bool(self._entry.data.get(CONF_REFUSED))
        if target != (self._last or target):
            self._attempt += 1
            target = self._target()
        self._last = target
        refused |= self._refused == self._attempt
        if self._wanted and not (self._ended or refused):
            self._listener.async_listen(target, self._hear)
            return
        self._listener.async_leave(target.camera_id, goodbye=not refused)
        self._forget()

    @callback
    def async_end(self) -> None:
        """Unsubscribe for good: the camera is no longer watched."""
        self._ended = True
        self.async_update()

    def _hear(self, news: EventNews) -> None:
        match news:
            case Subscribed():
                self._forget()
                self.subscribed = True
                self._note(None)
            case Unsubscribed(problem=problem):
                self._forget()
                self._note(problem)
                if problem == AuthenticationError.key and news.attempt == self._attempt:
                    # Another login may be tried, but not this one again.
                    self._refused = self._attempt
                    self._listener.async_leave(news.camera_id, goodbye=False)
            case CameraEvent(kind=EventKind.LINE | EventKind.DOORBELL):
                for happened in tuple(self._pulses):
                    happened(news.kind, news.lens)
                return
            case CameraEvent():
                self._states.setdefault(news.kind, {})[news.lens, news.source] = news.on
        self._changed()

    def _note(self, problem: str | None) -> None:
        """Log the subscription's end once, and its return."""
        if problem and not self._problem:
            _LOGGER.warning("No events from %s: %s", self._entry.title, problem)
        elif self._problem and not problem:
            _LOGGER.info("Events from %s arrive again", self._entry.title)
        self._problem = problem

    def _forget(self) -> None:
        self.subscribed = False
        self._states.clear()

    def _changed(self) -> None:
        for changed in tuple(self._listeners):
            changed()

    def _target(self) -> ListenTo:
        data = self._entry.data
        address = Address.of(data)
        return ListenTo(
            camera_id=self._entry.entry_id,
            host=address.host,
            port=address.port,
            path=address.path,
            credentials=credentials_of(self._entry),
            secure=address.secure,
            certificate=data.get(CONF_CERTIFICATE),
            attempt=self._attempt,
        )


class LensEvents:
    """The part of a device's events that one lens has."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], device: DeviceEvents) -> None:
        self._hass = hass
        self._entry = entry
        self._device = device
        self._mine: frozenset[str] = frozenset()
        self._others: frozenset[str] = frozenset()
        self.async_configure()

    @property
    def offered(self) -> tuple[EventKind, ...]:
        """What the device offers; everything if that is not known."""
        known = self._entry.data.get(CONF_EVENTS)
        return tuple(
            kind
            for kind in EventKind
            if (known is None or kind in known) and (self._is_first or kind is not EventKind.INPUT)
        )

    @property
    def subscribed(self) -> bool:
        """Whether the device's events arrive."""
        return self._device.subscribed

    @property
    def problem(self) -> str | None:
        """Why nothing arrives: the key of an ONVIF error; None if all is well or nobody listens."""
        return self._device.problem

    @property
    def inputs(self) -> dict[str, bool | None]:
        """The inputs that are known, by their token: they are the first lens's."""
        if not self._is_first:
            return {}
        return {source: on for _, source, on in self._device.states(EventKind.INPUT)}

    def is_on(self, kind: EventKind) -> bool | None:
        """Whether the lens reports this anywhere; None if that is not known."""
        states = self._device.states(kind)
        known = [on for lens, _, on in states if on is not None and self._is_mine(lens)]
        return any(known) if known else None

    @callback
    def async_configure(self) -> None:
        """Use the lens's present tokens."""
        profiles = profiles_of(self._entry.data)
        view = Chosen.of({}, self._entry.data).view or ()
        self._mine = frozenset(view) - {""}
        known = frozenset(token for one in profiles for token in one.shows)
        self._others = known - self._mine - {""}

    @callback
    def async_listen(self, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call `changed` when a state changes; returns what ends that. Does not subscribe."""
        return self._device.async_listen(changed)

    @callback
    def async_listen_pulses(self, happened: Callable[[EventKind], None]) -> CALLBACK_TYPE:
        """Call `happened` when a doorbell rings, and so on; returns what ends that."""

        @callback
        def mine(kind: EventKind, lens: str) -> None:
            if self._is_mine(lens):
                happened(kind)

        return self._device.async_listen_pulses(mine)

    @callback
    def async_want(self) -> CALLBACK_TYPE:
        """Subscribe until all who want that have called what this returns."""
        return self._device.async_want()

    @property
    def _is_first(self) -> bool:
        return parent_of(self._hass, self._entry) is self._entry

    def _is_mine(self, lens: str) -> bool:
        """Whether an event is this lens's; the first has all that are nobody else's, too."""
        return lens in self._mine or (self._is_first and lens not in self._others)
