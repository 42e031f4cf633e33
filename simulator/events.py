"""ONVIF's event service: pull points that report motion in step with the footage."""

import asyncio
import dataclasses
import itertools
import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulator.addresses import Addresses
from simulator.condition import Condition
from simulator.profiles import ANALYTICS, SOURCE_CONFIGURATION
from simulator.service import Operation, Service
from simulator.soap import (
    EVENTS,
    NOTIFICATION,
    SoapFault,
    SoapRequest,
    boolean,
    timestamp,
)

TOPIC = "tns1:RuleEngine/CellMotionDetector/Motion"

_ACTION = "http://www.onvif.org/ver10/events/wsdl"
_WSN_ACTION = "http://docs.oasis-open.org/wsn/bw-2"
_DEFAULT_LIFE = timedelta(seconds=60)
_LONGEST_LIFE = timedelta(hours=1)
_LONGEST_POLL = timedelta(seconds=60)
_MAX_SUBSCRIPTIONS = 10
_MAX_QUEUE = 100
_MAX_MESSAGES = 100
_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class _Subscription:
    number: int
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
        in_motion: Callable[[], bool],
    ) -> None:
        self._condition = condition
        self._addresses = addresses
        self._in_motion = in_motion
        self._numbers = itertools.count(1)
        self._subscriptions: dict[int, _Subscription] = {}

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

    def publish(self, *, moving: bool, operation: str = "Changed") -> None:
        """Notify every subscriber that motion began or ended."""
        if self._condition.events_muted:
            return
        self._expire()
        for subscription in self._subscriptions.values():
            self._notify(subscription, moving=moving, operation=operation)

    def kill_all(self) -> int:
        """Drop every subscription without notice, as a reboot does; return how many."""
        count = self.subscriptions
        for number in tuple(self._subscriptions):
            self._remove(number)
        return count

    def _capabilities(self, _: SoapRequest) -> str:
        return (
            '<tev:Capabilities WSSubscriptionPolicySupport="false"'
            ' WSPausableSubscriptionManagerInterfaceSupport="false"'
            f' MaxNotificationProducers="0" MaxPullPoints="{_MAX_SUBSCRIPTIONS}"'
            ' PersistentNotificationStorage="false"/>'
        )

    def _properties(self, _: SoapRequest) -> str:
        items = "".join(
            f'<tt:SimpleItemDescription Name="{name}" Type="{kind}"/>'
            for name, kind in (
                ("VideoSourceConfigurationToken", "tt:ReferenceToken"),
                ("VideoAnalyticsConfigurationToken", "tt:ReferenceToken"),
                ("Rule", "xs:string"),
            )
        )
        dialects = "http://www.onvif.org/ver10/tev"
        return (
            "<tev:TopicNamespaceLocation>"
            "http://www.onvif.org/onvif/ver10/topics/topicns.xml"
            "</tev:TopicNamespaceLocation>"
            "<wsnt:FixedTopicSet>true</wsnt:FixedTopicSet><wstop:TopicSet>"
            '<tns1:RuleEngine><CellMotionDetector><Motion wstop:topic="true">'
            f'<tt:MessageDescription IsProperty="true"><tt:Source>{items}</tt:Source>'
            '<tt:Data><tt:SimpleItemDescription Name="IsMotion" Type="xs:boolean"/>'
            "</tt:Data></tt:MessageDescription></Motion></CellMotionDetector>"
            "</tns1:RuleEngine></wstop:TopicSet><wsnt:TopicExpressionDialect>"
            f"{dialects}/topicExpression/ConcreteSet</wsnt:TopicExpressionDialect>"
            "<tev:MessageContentFilterDialect>"
            f"{dialects}/messageContentFilter/ItemFilter"
            "</tev:MessageContentFilterDialect><tev:MessageContentSchemaLocation>"
            "http://www.onvif.org/onvif/ver10/schema/onvif.xsd"
            "</tev:MessageContentSchemaLocation>"
        )

    def _create(self, request: SoapRequest) -> str:
        self._expire()
        if len(self._subscriptions) >= _MAX_SUBSCRIPTIONS:
            raise SoapFault(
                "ter:Action ter:MaxNumberOfPullPoints",
                "No more subscriptions",
                code="Receiver",
            )
        now = self._condition.device_time()
        subscription = _Subscription(
            number=next(self._numbers),
            ends=_termination(request.text("InitialTerminationTime"), now),
        )
        self._subscriptions[subscription.number] = subscription
        if not self._condition.events_muted:
            self._notify(subscription, moving=self._in_motion(), operation="Initialized")
        address = self._addresses.subscription(subscription.number)
        return (
            f"<tev:SubscriptionReference><wsa:Address>{address}</wsa:Address>"
            "</tev:SubscriptionReference>"
            f"<wsnt:CurrentTime>{timestamp(now)}</wsnt:CurrentTime>"
            f"<wsnt:TerminationTime>{timestamp(subscription.ends)}</wsnt:TerminationTime>"
        )

    async def _pull(self, request: SoapRequest) -> str:
        subscription = self._named(request)
        timeout = _duration(request.text("Timeout")) or timedelta(0)
        limit = int(request.text("MessageLimit") or _MAX_MESSAGES)
        try:
            async with asyncio.timeout(min(timeout, _LONGEST_POLL).total_seconds()):
                await subscription.arrived.wait()
        except TimeoutError:
            pass
        if subscription.killed:
            raise _unknown()
        messages = "".join(subscription.take(max(1, min(limit, _MAX_MESSAGES))))
        now = self._condition.device_time()
        return (
            f"<tev:CurrentTime>{timestamp(now)}</tev:CurrentTime>"
            f"<tev:TerminationTime>{timestamp(subscription.ends)}</tev:TerminationTime>"
            f"{messages}"
        )

    def _synchronise(self, request: SoapRequest) -> str:
        subscription = self._named(request)
        if not self._condition.events_muted:
            self._notify(subscription, moving=self._in_motion(), operation="Initialized")
        return ""

    def _renew(self, request: SoapRequest) -> str:
        subscription = self._named(request)
        now = self._condition.device_time()
        subscription.ends = _termination(request.text("TerminationTime"), now)
        return (
            f"<wsnt:TerminationTime>{timestamp(subscription.ends)}</wsnt:TerminationTime>"
            f"<wsnt:CurrentTime>{timestamp(now)}</wsnt:CurrentTime>"
        )

    def _unsubscribe(self, request: SoapRequest) -> str:
        self._remove(self._named(request).number)
        return ""

    def _notify(self, subscription: _Subscription, *, moving: bool, operation: str) -> None:
        moment = timestamp(self._condition.device_time())
        subscription.put(
            "<wsnt:NotificationMessage>"
            '<wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/'
            f'ConcreteSet">{TOPIC}</wsnt:Topic><wsnt:Message>'
            f'<tt:Message UtcTime="{moment}" PropertyOperation="{operation}"><tt:Source>'
            '<tt:SimpleItem Name="VideoSourceConfigurationToken"'
            f' Value="{SOURCE_CONFIGURATION}"/>'
            '<tt:SimpleItem Name="VideoAnalyticsConfigurationToken"'
            f' Value="{ANALYTICS}"/>'
            '<tt:SimpleItem Name="Rule" Value="MyMotionDetectorRule"/></tt:Source>'
            f'<tt:Data><tt:SimpleItem Name="IsMotion" Value="{boolean(value=moving)}"/>'
            "</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>"
        )

    def _named(self, request: SoapRequest) -> _Subscription:
        self._expire()
        number = request.path.rpartition("/")[2]
        found = self._subscriptions.get(int(number)) if number.isdecimal() else None
        if found is None:
            raise _unknown()
        return found

    def _expire(self) -> None:
        now = self._condition.device_time()
        for one in tuple(self._subscriptions.values()):
            if one.ends < now:
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
