"""The cameras that the first step offers: those that were found, and those of `onvif`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.helpers.device_registry import format_mac

from ..onvif.values import Credentials, Found
from ..runtime.address import Address
from ..runtime.search import entry_of
from ..runtime.text import plain
from ..runtime.typed import TypedError, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

ONVIF_DOMAIN = "onvif"
# Names of products, which no language translates.
MARK = "Home Assistant ONVIF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """A camera of Home Assistant's `onvif` integration, at the address that is stored there.

    Its login goes to that address only. `found`: the camera, if it seems to have answered a search,
    which proves nothing.
    """

    name: str
    stored: Found
    credentials: Credentials
    found: Found | None = None

    @property
    def address(self) -> Address:
        """Where the login belongs."""
        return Address.of_found(self.stored)

    @property
    def without_login(self) -> Found:
        """What may be asked with another login."""
        return self.found or self.stored


type Offer = Found | Lent


def async_offers(hass: HomeAssistant, cameras: Iterable[Found]) -> dict[str, Offer]:
    """The cameras that are not set up yet, by the value of their choice."""
    offers: dict[str, Offer] = {}
    left = {camera.xaddr: camera for camera in cameras if entry_of(hass, camera) is None}
    entries = hass.config_entries.async_entries(ONVIF_DOMAIN, include_ignore=False)
    for entry in entries:
        stored = _stored(entry)
        if stored is None or entry_of(hass, stored) is not None:
            continue
        same = [camera for camera in left.values() if _is_same(camera, stored)]
        for camera in same:
            del left[camera.xaddr]
        offers[f"{ONVIF_DOMAIN}:{entry.entry_id}"] = Lent(
            name=plain(entry.title.removesuffix(f" - {entry.unique_id}")),
            stored=stored,
            credentials=Credentials(
                username=entry.data.get(CONF_USERNAME) or "",
                password=entry.data.get(CONF_PASSWORD) or "",
            ),
            found=same[0] if same else None,
        )
    return {**left, **offers}


def label(offer: Offer) -> str:
    """An offer in the list."""
    if isinstance(offer, Found):
        return _joined(offer.name, offer.model, _place(offer))
    model = offer.found.model if offer.found else ""
    return _joined(offer.name, model, _place(offer.stored), MARK)


def name_of(found: Found) -> str:
    """What a camera is called until its name is known."""
    return plain(found.name or found.model or found.host)


def _place(found: Found) -> str:
    return f"{found.host}:{found.port}"


def _joined(*parts: str) -> str:
    return " · ".join(dict.fromkeys(plain(part) for part in parts if part))


def _stored(entry: ConfigEntry[Any]) -> Found | None:
    """The camera of an entry of `onvif`; None if its data are not those of a camera."""
    try:
        # Whoever wants TLS enters https:// as a part of the host there.
        typed, _ = read(str(entry.data.get(CONF_HOST, "")))
        port = int(entry.data[CONF_PORT])
    except (KeyError, TypeError, TypedError, ValueError):
        return None
    # A MAC, or a serial number that is no MAC of another camera.
    mac = format_mac(entry.unique_id) if entry.unique_id else None
    return Found(host=typed.host, port=port, secure=typed.scheme == "https", mac=mac)


def _is_same(found: Found, stored: Found) -> bool:
    """Whether a camera that was found seems to be that of an entry."""
    if found.mac and found.mac == stored.mac:
        return True
    if found.host != stored.host:
        return False
    # One host may have many cameras, at a port each.
    return found.port == stored.port or not (found.mac and stored.mac)
