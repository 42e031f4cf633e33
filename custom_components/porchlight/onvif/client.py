"""Reads everything that is needed about one camera, in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from . import identity
from .calls import EVENTS, MEDIA2, load_descriptions
from .connection import Connection, connect, items
from .controls import read_presets
from .errors import CannotConnectError, OnvifError
from .meanings import kinds_of
from .media import read_streams
from .notifications import topics_of
from .profiles import choose
from .values import (
    DEVICE_PATH,
    CameraReport,
    Credentials,
    EventKind,
    Preset,
    Problem,
    Profile,
)

# One call that hangs must leave time for the others.
_CALLS_PER_DEADLINE = 3
_NAME_SCOPE = "onvif://www.onvif.org/name/"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the device service reports about the camera."""

    information: Mapping[str, str]
    scopes: tuple[str, ...]
    endpoint: str | None
    mac: str | None


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
        async with (
            asyncio.timeout(timeout),
            connect(
                host,
                port,
                credentials,
                path=path,
                secure=secure,
                certificate=certificate,
                seconds=timeout / _CALLS_PER_DEADLINE,
            ) as run,
        ):
            return await run.signed(lambda: _inspect(run, endpoint))
    except TimeoutError:
        raise CannotConnectError(f"The camera took longer than {timeout:g} s") from None


async def _inspect(run: Connection, endpoint: str | None) -> CameraReport:
    # One call proves the password before others are signed: cameras count failed logins and
    # lock the account.
    information = await run.device_information()
    await run.find_services()
    facts = await _facts(run, information, endpoint)
    profiles = await read_streams(run.calls, run.reached, run.problems)
    # They may take long, and are needed least.
    events, presets = await _events(run), await read_presets(run, profiles)
    return _report(run, facts, profiles, events, presets)


async def _events(run: Connection) -> tuple[EventKind, ...] | None:
    """What the camera can report by itself; None if it does not say."""
    if not run.calls.offers(EVENTS):
        return ()
    try:
        topics = topics_of(await run.calls(EVENTS, "GetEventProperties"))
    except OnvifError:
        run.problems.add(Problem.EVENTS)
        return None
    return await kinds_of(topics) if topics else None


async def _facts(run: Connection, information: Mapping[str, str], endpoint: str | None) -> _Facts:
    interfaces = await run.optional(Problem.NETWORK_INTERFACES, "GetNetworkInterfaces")
    scopes = tuple(
        str(item.ScopeItem).strip()
        for item in items(await run.optional(Problem.SCOPES, "GetScopes"))
        if getattr(item, "ScopeItem", None)
    )
    if identity.normalise_endpoint(endpoint) is None:
        answer = await run.optional(Problem.ENDPOINT, "GetEndpointReference")
        endpoint = getattr(answer, "GUID", answer)
    endpoint = identity.normalise_endpoint(endpoint if isinstance(endpoint, str) else None)
    hardware = [
        (
            bool(getattr(item, "Enabled", None)),
            str(getattr(getattr(item, "Info", None), "HwAddress", None) or ""),
        )
        for item in items(interfaces)
    ]
    return _Facts(
        information=information,
        scopes=scopes,
        endpoint=endpoint,
        mac=identity.choose_mac(hardware, scopes, endpoint),
    )


def _report(
    run: Connection,
    facts: _Facts,
    profiles: list[Profile],
    events: tuple[EventKind, ...] | None,
    presets: tuple[Preset, ...] | None,
) -> CameraReport:
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
        has_events=run.calls.offers(EVENTS),
        has_media2=run.calls.offers(MEDIA2),
        certificate=run.calls.certificate,
        problems=tuple(sorted(run.problems)),
        events=events,
        presets=presets,
    )
