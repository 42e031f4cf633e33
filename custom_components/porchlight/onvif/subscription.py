"""One pull-point subscription at one camera, with what cameras get wrong about it."""

from __future__ import annotations

import asyncio
import copy
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from lxml import etree

from .answers import children, text_of
from .calls import EVENTS, PULL_POINT, SUBSCRIPTION
from .errors import CameraFaultError, NotOnvifError, OnvifError
from .notifications import MAX_MESSAGES, notifications_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .connection import Connection
    from .notifications import Notification

_DURATION = re.compile(
    r"P(?:(?P<days>\d{1,6})D)?(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
# The share of the granted time after which it is renewed, and that one pull may take.
_RENEW_AFTER, _PULL_SHARE = 0.5, 0.75
# A camera that grants less than this share of what it was asked for may have misread a duration.
_MISREAD = 0.5
# A shorter time than this share of what was asked for is no time at all.
_NOTHING = 0.05
# How cameras say that they do not do something.
_REFUSALS = (CameraFaultError, NotOnvifError)
_MAX_PARAMETERS = 8
_MAX_PARAMETER = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Seconds.

    A subscription is asked for `life` at a time, so that one that is forgotten does not block the
    camera for long. A pull waits `poll` for messages, and its answer may come `grace` later; other
    answers may take `call`, and those to a goodbye `goodbye`.
    """

    life: float = 180.0
    poll: float = 60.0
    grace: float = 15.0
    call: float = 10.0
    goodbye: float = 1.0


class PullPoint:
    """A subscription: opened, pulled, renewed and closed, one after the other."""

    def __init__(self, connection: Connection, waits: Waits, clock: Callable[[], float]) -> None:
        """`clock` returns seconds that never go backwards."""
        self._connection = connection
        self._calls = connection.calls
        self._waits = waits
        self._clock = clock
        self._open = False
        self._absolute = False
        self._renewable = True
        self._granted = self._ends = 0.0
        self._parameters: list[Any] = []

    @property
    def due(self) -> bool:
        """Whether it is time to renew it."""
        return self._renewable and self._rest <= self._granted * _RENEW_AFTER

    @property
    def spent(self) -> bool:
        """Whether another subscription must take its place: the camera does not renew this one."""
        return not self._renewable and self._rest <= self._granted * (1 - _PULL_SHARE)

    @property
    def _rest(self) -> float:
        return self._ends - self._clock()

    async def open(self) -> None:
        """Subscribe. Raises OnvifError."""
        creating = asyncio.ensure_future(self._create())
        try:
            await asyncio.shield(creating)
        except asyncio.CancelledError:
            # The camera may just have made it; only its answer says how to end it.
            with suppress(OnvifError, TimeoutError):
                await asyncio.wait_for(creating, self._waits.goodbye)
            raise
        if self._granted < self._waits.life * _MISREAD and not self._absolute:
            self._absolute = True
            await self.renew()

    async def pull(self, most: float) -> list[Notification]:
        """The next messages; waits for some at most `most` seconds. Raises OnvifError."""
        wait = max(0.0, min(most, self._waits.poll, self._rest * _PULL_SHARE))
        # Firmware may know only whole seconds.
        wait = round(wait) if wait >= 1 else wait
        answer = await self._calls(
            PULL_POINT,
            "PullMessages",
            self._with_parameters(Timeout=f"PT{wait:g}S", MessageLimit=MAX_MESSAGES),
            seconds=wait + self._waits.grace,
        )
        if rest := self._rest_of(answer):
            self._ends = self._clock() + min(rest, self._waits.life)
        return notifications_of(answer)

    async def renew(self) -> None:
        """Ask for more time; a refusal is remembered. Raises OnvifError if the camera is gone."""
        try:
            answer = await self._calls(
                SUBSCRIPTION,
                "Renew",
                self._with_parameters(TerminationTime=self._termination()),
                seconds=self._waits.call,
            )
        except _REFUSALS:
            self._renewable = False
            return
        self._take_times(answer)

    async def synchronise(self) -> bool:
        """Ask for all states again; False if the camera does not know that. Raises OnvifError."""
        try:
            await self._calls(
                PULL_POINT,
                "SetSynchronizationPoint",
                self._with_parameters(),
                seconds=self._waits.call,
            )
        except _REFUSALS:
            return False
        return True

    async def close(self) -> None:
        """Unsubscribe, if the camera answers soon; never raises OnvifError."""
        if not self._open:
            return
        self._open = False
        with suppress(OnvifError):
            await self._calls(
                SUBSCRIPTION, "Unsubscribe", self._with_parameters(), seconds=self._waits.goodbye
            )

    def forget(self) -> None:
        """Leave it alone: the camera refuses the login that its end would need."""
        self._open = False

    async def _create(self) -> None:
        try:
            answer = await self._create_with(self._termination())
        except _REFUSALS:
            if self._absolute:
                raise
            # Some firmware knows only one of the two forms.
            self._absolute = True
            answer = await self._create_with(self._termination())
        reference = answer.find(".//{*}SubscriptionReference")
        # The address is the camera's own words: only its path and port count.
        address = self._connection.reached.service(text_of(reference, "Address"))
        for service in (PULL_POINT, SUBSCRIPTION):
            await self._calls.move(service, address or self._calls.xaddrs[EVENTS.key])
        self._parameters = _parameters(reference)
        self._open = self._renewable = True
        self._take_times(answer)

    async def _create_with(self, termination: str) -> Any:
        return await self._calls(
            EVENTS,
            "CreatePullPointSubscription",
            {"InitialTerminationTime": termination},
            seconds=self._waits.call,
        )

    def _with_parameters(self, **params: Any) -> dict[str, Any]:
        """The parameters of a call, with those headers that say which subscription is meant."""
        if not self._parameters:
            return params
        return params | {"_soapheaders": [copy.deepcopy(one) for one in self._parameters]}

    def _termination(self) -> str:
        life = self._waits.life
        if not self._absolute:
            return f"PT{life:g}S"
        ends = datetime.now(UTC) + self._connection.offset + timedelta(seconds=life)
        return ends.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _take_times(self, answer: Any) -> None:
        rest, life = self._rest_of(answer), self._waits.life
        # Without usable times, its end is noticed when it comes.
        self._granted = min(rest, life) if rest and rest > life * _NOTHING else life
        self._ends = self._clock() + self._granted

    def _rest_of(self, answer: Any) -> float | None:
        """The seconds that a subscription has left by an answer; None if it does not say."""
        ends = text_of(answer, "TerminationTime")
        if (duration := _duration(ends)) is not None:
            return duration or None
        end = _moment(ends)
        # By the camera's own clock, which may be wrong.
        now = _moment(text_of(answer, "CurrentTime"))
        if end is None:
            return None
        rest = (end - (now or datetime.now(UTC) + self._connection.offset)).total_seconds()
        return rest if rest > 0 else None


def _parameters(reference: Any) -> list[Any]:
    """What the camera wants to see in the header of each call for a subscription."""
    found = None if reference is None else reference.find("{*}ReferenceParameters")
    few = list(islice(children(found), _MAX_PARAMETERS))
    return few if sum(len(etree.tostring(one)) for one in few) <= _MAX_PARAMETER else []


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _duration(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    if not match or text in {"P", "PT"}:
        return None
    given = {unit: float(value) for unit, value in match.groupdict("0").items()}
    return timedelta(**given).total_seconds()
