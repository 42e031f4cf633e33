"""The step of the options in which a camera's streams are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.config_entries import OptionsFlowWithReload
from homeassistant.helpers.selector import SelectSelectorMode
from homeassistant.helpers.translation import async_get_translations

from ..const import (
    CONF_ANALYSED,
    CONF_LIVE,
    CONF_REFUSED,
    CONF_TRANSPORT,
    DOMAIN,
)
from ..runtime import ask
from ..runtime.inspection import async_inspect
from ..runtime.streams import Chosen, async_open, profiles_of, source_of
from ..runtime.text import plain
from ..worker.errors import StreamProblem
from ..worker.messages import Transport
from .proof import describe
from .selects import select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeassistant.config_entries import ConfigFlowResult

    from ..onvif.values import Profile
    from ..runtime.streams import Opened
    from ..worker.messages import Source

BEST = "best"


class StreamSteps(OptionsFlowWithReload):
    """Shows a camera's streams, and saves the choice when they can be played."""

    async def async_step_streams(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the streams, and how they are sent."""
        entry = self.config_entry
        errors: dict[str, str] = {}
        reason = ""
        if entry.data.get(CONF_REFUSED):
            # Each use of it may lock the account.
            errors["base"] = "login_refused"
        elif user_input is not None:
            try:
                opened = await self._open(user_input)
            except ask.ErrandError as error:
                errors["base"] = "not_played"
                reason = await self._said(error.key)
            else:
                for key, problem in _not_played(opened, user_input).items():
                    errors[key] = "not_played"
                    reason = await self._said(problem)
                if not errors:
                    return self._save_streams(opened, user_input)
        profiles: Sequence[Profile] = profiles_of(entry.data)
        if not profiles and not errors:
            try:
                profiles = (await async_inspect(entry)).profiles
            except ask.ErrandError as error:
                errors["base"] = "not_asked"
                reason = await self._said(error.key)
        there = {profile.token for profile in profiles}
        suggested = {
            key: token if (token := entry.options.get(key)) in there else BEST
            for key in (CONF_ANALYSED, CONF_LIVE)
        }
        suggested[CONF_TRANSPORT] = entry.options.get(CONF_TRANSPORT, Transport.AUTO)
        return self.async_show_form(
            step_id="streams",
            data_schema=self.add_suggested_values_to_schema(
                self._streams_schema(profiles), user_input or suggested
            ),
            errors=errors,
            description_placeholders={"name": plain(entry.title), "reason": reason},
        )

    async def _open(self, wanted: dict[str, Any]) -> Opened:
        """Open the streams that were chosen. Raises ErrandError."""
        entry = self.config_entry

        def source(profile: Profile) -> Source:
            return replace(
                source_of(entry, profile.uri), transport=Transport(wanted[CONF_TRANSPORT])
            )

        chosen = Chosen.of(_options(wanted), entry.data)
        return await async_open(await async_inspect(entry), source, chosen)

    def _save_streams(self, opened: Opened, wanted: dict[str, Any]) -> ConfigFlowResult:
        entry = self.config_entry
        data = {**entry.data, **opened.wanted_data}
        self.hass.config_entries.async_update_entry(entry, data=data)
        kept = {key: value for key, value in entry.options.items() if key not in wanted}
        options = {**kept, **_options(wanted)}
        if options == entry.options:
            # Otherwise, the changed options have it loaded again.
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data=options)

    def _streams_schema(self, profiles: Sequence[Profile]) -> probatio.Schema:
        streams = select(
            (BEST,),
            translation_key="stream",
            mode=SelectSelectorMode.DROPDOWN,
            first=[
                (profile.token, f"{plain(profile.name)} · {describe(profile)}")
                for profile in profiles
                if profile.uri
            ],
        )
        transport = select(Transport, translation_key="transport", mode=SelectSelectorMode.DROPDOWN)
        return probatio.Schema(
            {
                probatio.Required(CONF_ANALYSED): streams,
                probatio.Required(CONF_LIVE): streams,
                probatio.Required(CONF_TRANSPORT): transport,
            }
        )

    async def _said(self, key: str) -> str:
        """The reason of a failure, as it is said when a camera is added."""
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "config", {DOMAIN})
        return texts.get(f"component.{DOMAIN}.config.error.{key}", key)


def _not_played(opened: Opened, wanted: dict[str, Any]) -> dict[str, str]:
    """The fields whose stream cannot be played, with the reason."""
    failed = {
        CONF_ANALYSED: (opened.analysed.token, opened.failed),
        CONF_LIVE: (opened.live.token, opened.live_failed),
    }
    return {
        key: problem or StreamProblem.NO_VIDEO
        for key, (token, problem) in failed.items()
        if wanted[key] not in (BEST, token)
    }


def _options(wanted: dict[str, Any]) -> dict[str, Any]:
    """What a choice adds to the options; nothing for what is chosen automatically."""
    return {key: value for key, value in wanted.items() if value not in (BEST, Transport.AUTO)}
