"""Answers to PullMessages as cameras write them, well and badly."""

from __future__ import annotations

from porchlight.onvif.answers import content_of
from porchlight.onvif.notifications import Notification, notifications_of

_SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"'
    ' xmlns:tev="http://www.onvif.org/ver10/events/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:tns1="http://www.onvif.org/ver10/topics"'
    ' xmlns:tnsajax="urn:ajax" xmlns:tnshik="urn:hik" xmlns:odd="http://www.onvif.org/ver10/topics"'
)


def envelope(inside: str) -> bytes:
    """An answer to PullMessages with this inside."""
    return (
        f"<s:Envelope {_SPACES}><s:Body><tev:PullMessagesResponse>{inside}"
        "</tev:PullMessagesResponse></s:Body></s:Envelope>"
    ).encode()


def message(
    topic: str,
    data: str = "State=true",
    source: str | None = "Source=000",
    operation: str | None = "Changed",
    time: str = "2026-11-21T12:00:00Z",
) -> str:
    """One notification; data and source as `Name=Value` with spaces in between."""
    stamp = f' PropertyOperation="{operation}"' if operation is not None else ""
    parts = ""
    for name, items in (("Source", source), ("Data", data)):
        if items is not None:
            inside = "".join(
                f'<tt:SimpleItem Name="{item.partition("=")[0]}"'
                f' Value="{item.partition("=")[2].replace("_", " ")}"/>'
                for item in items.split()
            )
            parts += f"<tt:{name}>{inside}</tt:{name}>"
    return (
        f'<wsnt:NotificationMessage><wsnt:Topic Dialect="d">{topic}</wsnt:Topic><wsnt:Message>'
        f'<tt:Message UtcTime="{time}"{stamp}>{parts}</tt:Message></wsnt:Message>'
        "</wsnt:NotificationMessage>"
    )


def read(inside: str) -> list[Notification]:
    """The notifications in an answer with this inside."""
    return notifications_of(content_of(envelope(inside)))
