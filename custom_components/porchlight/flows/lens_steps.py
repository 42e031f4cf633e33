"""The step of the config flow that offers a further lens of a device."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigFlow

from ..const import CONF_REFUSED
from ..onvif.errors import AuthenticationError
from ..runtime.text import plain
from .proof import describe

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry, ConfigFlowResult

    from ..runtime.lenses import Lens


class LensSteps(ConfigFlow):
    """Adds a further lens with the address and the login of its device."""

    def __init__(self) -> None:
        self._lens: Lens | None = None
        self._name = ""
        # What was wrong in the step before.
        self._error: str | None = None

    async def offer_lens(self, lens: Lens) -> ConfigFlowResult:
        """Offer a further lens of a device that is set up."""
        self._lens = lens
        if (parent := self._parent) is None:
            return self.async_abort(reason="not_ours")
        await self.async_set_unique_id(lens.unique_id(parent))
        self._name = f"{plain(parent.title)} {lens.number}"
        self._abort_if_unique_id_configured(description_placeholders={"name": self._name})
        self.context["title_placeholders"] = {"name": self._name}
        return await self.async_step_lens()

    async def async_step_lens(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether a further lens of a device is wanted."""
        parent, lens = self._parent, self._lens
        if parent is None or lens is None:
            return self.async_abort(reason="not_ours")
        errors: dict[str, str] = {}
        if self._error:
            errors["base"], self._error = self._error, None
        refused = user_input is not None and parent.data.get(CONF_REFUSED)
        if refused or errors.get("base") == AuthenticationError.key:
            # It can't be entered here.
            errors["base"] = "parent_login"
        elif user_input is not None and not errors:
            self._take_parent(parent, lens)
            return await self.async_step_prove()
        return self.async_show_form(
            step_id="lens",
            errors=errors,
            description_placeholders={
                "name": plain(parent.title),
                "lens": plain(lens.profile.name),
                "stream": describe(lens.profile),
            },
        )

    @property
    def _parent(self) -> ConfigEntry | None:
        """The entry of the device that a further lens is of."""
        lens = self._lens
        return self.hass.config_entries.async_get_entry(lens.parent) if lens else None

    @abstractmethod
    def _take_parent(self, parent: ConfigEntry, lens: Lens) -> None:
        """Use a device's address, login and protection for a further lens of it."""

    @abstractmethod
    async def async_step_prove(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Query the camera, and decode a frame."""
