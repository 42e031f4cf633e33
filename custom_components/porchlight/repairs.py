"""Fix flows of repair issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.const import CONF_HOST
from homeassistant.core import callback

from .const import CONF_REFUSED, CONF_STREAM
from .flows.previews import async_previews
from .runtime import ask
from .runtime.address import Address
from .runtime.identity import is_same
from .runtime.inspection import async_inspect
from .runtime.issues import ISSUE_CAMERA, ISSUE_MOVED
from .runtime.streams import STREAM_KEYS, source_of, with_link, with_streams
from .runtime.text import plain

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

type IssueData = dict[str, str | int | float | None]


class TryCameraAgain(ConfirmRepairFlow):
    """Asks before a paused camera is watched again."""

    def __init__(self, entry: ConfigEntry, _data: IssueData) -> None:
        super().__init__()
        self._entry_id = entry.entry_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Reload the camera's entry when the user agrees."""
        if user_input is not None:
            self.hass.config_entries.async_schedule_reload(self._entry_id)
        return await super().async_step_confirm(user_input)


class UseNewAddress(RepairsFlow):
    """Asks before a camera's login is used at another address, and shows the picture from there."""

    def __init__(self, entry: ConfigEntry, data: IssueData) -> None:
        super().__init__()
        self._entry = entry
        self._address = Address.of(data)
        self._data: dict[str, Any] = {}
        self._words = {
            "name": plain(entry.title),
            "before": plain(entry.data[CONF_HOST]),
            "host": plain(self._address.host),
        }

    @callback
    @override
    def async_remove(self) -> None:
        """Drop the picture that the flow showed."""
        async_previews(self.hass).pop(self.flow_id, None)

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask whether the camera is expected there."""
        if user_input is not None:
            return await self._async_look()
        return self._form("confirm")

    async def async_step_picture(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Use the address when the user has recognized the picture."""
        if user_input is None:
            return self._form("picture")
        # The login may have changed while the picture was shown; at the new address it was right.
        data = {**self._entry.data, **self._data}
        data.pop(CONF_REFUSED, None)
        self.hass.config_entries.async_update_entry(self._entry, data=data)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    async def _async_look(self) -> RepairsFlowResult:
        """Log in there, and show the picture if it is the same camera."""
        try:
            report = await async_inspect(self._entry, self._address)
        except ask.ErrandError as error:
            reasons = {"invalid_auth": "invalid_auth", "certificate": "another_camera"}
            return self._abort(reasons.get(error.key, "cannot_connect"))
        if not is_same(self._entry.data, report):
            return self._abort("another_camera")
        # Ports may be others there, too.
        there = with_streams(self._entry.data, report)
        source = source_of(self._entry, there[CONF_STREAM], self._address.host)
        try:
            frame = await ask.first_frame(source)
        except ask.ErrandError as error:
            return self._abort("no_picture", detail=plain(error.detail or error.key))
        there = with_link(there, frame.link)
        moved = {key: there[key] for key in STREAM_KEYS}
        self._data = {**self._address.data, **moved}
        preview = async_previews(self.hass).sign(self.hass, self.flow_id, frame.jpeg)
        self._words["preview"] = preview
        return self._form("picture")

    def _form(self, step: str) -> RepairsFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=probatio.Schema({}), description_placeholders=self._words
        )

    def _abort(self, reason: str, **words: str) -> RepairsFlowResult:
        return self.async_abort(reason=reason, description_placeholders={**self._words, **words})


FIX_FLOWS = {ISSUE_CAMERA: TryCameraAgain, ISSUE_MOVED: UseNewAddress}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: IssueData | None
) -> RepairsFlow:
    """Create the flow that fixes an issue."""
    data = data or {}
    entry = hass.config_entries.async_get_entry(str(data.get("entry_id")))
    if entry is None:
        # The camera was removed meanwhile.
        return ConfirmRepairFlow()
    return FIX_FLOWS[issue_id.removesuffix(f"_{entry.entry_id}")](entry, data)
