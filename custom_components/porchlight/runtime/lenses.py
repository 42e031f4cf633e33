"""The further lenses of a device that is set up: a recorder's channels, or a camera's second lens.

Each is offered like a camera that was found, and gets an entry of its own. Address and login are
the device's: they are kept in the entry of the first lens and copied to the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_INTEGRATION_DISCOVERY,
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
from homeassistant.helpers import discovery_flow
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
from ..onvif.profiles import has_video
from ..onvif.values import Profile
from .entries import children_of, device_entries, parent_of
from .search import LENS_KEY, free_offers
from .streams import Chosen, profiles_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

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
        return "-".join((str(parent.unique_id), *self.profile.shows))


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
def async_offer_lenses(hass: HomeAssistant) -> None:
    """Offer the further lenses of all devices that are in use."""
    free = free_offers(hass, lenses=True)
    for entry in device_entries(hass):
        if entry.disabled_by:
            continue
        for lens in further_lenses(hass, entry)[:free]:
            free -= 1
            discovery_flow.async_create_flow(
                hass,
                DOMAIN,
                context={"source": SOURCE_INTEGRATION_DISCOVERY},
                data={"lens": lens},
                discovery_key=discovery_flow.DiscoveryKey(
                    domain=DOMAIN, key=f"{LENS_KEY}{lens.unique_id(entry)}", version=1
                ),
            )


def data_of_device(entry: ConfigEntry[Any]) -> dict[str, Any]:
    """What an entry's data say about its device."""
    return {key: entry.data[key] for key in _DEVICE_KEYS if key in entry.data}


@callback
def async_update_from_parent(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Copy the device's data to the entry of a further lens; returns whether they changed."""
    parent = parent_of(hass, entry)
    own = {key: value for key, value in entry.data.items() if key not in _DEVICE_KEYS}
    return parent is not entry and hass.config_entries.async_update_entry(
        entry, data={**own, **data_of_device(parent)}
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


@callback
def async_refused_to_lens(parent: ConfigEntry[Any]) -> None:
    """Record that a device refused its login while a further lens was added."""
    if parent.state is ConfigEntryState.LOADED:
        parent.runtime_data.device.login.async_wrong()


@callback
def async_pause_children(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Disable a device's further lenses with the first one."""
    for child in children_of(hass, entry):
        if child.disabled_by is None:
            hass.config_entries.async_update_entry(child, data={**child.data, CONF_PAUSED: True})
            _start(hass, child, ConfigEntryDisabler.USER)


@callback
def async_resume_children(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Enable the further lenses that were disabled with the first one."""
    for child in children_of(hass, entry):
        if child.data.get(CONF_PAUSED):
            data = {key: value for key, value in child.data.items() if key != CONF_PAUSED}
            hass.config_entries.async_update_entry(child, data=data)
            _start(hass, child, None)


@callback
def remove_children(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove a device's further lenses with the first one, and the offers of others."""
    for child in children_of(hass, entry):
        hass.async_create_task(
            hass.config_entries.async_remove(child.entry_id), f"{DOMAIN} remove lens"
        )
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        if str(flow["context"].get("unique_id")).startswith(f"{entry.unique_id}-"):
            hass.config_entries.flow.async_abort(flow["flow_id"])


def _start(
    hass: HomeAssistant, child: ConfigEntry[Any], disabled_by: ConfigEntryDisabler | None
) -> None:
    hass.async_create_task(
        hass.config_entries.async_set_disabled_by(child.entry_id, disabled_by),
        f"{DOMAIN} disable lens",
    )
