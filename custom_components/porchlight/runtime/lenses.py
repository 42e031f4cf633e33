"""The further lenses of a device that is set up: a recorder's channels, or a camera's second lens.

Each is offered like a camera that was found, and gets an entry of its own. Address and login are
the device's: they are kept in the entry of the first lens and copied to the others.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntryChange,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
)
from homeassistant.core import callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import (
    CONF_CERTIFICATE,
    CONF_ENDPOINT,
    CONF_EVENTS,
    CONF_FIRMWARE,
    CONF_MAC,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_ONVIF_PATH,
    CONF_PAUSED,
    CONF_REFUSED,
    CONF_SERIAL,
    DOMAIN,
)
from ..onvif.errors import AuthenticationError
from ..onvif.profiles import has_video
from ..onvif.values import Profile
from . import ask
from .entries import children_of, parent_of
from .inspection import credentials_of
from .search import LENS_KEY, async_offer, free_offers
from .streams import Chosen, profiles_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..onvif.values import Credentials

# What an entry's data say about the device, and not about one of its lenses.
_DEVICE_KEYS = (
    CONF_HOST,
    CONF_PORT,
    CONF_SSL,
    CONF_ONVIF_PATH,
    CONF_USERNAME,
    CONF_PASSWORD,
    CONF_MAC,
    CONF_ENDPOINT,
    CONF_SERIAL,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_FIRMWARE,
    CONF_CERTIFICATE,
    CONF_REFUSED,
    CONF_EVENTS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A lens, or one of several views of it; `number` counts from 1."""

    parent: str
    number: int
    profile: Profile

    def unique_id(self, parent: ConfigEntry[Any]) -> str:
        """What identifies it; the device's id comes first."""
        return prefix_of(parent) + "/".join(quote(token, safe="") for token in self.profile.shows)


def prefix_of(parent: ConfigEntry[Any]) -> str:
    """How the ids of a device's further lenses begin."""
    return f"{parent.unique_id}/"


def lenses_of(entry: ConfigEntry[Any]) -> list[Lens]:
    """All lenses of the device with this entry, in its own order."""
    first: dict[tuple[str, str], Profile] = {}
    for profile in profiles_of(entry.data):
        if profile.uri and has_video(profile):
            first.setdefault(profile.shows, profile)
    return [
        Lens(parent=entry.entry_id, number=number, profile=profile)
        for number, profile in enumerate(first.values(), 1)
    ]


def further_lenses(hass: HomeAssistant, entry: ConfigEntry[Any]) -> list[Lens]:
    """The lenses of a device that are not set up."""
    used = {Chosen.of({}, one.data).view for one in (entry, *children_of(hass, entry))}
    return [lens for lens in lenses_of(entry) if lens.profile.shows not in used]


@callback
def async_offer_lenses(hass: HomeAssistant, devices: Iterable[ConfigEntry[Any]]) -> None:
    """Offer the further lenses of those of these devices that are in use."""
    free = free_offers(hass, lenses=True)
    # Also those that the user ignores: others come after them.
    known = {entry.unique_id for entry in hass.config_entries.async_entries(DOMAIN)}
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    known.update(flow["context"].get("unique_id") for flow in flows)
    for entry in devices:
        if entry.disabled_by:
            continue
        lenses = further_lenses(hass, entry)
        for lens in [one for one in lenses if one.unique_id(entry) not in known][:free]:
            free -= 1
            async_offer(hass, f"{LENS_KEY}{lens.unique_id(entry)}", {"lens": lens})


@callback
def async_update_from_parent(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Copy the device's data to the entry of a further lens; returns whether they changed."""
    parent = parent_of(hass, entry)
    own = {key: value for key, value in entry.data.items() if key not in _DEVICE_KEYS}
    device = {key: value for key, value in parent.data.items() if key in _DEVICE_KEYS}
    return parent is not entry and hass.config_entries.async_update_entry(
        entry, data={**own, **device}
    )


@callback
def async_keep_alike(hass: HomeAssistant) -> None:
    """Follow every change of a device's address or login in the entries of its further lenses."""

    @callback
    def changed(change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain != DOMAIN or change is not ConfigEntryChange.UPDATED:
            return
        for child in children_of(hass, entry):
            if async_update_from_parent(hass, child) and child.state.recoverable:
                hass.config_entries.async_schedule_reload(child.entry_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)


@asynccontextmanager
async def async_asking(parent: ConfigEntry[Any], credentials: Credentials) -> AsyncIterator[None]:
    """While a device is asked with its login for a further lens: a wrong one is sent once.

    Raises ErrandError if it is known to be wrong.
    """
    if parent.state is not ConfigEntryState.LOADED:
        yield
        return
    login = parent.runtime_data.device.login
    async with login.turn:
        if login.useless or login.refused:
            raise ask.ErrandError(AuthenticationError.key)
        try:
            yield
        except ask.ErrandError as error:
            # The user may have entered another login meanwhile.
            if error.key == AuthenticationError.key and credentials == credentials_of(parent):
                login.async_wrong()
            raise


@callback
def async_pause_children(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Disable a device's further lenses with the first one, and end the offers of others."""
    for child in children_of(hass, entry):
        if child.disabled_by is None:
            hass.config_entries.async_update_entry(child, data={**child.data, CONF_PAUSED: True})
            _set_disabled(hass, child, ConfigEntryDisabler.USER)
    _end_offers(hass, entry)


@callback
def async_resume_children(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Enable the further lenses that were disabled with the first one."""
    for child in children_of(hass, entry):
        if child.data.get(CONF_PAUSED):
            data = {key: value for key, value in child.data.items() if key != CONF_PAUSED}
            hass.config_entries.async_update_entry(child, data=data)
            _set_disabled(hass, child, None)


@callback
def remove_children(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove a device's further lenses with the first one, and the offers of others."""
    for child in children_of(hass, entry):
        hass.async_create_task(
            hass.config_entries.async_remove(child.entry_id), f"{DOMAIN} remove lens"
        )
    _end_offers(hass, entry)


def _end_offers(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        if str(flow["context"].get("unique_id")).startswith(prefix_of(entry)):
            hass.config_entries.flow.async_abort(flow["flow_id"])


def _set_disabled(
    hass: HomeAssistant, child: ConfigEntry[Any], disabled_by: ConfigEntryDisabler | None
) -> None:
    hass.async_create_task(
        hass.config_entries.async_set_disabled_by(child.entry_id, disabled_by),
        f"{DOMAIN} disable lens",
    )
