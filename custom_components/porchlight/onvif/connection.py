"""A connection to one camera: its clock, its services, and a login that was proven."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .addresses import Reached, unbracketed
from .calls import DEVICE, EVENTS, MEDIA, MEDIA2, PTZ, Calls
from .errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    CertificateError,
    NotOnvifError,
    OnvifError,
)
from .values import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from .values import Credentials

# A camera's clock that differs by so much from what it was has been set meanwhile.
_CLOCK_WAS_SET = timedelta(seconds=5)


@dataclass(slots=True, kw_only=True)
class Connection:
    """One camera's calls, and what is known about it so far."""

    calls: Calls
    reached: Reached
    problems: set[Problem] = field(default_factory=set)
    # The camera's time minus ours.
    offset: timedelta = field(default_factory=timedelta)

    async def signed[A](self, work: Callable[[], Awaitable[A]]) -> A:
        """Do it; if the credentials seem wrong, read the time and do it once more."""
        await self.read_clock()
        try:
            return await work()
        except AuthenticationError:
            # Cameras count failed logins: signed the same way it would only fail again.
            if not await self.clock_was_set():
                raise
            self.problems.clear()
            return await work()

    async def clock_was_set(self) -> bool:
        """Whether the camera's clock is no longer what it was; signs with its time from now on."""
        before = self.offset
        await self.read_clock()
        return abs(self.offset - before) >= _CLOCK_WAS_SET

    async def read_clock(self) -> None:
        """Use the camera's time for signing; a camera without a usable time is tolerated."""
        asked = datetime.now(UTC)
        try:
            answer = await self.calls(DEVICE, "GetSystemDateAndTime", signed=False)
        except AuthenticationError:
            moment = self.calls.moment(DEVICE)
        except (CameraFaultError, NotOnvifError):
            moment = None
        else:
            moment = camera_time(answer)
        now = asked + (datetime.now(UTC) - asked) / 2
        if moment is None:
            self.problems.add(Problem.CLOCK)
            return
        self.offset = moment - now
        await self.calls.set_clock_offset(self.offset)

    async def device_information(self) -> dict[str, str]:
        """Maker, model, firmware and serial number; empty where the camera gives none."""
        try:
            answer = await self.calls(DEVICE, "GetDeviceInformation")
        except CameraFaultError:
            self.problems.add(Problem.DEVICE_INFORMATION)
            answer = None
        names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber")
        return {name: str(getattr(answer, name, None) or "").strip() for name in names}

    async def find_services(self) -> None:
        """Read the services' addresses; GetCapabilities replaces a failing GetServices."""
        announced: dict[str, str] = {}
        services = await self.optional(
            Problem.SERVICES, "GetServices", {"IncludeCapability": False}
        )
        for service in items(services):
            namespace, xaddr = getattr(service, "Namespace", None), getattr(service, "XAddr", None)
            if namespace and xaddr:
                announced[namespace] = xaddr
        if not announced.keys() & {MEDIA.namespace, MEDIA2.namespace}:
            announced |= await self._capabilities()
        if announced:
            self.problems.discard(Problem.SERVICES)
        device = announced.pop(DEVICE.namespace, None)
        self.reached = replace(self.reached, ports_kept=not self.reached.translates_ports(device))
        for namespace, xaddr in announced.items():
            if address := self.reached.service(xaddr):
                self.calls.xaddrs[namespace] = address
        if not announced:
            # Firmware without either call serves everything at one address.
            self.calls.xaddrs.setdefault(MEDIA.namespace, self.calls.xaddrs[DEVICE.namespace])

    async def _capabilities(self) -> dict[str, str]:
        answer = await self.optional(Problem.SERVICES, "GetCapabilities", {"Category": "All"})
        categories = {
            "Device": DEVICE.namespace,
            "Media": MEDIA.namespace,
            "Events": EVENTS.namespace,
            "PTZ": PTZ.namespace,
        }
        found = {}
        for category, namespace in categories.items():
            if xaddr := getattr(getattr(answer, category, None), "XAddr", None):
                found[namespace] = xaddr
        return found

    async def optional(
        self, problem: Problem, operation: str, params: Mapping[str, Any] | None = None
    ) -> Any:
        """The device service's answer; None if the call fails, even with a refusal."""
        try:
            return await self.calls(DEVICE, operation, params)
        except OnvifError:
            self.problems.add(problem)
            return None


@asynccontextmanager
async def connect(
    host: str,
    port: int,
    credentials: Credentials,
    *,
    path: str,
    secure: bool,
    certificate: str | None,
    seconds: float,
    fresh: bool = False,
) -> AsyncIterator[Connection]:
    """Yields a connection; nothing is asked yet. `seconds` is the longest that a call may take.

    `fresh`: each call has a TCP connection of its own.

    Raises CannotConnectError if the host name can't be resolved, and CertificateError if a
    certificate is known, but the address has no TLS.
    """
    if certificate and not secure:
        raise CertificateError("The camera had TLS before")
    reached = await _resolve(Reached(host=unbracketed(host), port=port, secure=secure))
    calls = Calls(
        reached.device(path), credentials, seconds=seconds, certificate=certificate, fresh=fresh
    )
    async with calls:
        yield Connection(calls=calls, reached=reached)


async def _resolve(reached: Reached) -> Reached:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(reached.host, reached.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CannotConnectError("The host name can't be resolved") from None
    return replace(reached, aliases=frozenset(str(info[4][0]) for info in infos))


def camera_time(answer: Any) -> datetime | None:
    """The UTC time in a camera's answer; None if it is missing or invalid."""
    moment = getattr(answer, "UTCDateTime", None)
    date: Any = getattr(moment, "Date", None)
    time: Any = getattr(moment, "Time", None)
    try:
        # Some clocks run to 24 o'clock or to the 60th second.
        day = datetime(date.Year, date.Month, date.Day, tzinfo=UTC)
        return day + timedelta(hours=time.Hour, minutes=time.Minute, seconds=time.Second)
    except (AttributeError, OverflowError, TypeError, ValueError):
        return None


def items(answer: Any) -> list[Any]:
    """The entries of an answer that should be a list; firmware may send anything."""
    return answer if isinstance(answer, list) else []
