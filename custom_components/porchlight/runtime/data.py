"""What hangs on Home Assistant's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

if TYPE_CHECKING:
    from .coordinator import CameraCoordinator
    from .owner import Owner

type PorchlightConfigEntry = ConfigEntry[CameraCoordinator]

DATA_OWNER: HassKey[Owner] = HassKey(DOMAIN)
