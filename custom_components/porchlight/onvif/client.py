"""Reads everything that is needed about one camera, in one call."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from . import identity
from .addresses import Reached, unbracketed
from .calls import DEVICE, EVENTS_NAMESPACE, MEDIA, MEDIA2, Calls, load_descriptions
from .errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    NotOnvifError,
    OnvifError,
)
from .media import read_streams
from .profiles import choose
from .values import DEVICE_PATH, CameraReport, Credentials, Problem, Profile

# One call that hangs must leave time for the others.
_CALLS_PER_DEADLINE = 3
# A camera's clock that differs by so much from what it was has been set meanwhile.
_CLOCK_WAS_SET = timedelta(seconds=5)
_NAME_SCOPE = "onvif://www.onvif.org/name/"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the device service reports about the camera."""

    information: Mapping[str, str]
    scopes: tuple[str, ...]
    endpoint: str | None
    mac: str | None


@dataclass(slots=True, kw_only=True)
class _Inspection:
    """The state of one inspection of a camera."""

    calls: Calls
    reached: Reached
    endpoint: str | None
    problems: set[Problem] = field(default_factory=set)
    offset: timedelta = field(default_factory=timedelta)


async def inspect(
    host: str,
    port: int,
    credentials: Credentials,
    *,
    path: str = DEVICE_PATH,
    endpoint: str | None = None,
    secure: bool = False,
    certificate: str | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - a deadline is part of the request
) -> CameraReport:
    """Read a camera in at most `timeout` seconds; raises one of the OnvifError tree.

    `certificate` is the SHA-256 of the only one to accept; None accepts any.
    """
    await load_descriptions()
    try:
        async with asyncio.timeout(timeout):
            reached = await _resolve(Reached(host=unbracketed(host), port=port, secure=secure))
            seconds = timeout / _CALLS_PER_DEADLINE
            calls = Calls(
                reached.device(path), credentials, seconds=seconds, certificate=certificate
            )
            async with calls:
                run = _Inspection(calls=calls, reached=reached, endpoint=endpoint)
                return await _inspect_twice(run)
    except TimeoutError:
        raise CannotConnectError(f"The camera took longer than {timeout:g} s") from None


async def _resolve(reached: Reached) -> Reached:
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(reached.host, reached.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CannotConnectError("The host name can't be resolved") from None
    return replace(reached, aliases=frozenset(str(info[4][0]) for info in infos))


async def _inspect_twice(run: _Inspection) -> CameraReport:
    """Inspect; if the credentials seem wrong, read the time and inspect once more."""
    await _read_clock(run)
    before = run.offset
    try:
        return await _inspect(run)
    except AuthenticationError:
        run.problems.clear()
        await _read_clock(run)
        # Cameras count failed logins: signed the same way it would only fail again.
        if abs(run.offset - before) < _CLOCK_WAS_SET:
            raise
        return await _inspect(run)


async def _inspect(run: _Inspection) -> CameraReport:
    # One call proves the password before others are signed: cameras count failed logins and
    # lock the account.
    information = await _device_information(run)
    await _find_services(run)
    facts = await _facts(run, information)
    profiles = await read_streams(run.calls, run.reached, run.problems)
    return _report(run, facts, profiles)


async def _read_clock(run: _Inspection) -> None:
    """Use the camera's time for signing; a camera without a usable time is tolerated."""
    asked = datetime.now(UTC)
    try:
        answer = await run.calls(DEVICE, "GetSystemDateAndTime", signed=False)
    except AuthenticationError:
        moment = run.calls.moment(DEVICE)
    except (CameraFaultError, NotOnvifError):
        moment = None
    else:
        moment = camera_time(answer)
    now = asked + (datetime.now(UTC) - asked) / 2
    if moment is None:
        run.problems.add(Problem.CLOCK)
        return
    run.offset = moment - now
    await run.calls.set_clock_offset(run.offset)


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


async def _device_information(run: _Inspection) -> dict[str, str]:
    try:
        answer = await run.calls(DEVICE, "GetDeviceInformation")
    except CameraFaultError:
        run.problems.add(Problem.DEVICE_INFORMATION)
        answer = None
    names = ("Manufacturer", "Model", "FirmwareVersion", "SerialNumber")
    return {name: str(getattr(answer, name, None) or "").strip() for name in names}


async def _find_services(run: _Inspection) -> None:
    """Read the services' addresses; GetCapabilities replaces a failing GetServices."""
    announced: dict[str, str] = {}
    services = await _optional(run, Problem.SERVICES, "GetServices", {"IncludeCapability": False})
    for service in _items(services):
        namespace, xaddr = getattr(service, "Namespace", None), getattr(service, "XAddr", None)
        if namespace and xaddr:
            announced[namespace] = xaddr
    if not announced.keys() & {MEDIA.namespace, MEDIA2.namespace}:
        announced |= await _capabilities(run)
    if announced:
        run.problems.discard(Problem.SERVICES)
    device = announced.pop(DEVICE.namespace, None)
    run.reached = replace(run.reached, ports_kept=not run.reached.translates_ports(device))
    for namespace, xaddr in announced.items():
        if address := run.reached.service(xaddr):
            run.calls.xaddrs[namespace] = address
    if not announced:
        # Firmware without either call serves everything at one address.
        run.calls.xaddrs.setdefault(MEDIA.namespace, run.calls.xaddrs[DEVICE.namespace])


async def _capabilities(run: _Inspection) -> dict[str, str]:
    answer = await _optional(run, Problem.SERVICES, "GetCapabilities", {"Category": "All"})
    categories = {
        "Device": DEVICE.namespace,
        "Media": MEDIA.namespace,
        "Events": EVENTS_NAMESPACE,
    }
    found = {}
    for category, namespace in categories.items():
        if xaddr := getattr(getattr(answer, category, None), "XAddr", None):
            found[namespace] = xaddr
    return found


async def _facts(run: _Inspection, information: Mapping[str, str]) -> _Facts:
    interfaces = await _optional(run, Problem.NETWORK_INTERFACES, "GetNetworkInterfaces")
    scopes = tuple(
        str(item.ScopeItem).strip()
        for item in _items(await _optional(run, Problem.SCOPES, "GetScopes"))
        if getattr(item, "ScopeItem", None)
    )
    endpoint = run.endpoint
    if identity.normalise_endpoint(endpoint) is None:
        answer = await _optional(run, Problem.ENDPOINT, "GetEndpointReference")
        endpoint = getattr(answer, "GUID", answer)
    endpoint = identity.normalise_endpoint(endpoint if isinstance(endpoint, str) else None)
    hardware = [
        (
            bool(getattr(item, "Enabled", None)),
            str(getattr(getattr(item, "Info", None), "HwAddress", None) or ""),
        )
        for item in _items(interfaces)
    ]
    return _Facts(
        information=information,
        scopes=scopes,
        endpoint=endpoint,
        mac=identity.choose_mac(hardware, scopes, endpoint),
    )


async def _optional(
    run: _Inspection, problem: Problem, operation: str, params: Mapping[str, Any] | None = None
) -> Any:
    """The device service's answer; None if the call fails, even with a refusal."""
    try:
        return await run.calls(DEVICE, operation, params)
    except OnvifError:
        run.problems.add(problem)
        return None


def _items(answer: Any) -> list[Any]:
    """The entries of an answer that should be a list; firmware may send anything."""
    return answer if isinstance(answer, list) else []


def _report(run: _Inspection, facts: _Facts, profiles: list[Profile]) -> CameraReport:
    choice = choose(profiles)
    known = facts.information
    described = f"{known['Manufacturer']} {known['Model']}".strip()
    names = (
        unquote(scope.removeprefix(_NAME_SCOPE)).replace("_", " ").strip()
        for scope in facts.scopes
        if scope.startswith(_NAME_SCOPE)
    )
    host, port = run.reached.host, run.reached.port
    return CameraReport(
        name=next(filter(None, names), described) or host,
        manufacturer=known["Manufacturer"],
        model=known["Model"],
        firmware=known["FirmwareVersion"],
        serial=known["SerialNumber"],
        mac=facts.mac,
        endpoint=facts.endpoint,
        unique_id=identity.unique_id(mac=facts.mac, endpoint=facts.endpoint),
        host=host,
        port=port,
        clock_offset=run.offset.total_seconds(),
        profiles=tuple(profile for profile in profiles if profile.uri),
        analyse=choice.analyse,
        record=choice.record,
        has_events=EVENTS_NAMESPACE in run.calls.xaddrs,
        has_media2=run.calls.offers(MEDIA2),
        certificate=run.calls.certificate,
        problems=tuple(sorted(run.problems)),
    )
