"""Where a camera's ONVIF service is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_SSL

from ..const import CONF_ONVIF_PATH
from ..onvif.values import DEVICE_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..onvif.values import Found

HTTP_PORT, HTTPS_PORT = 80, 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a camera's ONVIF service is."""

    host: str
    port: int = HTTP_PORT
    path: str = DEVICE_PATH
    secure: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """From a host, host:port or URL. Raises ValueError."""
        text = text.strip()
        parts = urlsplit(text if "//" in text else f"//{text}")
        if not parts.hostname or any(letter.isspace() for letter in parts.hostname):
            raise ValueError(text)
        secure = parts.scheme == "https"
        return cls(
            host=parts.hostname,
            port=parts.port or (HTTPS_PORT if secure else HTTP_PORT),
            path=parts.path if len(parts.path) > 1 else DEVICE_PATH,
            secure=secure,
        )

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
        return f"{'https' if self.secure else 'http'}://{self._bracketed}"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def data(self) -> dict[str, Any]:
        """The address as an entry's data."""
        return {
            CONF_HOST: self.host,
            CONF_PORT: self.port,
            CONF_ONVIF_PATH: self.path,
            CONF_SSL: self.secure,
        }

    def __str__(self) -> str:
        """The address as a user would enter it."""
        usual = HTTPS_PORT if self.secure else HTTP_PORT
        port = f":{self.port}" if self.port != usual else ""
        path = self.path if self.path != DEVICE_PATH else ""
        return f"{'https://' if self.secure else ''}{self._bracketed}{port}{path}"
