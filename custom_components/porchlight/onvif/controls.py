"""What a camera can be made to do: turn to a preset, and restart."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

from .answers import children, name_of, text_of
from .calls import DEVICE, PTZ, REBOOT, load_descriptions
from .connection import connect
from .errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    ForbiddenError,
    LostConnectionError,
    OnvifError,
)
from .values import Preset, Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from typing import Any

    from .connection import Connection
    from .values import Access, Profile

# Presets of one view that are taken: some cameras list 300 that nobody has set.
MOST_PRESETS = 64
# Characters of a name, and of a token, which must not be cut.
LONGEST_NAME, LONGEST_TOKEN = 64, 128
# Profiles that are asked for their presets; a recorder may have many.
MOST_ASKED = 16
# One call that hangs must leave time for the others.
_CALLS_PER_DEADLINE = 2


async def read_presets(run: Connection, profiles: Iterable[Profile]) -> tuple[Preset, ...] | None:
    """The presets of each view; none without a PTZ service, None if the camera gives no answer."""
    if not run.calls.offers(PTZ):
        return ()
    found: dict[tuple[str, str], list[Preset]] = {}
    for profile in islice((one for one in profiles if one.uri), MOST_ASKED):
        if profile.shows in found:
            continue
        try:
            answer = await run.calls(PTZ, "GetPresets", {"ProfileToken": profile.token})
        except CameraFaultError:
            # Another profile of the view may turn with the camera.
            continue
        except OnvifError:
            break
        found[profile.shows] = list(_presets(answer, profile.token))
    if not found:
        run.problems.add(Problem.PRESETS)
        return None
    return tuple(preset for presets in found.values() for preset in presets)


def _presets(answer: Any, profile: str) -> Iterator[Preset]:
    """The presets in an answer, each token once."""
    seen: set[str] = set()
    for element in children(answer):
        token = str(element.get("token") or "")
        known = token in seen or name_of(element) != "Preset"
        if known or not 0 < len(token) <= LONGEST_TOKEN:
            continue
        if len(seen) == MOST_PRESETS:
            return
        seen.add(token)
        yield Preset(profile=profile, token=token, name=text_of(element, "Name")[:LONGEST_NAME])


async def go_to(access: Access, preset: Preset, *, seconds: float = 20.0) -> None:
    """Have a camera turn to a preset; does not wait until it is there. Raises OnvifError."""

    async def turn(run: Connection) -> None:
        await run.find_services()
        if not run.calls.offers(PTZ):
            raise CameraFaultError("The camera has no PTZ service any more")
        place = {"ProfileToken": preset.profile, "PresetToken": preset.token}
        await run.calls(PTZ, "GotoPreset", place)

    await load_descriptions((DEVICE, PTZ))
    await _do(access, turn, seconds)


async def reboot(access: Access, *, seconds: float = 20.0) -> None:
    """Have a camera restart. Raises OnvifError."""

    async def restart(run: Connection) -> None:
        await run.calls.move(REBOOT, run.calls.xaddrs[DEVICE.key])
        try:
            await run.calls(REBOOT, "SystemReboot")
        except LostConnectionError:
            # It answered a moment before, so this is the restart.
            return

    await load_descriptions((DEVICE, REBOOT))
    await _do(access, restart, seconds)


async def _do(
    access: Access, work: Callable[[Connection], Awaitable[None]], seconds: float
) -> None:
    """Prove the login with a call that every user may make, and then do it, once."""
    try:
        async with (
            asyncio.timeout(seconds),
            connect(
                access.host,
                access.port,
                access.credentials,
                path=access.path,
                secure=access.secure,
                certificate=access.certificate,
                seconds=seconds / _CALLS_PER_DEADLINE,
                fresh=True,
            ) as run,
        ):
            await run.signed(run.device_information)
            try:
                await work(run)
            except AuthenticationError:
                raise ForbiddenError("The login's user may not do that") from None
    except TimeoutError:
        raise CannotConnectError(f"The camera took longer than {seconds:g} s") from None
