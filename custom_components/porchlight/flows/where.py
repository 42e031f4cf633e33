"""The address field of the config flow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..onvif.values import Credentials, Typed
from ..runtime import ask
from ..runtime.address import Address
from ..runtime.typed import read, without_login

if TYPE_CHECKING:
    from ..onvif.values import Found


@dataclass(slots=True)
class Where:
    """Where a camera is: its known address, or what was typed until the camera is found there.

    `shown` is what the field shows, never with a login. `encrypted`: the camera has TLS, which it
    keeps unless `http://` is typed.
    """

    address: Address | None = None
    shown: str = ""
    typed: Typed | None = None
    encrypted: bool = False

    @classmethod
    def of(cls, address: Address, *, encrypted: bool = False) -> Where:
        """A known address."""
        return cls(address=address, shown=str(address), encrypted=encrypted)

    @classmethod
    def of_found(cls, found: Found) -> Where:
        """Where a search found a camera."""
        return cls.of(Address.of_found(found))

    @property
    def place(self) -> str:
        """What was understood of what was typed; empty if it is known what is there."""
        return self.typed.place if self.typed else ""

    def read(self, text: str, credentials: Credentials) -> Credentials:
        """Take what was typed; returns the login, completed from there. Raises TypedError."""
        if self.address and not self.typed and text.strip() == self.shown:
            return credentials
        self.shown = without_login(text)
        typed, login = read(text)
        if self.encrypted and typed.scheme != "http":
            typed = replace(typed, secure=True)
        self.typed, self.shown = typed, str(typed)
        if credentials.username not in {"", login.username}:
            # The fields hold another account, so the password is not for it.
            return credentials
        return Credentials(username=login.username, password=credentials.password or login.password)

    async def find(self) -> Address:
        """The address of the ONVIF service; asks without a login if needed. Raises ErrandError."""
        if self.typed:
            self.address = Address.of_found(await ask.locate(self.typed))
            self.shown, self.typed = str(self.address), None
        return self.address or Address(host="")
