"""Small files that survive a restart; damaged ones are set aside."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from mashumaro.codecs.basic import BasicDecoder, BasicEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant

_LOGGER = logging.getLogger(__name__)

# What reading a file raises if it is damaged, or has another version or structure.
_UNUSABLE = (
    HomeAssistantError,
    NotImplementedError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)


class Stored[T]:
    """A value in a file below `.storage`; `kind` is what mashumaro reads and writes."""

    def __init__(
        self, hass: HomeAssistant, key: str, kind: type[T], default: Callable[[], T]
    ) -> None:
        self._hass = hass
        self._store: Store[Any] = Store(hass, 1, key, atomic_writes=True)
        self._decoder = BasicDecoder(kind)
        self._encoder = BasicEncoder(kind)
        self._default = default
        self._due: float | None = None
        self._writable = True

    async def async_load(self) -> T:
        """The value saved last; the default if there is none, or none that is valid."""
        try:
            stored = await self._store.async_load()
            return self._default() if stored is None else self._decoder.decode(stored)
        except _UNUSABLE as error:
            if isinstance(error.__cause__, OSError):
                # The file may be valid, so it must not be replaced.
                self._writable = False
                _LOGGER.warning("%s cannot be read: %s", self._store.key, error)
            else:
                # A damaged file must not stop a camera.
                _LOGGER.warning("%s is not valid and was set aside: %s", self._store.key, error)
                await self._hass.async_add_executor_job(_set_aside, Path(self._store.path))
            return self._default()

    @callback
    def async_save_soon(self, value: Callable[[], T], delay: float) -> None:
        """Save the result of `value` within `delay` seconds; later calls do not postpone it."""
        due = self._hass.loop.time() + delay
        if not self._writable or (self._due is not None and self._due <= due):
            return
        self._due = due

        @callback
        def write() -> Any:
            self._due = None
            return self._encoder.encode(value())

        self._store.async_delay_save(write, delay)

    async def async_remove(self) -> None:
        """Delete the file; later writes are ignored."""
        self._writable = False
        # Waits for a running write, which would create the file again.
        await self._store.async_save(None)
        await self._store.async_remove()


def _set_aside(path: Path) -> None:
    stamp = dt_util.utcnow().strftime("%Y%m%dT%H%M%S")
    with suppress(OSError):
        path.replace(path.with_name(f"{path.name}.invalid.{stamp}"))
