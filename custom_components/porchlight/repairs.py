"""Fix flows of repair issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from homeassistant.components.repairs import ConfirmRepairFlow

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
    from homeassistant.core import HomeAssistant


class TryCameraAgain(ConfirmRepairFlow):
    """Asks before a paused camera is watched again."""

    def __init__(self, entry_id: str) -> None:
        super().__init__()
        self._entry_id = entry_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Reload the camera's entry when the user agrees."""
        if user_input is not None:
            self.hass.config_entries.async_schedule_reload(self._entry_id)
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant calls it so
    issue_id: str,  # noqa: ARG001 - Home Assistant calls it so
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Create the flow that fixes an issue."""
    return TryCameraAgain(str((data or {}).get("entry_id")))
