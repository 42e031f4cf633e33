"""What a camera can report by itself: topics as makers write them, and their messages."""

import dataclasses
from collections.abc import Iterable, Mapping

from simulator.errors import CommandError
from simulator.profiles import ANALYTICS, SOURCE_CONFIGURATION
from simulator.soap import boolean, escape

type Items = tuple[tuple[str, str], ...]

_ANALYSIS: Items = (
    ("VideoSourceConfigurationToken", SOURCE_CONFIGURATION),
    ("VideoAnalyticsConfigurationToken", ANALYTICS),
)
_DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One kind of event; `names` is the name of the source item that is told apart, if any."""

    path: str
    data: str
    fixed: Items = ()
    names: str = ""
    default: str = ""
    is_property: bool = True

    def source(self, name: str) -> Items:
        """Return the items of a message's source."""
        return (*self.fixed, (self.names, name or self.default)) if self.names else self.fixed

    def description(self) -> str:
        """Return its place in the set of topics that a camera offers."""
        space, _, path = self.path.partition(":")
        parts = path.split("/")
        items = "".join(
            f'<tt:SimpleItemDescription Name="{name}" Type="xs:string"/>'
            for name, _ in self.source("")
        )
        text = (
            f'<tt:MessageDescription IsProperty="{boolean(value=self.is_property)}">'
            f"<tt:Source>{items}</tt:Source><tt:Data>"
            f'<tt:SimpleItemDescription Name="{self.data}" Type="xs:boolean"/>'
            "</tt:Data></tt:MessageDescription>"
        )
        for depth, part in reversed(tuple(enumerate(parts))):
            name = part if depth else f"{space}:{part}"
            mark = ' wstop:topic="true"' if depth == len(parts) - 1 else ""
            text = f"<{name}{mark}>{text}</{name}>"
        return text

    def message(self, source: Items, value: str, *, operation: str, moment: str) -> str:
        """Return a notification."""
        stamp = f' PropertyOperation="{operation}"' if self.is_property else ""
        return (
            f'<wsnt:NotificationMessage><wsnt:Topic Dialect="{_DIALECT}">{self.path}</wsnt:Topic>'
            f'<wsnt:Message><tt:Message UtcTime="{moment}"{stamp}>'
            f"<tt:Source>{_items(source)}</tt:Source>"
            f"<tt:Data>{_items([(self.data, value)])}</tt:Data>"
            "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
        )


def _rule(path: str, rule: str, **more: object) -> Topic:
    return Topic(path=path, fixed=_ANALYSIS, names="Rule", default=rule, **more)  # type: ignore[arg-type] # Topic's own


TOPICS: Mapping[str, Topic] = {
    "motion": _rule(
        "tns1:RuleEngine/CellMotionDetector/Motion", "MyMotionDetectorRule", data="IsMotion"
    ),
    "person": Topic(
        path="tns1:RuleEngine/MyRuleDetector/PeopleDetect", data="State", names="Source"
    ),
    "vehicle": Topic(
        path="tns1:RuleEngine/MyRuleDetector/VehicleDetect", data="State", names="Source"
    ),
    "animal": Topic(
        path="tns1:RuleEngine/MyRuleDetector/DogCatDetect", data="State", names="Source"
    ),
    "doorbell": Topic(path="tns1:RuleEngine/MyRuleDetector/Visitor", data="State", names="Source"),
    "tamper": _rule("tns1:RuleEngine/TamperDetector/Tamper", "MyTamperRule", data="IsTamper"),
    "line": _rule(
        "tns1:RuleEngine/LineDetector/Crossed", "MyLineRule", data="ObjectId", is_property=False
    ),
    "input": Topic(
        path="tns1:Device/Trigger/DigitalInput",
        data="LogicalState",
        names="InputToken",
        default="1",
    ),
}


def topic_of(kind: str) -> Topic:
    """Return the topic of a kind of event; raises CommandError."""
    topic = TOPICS.get(kind)
    if topic is None:
        raise CommandError(f"no kind of event {kind}; there are {', '.join(TOPICS)}")
    return topic


def _items(items: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<tt:SimpleItem Name="{escape(name)}" Value="{escape(value)}"/>' for name, value in items
    )
