"""Has one camera turn to its presets, and restart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from homeassistant.exceptions import HomeAssistantError
from mashumaro.codecs.basic import BasicDecoder

from ..const import CONF_PRESETS, DOMAIN
from ..onvif.errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    CertificateError,
    ForbiddenError,
)
from ..onvif.values import Preset
from . import ask
from .inspection import access_of
from .streams import in_view
from .text import plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    from ..onvif.values import Access
    from .login import LoginCheck

_PRESETS = BasicDecoder(list[Preset])


class Controls:
    """Asks for one thing at a time, so that a wrong password is one failed login."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        login: LoginCheck,
        changed: CALLBACK_TYPE,
    ) -> None:
        """`changed` is called when the camera was turned."""
        self._hass = hass
        self._entry = entry
        self._login = login
        self._changed = changed
        self._preset: Preset | None = None
        self._presets: dict[str, Preset] = {}
        # The data that they were read from.
        self._read: Mapping[str, Any] | None = None

    @property
    def presets(self) -> dict[str, Preset]:
        """The camera's presets by what they are called here: each has a name of its own."""
        # Read with each state that is written, so not decoded again each time.
        if self._read is not self._entry.data:
            self._read, self._presets = self._entry.data, presets_of(self._entry.data)
        return self._presets

    @property
    def preset(self) -> str | None:
        """The preset that the camera was last turned to; None if that is not known."""
        return next((name for name, one in self.presets.items() if one == self._preset), None)

    async def async_go_to(self, preset: Preset) -> None:
        """Turn the camera. Raises HomeAssistantError."""
        await self._async_do(partial(ask.go_to, preset=preset), preset)

    async def async_reboot(self) -> None:
        """Restart the camera. Raises HomeAssistantError."""
        await self._async_do(ask.reboot)

    async def _async_do(
        self, work: Callable[[Access], Awaitable[None]], leads_to: Preset | None = None
    ) -> None:
        async with self._login.turn:
            if self._login.blocks(self._entry.entry_id) or self._login.useless:
                raise self._failure(AuthenticationError.key)
            access = access_of(self._entry)
            # Where it points is not known if this fails, or after a restart.
            self._preset = None
            try:
                await work(access)
                self._preset = leads_to
            except ask.ErrandError as error:
                # The user may have entered another login meanwhile.
                if error.key == AuthenticationError.key and access == access_of(self._entry):
                    self._login.async_wrong()
                raise self._failure(error.key) from error
            finally:
                self._changed()

    def _failure(self, key: str) -> HomeAssistantError:
        name = plain(self._entry.title)
        match key:
            case AuthenticationError.key:
                return HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="login_refused",
                    translation_placeholders={"name": name},
                )
            case ForbiddenError.key:
                return HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="forbidden",
                    translation_placeholders={"name": name},
                )
            case CameraFaultError.key:
                return HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="camera_fault",
                    translation_placeholders={"name": name},
                )
            case CertificateError.key:
                return HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="certificate",
                    translation_placeholders={"name": name},
                )
            case CannotConnectError.key | "timeout":
                return HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="no_answer",
                    translation_placeholders={"name": name},
                )
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="not_done",
            translation_placeholders={"name": name, "reason": key},
        )


def presets_of(data: Mapping[str, Any]) -> dict[str, Preset]:
    """The presets of the view that is analyzed, by names that are shown and each used once."""
    tokens = {profile.token for profile in in_view(data)}
    named: dict[str, Preset] = {}
    for preset in _PRESETS.decode(data.get(CONF_PRESETS) or []):
        if preset.profile not in tokens:
            continue
        base = name = plain(preset.name) or plain(preset.token)
        number = 1
        while name in named:
            number += 1
            name = f"{base} ({number})"
        named[name] = preset
    return named
