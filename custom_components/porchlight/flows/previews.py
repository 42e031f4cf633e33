"""Pictures that config and options flows show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web
from homeassistant.components.http import HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

_URL = "/api/porchlight/preview/{flow_id}"
DATA_PREVIEWS: HassKey[Previews] = HassKey(f"{DOMAIN}.previews")
_VALID_FOR = timedelta(minutes=30)


class Previews(dict[str, bytes]):
    """The JPEG of each flow that shows one."""

    def sign(self, hass: HomeAssistant, flow_id: str, picture: bytes) -> str:
        """Keep a flow's picture; returns its signed address."""
        self[flow_id] = picture
        return async_sign_path(hass, _URL.format(flow_id=flow_id), _VALID_FOR)


def async_previews(hass: HomeAssistant) -> Previews:
    """The flows' pictures; created on demand, because a flow may run before any setup."""
    if DATA_PREVIEWS not in hass.data:
        previews = hass.data[DATA_PREVIEWS] = Previews()
        hass.http.register_view(PreviewView(previews))
    return hass.data[DATA_PREVIEWS]


class PreviewView(HomeAssistantView):
    """Serves a flow's picture while the flow lasts."""

    url = _URL
    name = "api:porchlight:preview"
    requires_auth = True

    def __init__(self, previews: Previews) -> None:
        self._previews = previews

    async def get(self, _request: web.Request, flow_id: str) -> web.Response:
        """The picture of one flow."""
        if (picture := self._previews.get(flow_id)) is None:
            raise web.HTTPNotFound
        return web.Response(
            body=picture, content_type="image/jpeg", headers={"Cache-Control": "no-store"}
        )
