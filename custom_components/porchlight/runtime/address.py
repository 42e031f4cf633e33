"""Where a camera's ONVIF service is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL

from ..const import CONF_ONVIF_PATH
from ..onvif.values import DEVICE_PATH, HTTP_PORT, HTTPS_PORT, bracketed
from .typed import TLS_PORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..onvif.values import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a camera's ONVIF service is."""

    host: str
    port: int = HTTP_PORT
    path: str = DEVICE_PATH
    secure: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From an entry's data."""
        return cls(
            host=data[CONF_HOST],
            port=data[CONF_PORT],
            path=data[CONF_ONVIF_PATH],
            secure=data[CONF_SSL],
        )

    @classmethod
    def of_found(cls, found: Found) -> Self:
        """From an answer to a search."""
        return cls(host=found.host, port=found.port, path=found.path, secure=found.secure)

    @property
    def page(self) -> str | None:
        """The camera's own pages; None where a browser can't go."""
        if "%" in self.host:
            return None
        return f"{'https' if self.secure else 'http'}://{bracketed(self.host)}"

    @property
    def data(self) -> dict[str, Any]:
        """The address as an entry's data."""
        return {
            CONF_HOST: self.host,
            CONF_PORT: self.port,
            CONF_ONVIF_PATH: self.path,
            CONF_SSL: self.secure,
        }

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{bracketed(self.host)}:{self.port}"

    def __str__(self) -> str:
        """The address as a user would enter it."""
        usual = HTTPS_PORT if self.secure else HTTP_PORT
        port = f":{self.port}" if self.port != usual else ""
        path = self.path if self.path != DEVICE_PATH else ""
        scheme = "https://" if self.secure else "http://" if self.port in TLS_PORTS else ""
        return f"{scheme}{bracketed(self.host)}{port}{path}"
