"""What all lenses of one device share: its login, and its subscription to events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.core import callback

from .camera_events import DeviceEvents
from .login import LoginCheck

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from .listener import Listener


class Device:
    """A camera, or a recorder with several; outlives the reloads of its entries."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], listener: Listener) -> None:
        """`entry` is that of the first lens."""
        self.entry = entry
        self.events = DeviceEvents(entry, listener)
        self.login = LoginCheck(hass, entry, self.events.async_update)

    @callback
    def async_end(self) -> None:
        """Clean up when none of its lenses is watched any longer."""
        self.events.async_end()
        self.login.async_stop()
