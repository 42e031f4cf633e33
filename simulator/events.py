"""ONVIF's event service: pull points that report motion in step with the footage, and more."""

import asyncio
import dataclasses
import itertools
import re
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from simulator.addresses import Addresses
from simulator.clock import Clock
from simulator.condition import Condition
from simulator.service import Operation, Service
from simulator.soap import (
    EVENTS,
    NOTIFICATION,
    SoapFault,
    SoapRequest,
    boolean,
    escape,
    text_of,
    timestamp,
)
from simulator.topics import TOPICS, Items, topic_of

_ACTION = "http://www.onvif.org/ver10/events/wsdl"
_WSN_ACTION = "http://docs.oasis-open.org/wsn/bw-2"
_DEFAULT_LIFE = timedelta(seconds=60)
_LONGEST_LIFE = timedelta(hours=1)
_LONGEST_POLL = timedelta(seconds=60)
# The header by which a camera with one address for all subscriptions knows them.
_NUMBER = "SubscriptionId"
_MAX_QUEUE = 100
_MAX_MESSAGES = 100
_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class _Subscription:
    number: int
    born: float
    ends: datetime
    queue: deque[str] = dataclasses.field(default_factory=lambda: deque(maxlen=_MAX_QUEUE))
    arrived: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    killed: bool = False

    def put(self, message: str) -> None:
        self.queue.append(message)
        self.arrived.set()

    def take(self, limit: int) -> list[str]:
        count = min(limit, len(self.queue))
        taken = [self.queue.popleft() for _ in range(count)]
        if not self.queue:
            self.arrived.clear()
        return taken


class EventService(Service):
    """Keeps one camera's subscriptions and answers for them."""

    namespace = EVENTS
    prefix = "tev"

    def __init__(
        self,
        condition: Condition,
        addresses: Addresses,
        clock: Clock,
        in_motion: Callable[[], bool],
        offered: Sequence[str],
    ) -> None:
        self._condition = condition
        self._addresses = addresses
        self._clock = clock
        self._in_motion = in_motion
        self._offered = tuple(topic_of(kind) for kind in offered)
        self._numbers = itertools.count(1)
        self._subscriptions: dict[int, _Subscription] = {}
        # What was last reported, and is repeated to new subscribers.
        self._states: dict[tuple[str, Items], str] = {}
        self._released = asyncio.Event()
        # Subscriptions grow old by the clock of the footage, which a test may move.
        self._started = datetime.now(UTC) - timedelta(seconds=clock.monotonic())
        self.requests: Counter[str] = Counter()

    @property
    def subscriptions(self) -> int:
        """How many are alive."""
        self._expire()
        return len(self._subscriptions)

    def operations(self) -> dict[str, Operation]:
        """Return its operations, at the service and at subscriptions."""
        portal, point = f"{_ACTION}/EventPortType", f"{_ACTION}/PullPointSubscription"
        manager = f"{_WSN_ACTION}/SubscriptionManager"
        return {
            "GetServiceCapabilities": Operation(
                self._capabilities,
                open=True,
                action=f"{portal}/GetServiceCapabilitiesResponse",
            ),
            "GetEventProperties": Operation(
                self._properties, action=f"{portal}/GetEventPropertiesResponse"
            ),
            "CreatePullPointSubscription": Operation(
                self._create, action=f"{portal}/CreatePullPointSubscriptionResponse"
            ),
            "PullMessages": Operation(self._pull, action=f"{point}/PullMessagesResponse"),
            "SetSynchronizationPoint": Operation(
                self._synchronise, action=f"{point}/SetSynchronizationPointResponse"
            ),
            "Renew": Operation(self._renew, prefix="wsnt", action=f"{manager}/RenewResponse"),
            "Unsubscribe": Operation(
                self._unsubscribe,
                prefix="wsnt",
                action=f"{manager}/UnsubscribeResponse",
            ),
        }

    def publish(self, kind: str, value: str, source: str = "", operation: str = "Changed") -> None:
        """Notify every subscriber of a state or an event; raises CommandError."""
        topic = topic_of(kind)
        items = topic.source(source)
        if topic.is_property:
            self._states[kind, items] = value
        if operation == "Deleted":
            self._states.pop((kind, items), None)
        if self._condition.events_muted:
            return
        self._expire()
        moment = timestamp(self._now())
        message = topic.message(items, value, operation=operation, moment=moment)
        for subscription in self._subscriptions.values():
            subscription.put(message)

    def release(self) -> None:
        """Answer the pulls that hang."""
        self._released.set()
        self._released = asyncio.Event()

    def kill_all(self) -> int:
        """Drop every subscription without notice, as a reboot does; return how many."""
        count = self.subscriptions
        for number in tuple(self._subscriptions):
            self._remove(number)
        self.release()
        return count

    def _capabilities(self, _: SoapRequest) -> str:
        return (
            '<tev:Capabilities WSSubscriptionPolicySupport="false"'
            ' WSPausableSubscriptionManagerInterfaceSupport="false"'
            f' MaxNotificationProducers="0" MaxPullPoints="{self._condition.event_faults.most}"'
            ' PersistentNotificationStorage="false"/>'
        )

    def _properties(self, _: SoapRequest) -> str:
        dialects = "http://www.onvif.org/ver10/tev"
        return (
            "<tev:TopicNamespaceLocation>"
            "http://www.onvif.org/onvif/ver10/topics/topicns.xml"
            "</tev:TopicNamespaceLocation>"
            "<wsnt:FixedTopicSet>true</wsnt:FixedTopicSet><wstop:TopicSet>"
            f"{''.join(topic.description() for topic in self._offered)}"
            "</wstop:TopicSet><wsnt:TopicExpressionDialect>"
            f"{dialects}/topicExpression/ConcreteSet</wsnt:TopicExpressionDialect>"
            "<tev:MessageContentFilterDialect>"
            f"{dialects}/messageContentFilter/ItemFilter"
            "</tev:MessageContentFilterDialect><tev:MessageContentSchemaLocation>"
            "http://www.onvif.org/onvif/ver10/schema/onvif.xsd"
            "</tev:MessageContentSchemaLocation>"
        )

    def _create(self, request: SoapRequest) -> str:
        self.requests["create"] += 1
        faults = self._condition.event_faults
        self._expire()
        if len(self._subscriptions) >= faults.most:
            raise SoapFault(
                "ter:Action ter:MaxNumberOfPullPoints",
                "No more subscriptions",
                code="Receiver",
            )
        subscription = _Subscription(
            number=next(self._numbers),
            born=self._clock.monotonic(),
            ends=self._termination(request.text("InitialTerminationTime")),
        )
        self._subscriptions[subscription.number] = subscription
        self._repeat(subscription)
        address = escape(self._addresses.subscription(subscription.number))
        parameters = ""
        if faults.one_address:
            address = self._addresses.service("events")
            parameters = (
                f'<wsa:ReferenceParameters><sim:{_NUMBER} xmlns:sim="urn:simulator">'
                f"{subscription.number}</sim:{_NUMBER}></wsa:ReferenceParameters>"
            )
        return (
            f"<tev:SubscriptionReference><wsa:Address>{address}</wsa:Address>{parameters}"
            f"</tev:SubscriptionReference>{self._times(subscription, 'wsnt')}"
        )

    async def _pull(self, request: SoapRequest) -> str:
        self.requests["pull"] += 1
        subscription = self._named(request)
        timeout = _duration(request.text("Timeout")) or timedelta(0)
        limit = int(request.text("MessageLimit") or _MAX_MESSAGES)
        pulls = self._condition.event_faults.pulls
        try:
            async with asyncio.timeout(min(timeout, _LONGEST_POLL).total_seconds()):
                if pulls != "hasty":
                    await subscription.arrived.wait()
        except TimeoutError:
            pass
        if subscription.killed:
            raise _unknown()
        if pulls == "hang":
            await self._released.wait()
        messages = "".join(subscription.take(max(1, min(limit, _MAX_MESSAGES))))
        return f"{self._times(subscription, 'tev')}{messages}"

    def _synchronise(self, request: SoapRequest) -> str:
        self.requests["synchronise"] += 1
        self._repeat(self._named(request))
        return ""

    def _renew(self, request: SoapRequest) -> str:
        self.requests["renew"] += 1
        subscription = self._named(request)
        if self._condition.event_faults.refuse_renew:
            raise SoapFault("ter:ActionNotSupported", "Renew is not supported", code="Receiver")
        subscription.ends = self._termination(request.text("TerminationTime"))
        return self._times(subscription, "wsnt")

    def _unsubscribe(self, request: SoapRequest) -> str:
        self.requests["unsubscribe"] += 1
        self._remove(self._named(request).number)
        return ""

    def _repeat(self, subscription: _Subscription) -> None:
        """Send a subscriber the present states."""
        if self._condition.events_muted:
            return
        motion = TOPICS["motion"]
        moving = boolean(value=self._in_motion())
        states = {("motion", motion.source("")): moving} if motion in self._offered else {}
        moment = timestamp(self._now())
        for (kind, items), value in (self._states | states).items():
            subscription.put(
                TOPICS[kind].message(items, value, operation="Initialized", moment=moment)
            )

    def _termination(self, text: str) -> datetime:
        """Return when a subscription ends, given what a client wrote."""
        faults = self._condition.event_faults
        if faults.refuse_durations and _duration(text) is not None:
            raise SoapFault("ter:InvalidArgVal wsnt:UnacceptableTerminationTimeFault", "No date")
        now = self._now()
        ends = _termination(text, now)
        return ends if faults.grant is None else min(ends, now + timedelta(seconds=faults.grant))

    def _times(self, subscription: _Subscription, prefix: str) -> str:
        now = self._now()
        current, ends = timestamp(now), timestamp(subscription.ends)
        if self._condition.event_faults.relative_times:
            current, ends = "PT0S", f"PT{(subscription.ends - now).total_seconds():.0f}S"
        return (
            f"<{prefix}:CurrentTime>{current}</{prefix}:CurrentTime>"
            f"<{prefix}:TerminationTime>{ends}</{prefix}:TerminationTime>"
        )

    def _named(self, request: SoapRequest) -> _Subscription:
        self._expire()
        number = text_of(request.header, _NUMBER) or request.path.rpartition("/")[2]
        found = self._subscriptions.get(int(number)) if number.isdecimal() else None
        if found is None:
            raise _unknown()
        return found

    def _now(self) -> datetime:
        """Return the time by the camera's own clock."""
        seconds = self._clock.monotonic() + self._condition.clock_offset
        return self._started + timedelta(seconds=seconds)

    def _expire(self) -> None:
        now = self._now()
        life = self._condition.event_faults.life
        for one in tuple(self._subscriptions.values()):
            age = self._clock.monotonic() - one.born
            if one.ends < now or (life is not None and age > life):
                self._remove(one.number)

    def _remove(self, number: int) -> None:
        subscription = self._subscriptions.pop(number)
        subscription.killed = True
        subscription.arrived.set()


def answers(namespace: str) -> bool:
    """Return whether a namespace is one of the event service's."""
    return namespace in (EVENTS, NOTIFICATION)


def _unknown() -> SoapFault:
    return SoapFault("ter:InvalidArgVal ter:ResourceUnknown", "No such subscription")


def _termination(text: str, now: datetime) -> datetime:
    """Return when a subscription ends, given a duration or an absolute time."""
    life = _duration(text)
    if life is None and text:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise SoapFault("ter:InvalidArgVal", "Not a time") from error
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        life = moment - now
    if life is None:
        life = _DEFAULT_LIFE
    if life <= timedelta(0):
        raise SoapFault("ter:InvalidArgVal wsnt:UnacceptableTerminationTimeFault", "In the past")
    return now + min(life, _LONGEST_LIFE)


def _duration(text: str) -> timedelta | None:
    match = _DURATION.fullmatch(text)
    if not match:
        return None
    return timedelta(**{unit: float(value) for unit, value in match.groupdict("0").items()})
