"""Whether two descriptions are of one camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.const import CONF_HOST, CONF_PORT

from ..const import CONF_ENDPOINT, CONF_MAC, CONF_MODEL, CONF_SERIAL
from ..onvif.identity import normalise_serial
from .entries import device_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..onvif.values import CameraReport


def is_same(data: Mapping[str, Any], report: CameraReport) -> bool:
    """Whether a report may be of the camera with this entry's data.

    The best identifier that both have decides: a login with fewer rights may not read all of them.
    """
    endpoints = (data[CONF_ENDPOINT], report.endpoint)
    serials = (normalise_serial(data[CONF_SERIAL]), normalise_serial(report.serial))
    alike = all(endpoints) and endpoints[0] == endpoints[1]
    if data[CONF_MAC] and report.mac:
        # A camera has another MAC on Wi-Fi than on a cable.
        both = alike and all(serials) and serials[0] == serials[1]
        return both or bool(data[CONF_MAC] == report.mac)
    if alike:
        return True
    if all(serials):
        # Some firmware makes up another endpoint at every start.
        return serials[0] == serials[1] and bool(data[CONF_MODEL] == report.model)
    return not all(endpoints)


def entry_of_report(hass: HomeAssistant, report: CameraReport) -> ConfigEntry[Any] | None:
    """The entry of the camera that a report is of, if it is set up."""
    for entry in device_entries(hass):
        data = entry.data
        if (
            (report.mac and report.mac == data[CONF_MAC])
            or (report.endpoint and report.endpoint == data[CONF_ENDPOINT])
            or (report.host, report.port) == (data[CONF_HOST], data[CONF_PORT])
        ) and is_same(data, report):
            return entry
    return None


def identifiers(report: CameraReport, known: Mapping[str, Any]) -> dict[str, Any]:
    """A camera's identifiers as entry data; what the report lacks stays `known`."""
    found = {
        CONF_MAC: report.mac,
        CONF_ENDPOINT: report.endpoint,
        CONF_SERIAL: report.serial,
    }
    return {key: value or known.get(key) or value for key, value in found.items()}
