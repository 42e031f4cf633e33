"""SOAP 1.2 as ONVIF uses it: reading requests, writing answers and faults."""

import dataclasses
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape as _escape_text

from lxml import etree

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"

CONTENT_TYPE = "application/soap+xml; charset=utf-8"

_NAMESPACES = {
    "env": ENVELOPE,
    "wsa": ADDRESSING,
    "tds": DEVICE,
    "trt": MEDIA,
    "tr2": MEDIA2,
    "tev": EVENTS,
    "tptz": PTZ,
    "wsnt": NOTIFICATION,
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "wsrf-rw": "http://docs.oasis-open.org/wsrf/rw-2",
    "tt": "http://www.onvif.org/ver10/schema",
    "tns1": "http://www.onvif.org/ver10/topics",
    "ter": "http://www.onvif.org/ver10/error",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "dn": "http://www.onvif.org/ver10/network/wsdl",
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "wsad": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
}
_DECLARATIONS = " ".join(f'xmlns:{name}="{uri}"' for name, uri in _NAMESPACES.items())


class SoapFault(Exception):  # noqa: N818 - SOAP's own word
    """A SOAP fault: whose fault it is, ONVIF's subcode, and the reason."""

    def __init__(
        self, subcode: str, reason: str, *, code: str = "Sender", status: int = 400
    ) -> None:
        super().__init__(reason)
        self.subcode = subcode
        self.reason = reason
        self.code = code
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SoapRequest:
    """A request's parts; elements are lxml's."""

    header: Any
    body: Any
    """The operation's element, first child of the SOAP body."""
    path: str
    """Path the request was posted to."""

    @property
    def namespace(self) -> str:
        """Namespace of the operation."""
        return str(etree.QName(self.body).namespace or "")

    @property
    def operation(self) -> str:
        """Name of the operation."""
        return str(etree.QName(self.body).localname)

    @property
    def message_id(self) -> str:
        """WS-Addressing's MessageID, or ""."""
        found = None
        if self.header is not None:
            found = self.header.findtext(f"{{{ADDRESSING}}}MessageID")
        return (found or "").strip()

    def text(self, name: str) -> str:
        """Return the text of the first element with this name in any namespace."""
        return text_of(self.body, name)


def parse(document: bytes, path: str) -> SoapRequest:
    """Read a SOAP request; raises SoapFault."""
    # Neither entities nor network access for untrusted input.
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise SoapFault("ter:WellFormed", "Not well formed") from error
    body = root.find("{*}Body")
    children = [] if body is None else [one for one in body if isinstance(one.tag, str)]
    if not children:
        raise SoapFault("ter:WellFormed", "No SOAP body")
    return SoapRequest(header=root.find("{*}Header"), body=children[0], path=path)


def text_of(element: Any, name: str) -> str:
    """Return the text of the first descendant with this name; "" if there is none."""
    if element is None:
        return ""
    return (element.findtext(f".//{{*}}{name}") or "").strip()


def escape(value: object) -> str:
    """Return a value as XML text, also fit for an attribute."""
    return _escape_text(str(value), {'"': "&quot;"})


def envelope(body: str, header: str = "") -> bytes:
    """Return a SOAP document."""
    head = f"<env:Header>{header}</env:Header>" if header else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<env:Envelope {_DECLARATIONS}>{head}<env:Body>{body}</env:Body></env:Envelope>"
    ).encode()


def fault(error: SoapFault) -> bytes:
    """Return the SOAP document of a fault."""
    subcodes = ""
    for one in reversed(error.subcode.split(" ")):
        subcodes = f"<env:Subcode><env:Value>{one}</env:Value>{subcodes}</env:Subcode>"
    return envelope(
        f"<env:Fault><env:Code><env:Value>env:{error.code}</env:Value>{subcodes}"
        f'</env:Code><env:Reason><env:Text xml:lang="en">{escape(error.reason)}'
        "</env:Text></env:Reason></env:Fault>"
    )


def timestamp(moment: datetime) -> str:
    """Return a moment as xs:dateTime in UTC with milliseconds."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def boolean(*, value: bool) -> str:
    """Return xs:boolean."""
    return "true" if value else "false"
