"""A camera that misbehaves on request: SOAP on loopback, signatures checked by its own clock."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self
from xml.etree import ElementTree as ET

from aiohttp import web

from .replay import question

if TYPE_CHECKING:
    from types import TracebackType

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
PTZ = "http://www.onvif.org/ver20/ptz/wsdl"
USERNAME = "viewer"
PASSWORD = "p@ss/w:rd #?%é"
UNSIGNED = ("GetSystemDateAndTime",)
# More than a busy machine may take between signing and checking.
WINDOW = timedelta(seconds=60)

_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"


def fault(code: str, text: str, *, status: int = 400) -> web.Response:
    """A SOAP fault."""
    return soap(
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{code}</s:Value>"
        f"</s:Subcode></s:Code><s:Reason><s:Text xml:lang='en'>{text}</s:Text></s:Reason>"
        "</s:Fault>",
        status=status,
    )


def soap(body: str, *, status: int = 200) -> web.Response:
    """An envelope around a body."""
    return web.Response(
        status=status,
        content_type="application/soap+xml",
        text="<?xml version='1.0'?><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'"
        " xmlns:tt='http://www.onvif.org/ver10/schema' xmlns:ter='http://www.onvif.org/ver10/error'"
        " xmlns:wsse='http://docs.oasis-open.org/wss/2004/01/"
        "oasis-200401-wss-wssecurity-secext-1.0.xsd'"
        f" xmlns:tds='{DEVICE}' xmlns:trt='{MEDIA}' xmlns:tr2='{MEDIA2}'>"
        f"<s:Body>{body}</s:Body></s:Envelope>",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One profile as the camera describes it."""

    token: str
    encoding: str = "H264"
    width: int = 640
    height: int = 360
    fps: float = 15
    source: str = "lens"
    uri: str = ""

    def media(self) -> str:
        """The profile as the first media service describes it."""
        return (
            f"<trt:Profiles token='{self.token}'><tt:Name>{self.token}</tt:Name>"
            f"<tt:VideoSourceConfiguration token='s'><tt:Name>s</tt:Name>"
            f"<tt:UseCount>1</tt:UseCount><tt:SourceToken>{self.source}</tt:SourceToken>"
            "<tt:Bounds x='0' y='0' width='1' height='1'/></tt:VideoSourceConfiguration>"
            f"<tt:VideoEncoderConfiguration token='e'><tt:Name>e</tt:Name>"
            f"<tt:UseCount>1</tt:UseCount><tt:Encoding>{self.encoding}</tt:Encoding>"
            f"<tt:Resolution><tt:Width>{self.width}</tt:Width>"
            f"<tt:Height>{self.height}</tt:Height></tt:Resolution><tt:Quality>1</tt:Quality>"
            f"<tt:RateControl><tt:FrameRateLimit>{self.fps}</tt:FrameRateLimit>"
            "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>1</tt:BitrateLimit>"
            "</tt:RateControl></tt:VideoEncoderConfiguration></trt:Profiles>"
        )

    def media2(self) -> str:
        """The profile as the second media service describes it."""
        return (
            f"<tr2:Profiles token='{self.token}'><tr2:Name>{self.token}</tr2:Name>"
            "<tr2:Configurations>"
            f"<tr2:VideoSource token='s'><tt:SourceToken>{self.source}</tt:SourceToken>"
            "</tr2:VideoSource>"
            f"<tr2:VideoEncoder token='e'><tt:Encoding>{self.encoding}</tt:Encoding>"
            f"<tt:Resolution><tt:Width>{self.width}</tt:Width>"
            f"<tt:Height>{self.height}</tt:Height></tt:Resolution>"
            f"<tt:RateControl><tt:FrameRateLimit>{self.fps}</tt:FrameRateLimit>"
            "</tt:RateControl></tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>"
        )


type Answerer = Callable[[web.Request, str | None], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Acme:
    """The camera; `answers` replaces the answers of operations (namespace, name)."""

    media: tuple[Stream, ...] = (Stream(token="sub"), Stream(token="main", width=1920, height=1080))
    media2: tuple[Stream, ...] = ()
    ptz: bool = False
    clock_offset: timedelta = timedelta()
    host: str = "127.0.0.1"
    announced: str | None = None
    refusal: Callable[[], web.Response] = lambda: fault("ter:NotAuthorized", "no", status=400)
    answers: dict[tuple[str, str], Answerer] = field(default_factory=dict)
    port: int = 0
    asked: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    open_to_all: bool = False
    tls: ssl.SSLContext | None = None
    _runner: web.AppRunner | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def hang(self, _request: web.Request, _token: str | None) -> web.StreamResponse:
        """Never answer while the camera runs."""
        await self._over.wait()
        return web.Response()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, 0, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        self._over.set()
        await self._runner.cleanup()

    def now(self) -> datetime:
        """What the camera's own clock shows."""
        return datetime.now(UTC) + self.clock_offset

    def signature_holds(self, text: bytes) -> bool:
        """Whether the envelope is signed with the password at about the camera's time."""
        root = ET.fromstring(text)  # noqa: S314 - our own client sent it
        token = next(iter(root.iter(f"{_WSSE}UsernameToken")), None)
        if token is None:
            return False
        created = token.findtext(f"{_WSU}Created", "")
        nonce = base64.b64decode(token.findtext(f"{_WSSE}Nonce", ""))
        digest = hashlib.sha1(  # noqa: S324 - the standard requires it
            nonce + created.encode() + PASSWORD.encode()
        ).digest()
        return (
            token.findtext(f"{_WSSE}Username") == USERNAME
            and token.findtext(f"{_WSSE}Password") == base64.b64encode(digest).decode()
            and abs(datetime.fromisoformat(created) - self.now()) < WINDOW
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.read()
        namespace, operation, token = question(text)
        self.asked.append(operation)
        if b"UsernameToken" in text:
            self.signed.append(operation)
        if answer := self.answers.get((namespace, operation)):
            return await answer(request, token)
        is_open = self.open_to_all or operation in UNSIGNED
        if not is_open and not self.signature_holds(text):
            return self.refusal()
        body = self._body(namespace, operation, token)
        return soap(body) if body else fault("ter:ActionNotSupported", "not here")

    def _body(self, namespace: str, operation: str, token: str | None) -> str:
        said = {
            (DEVICE, "GetSystemDateAndTime"): self._time,
            (DEVICE, "GetDeviceInformation"): self._information,
            (DEVICE, "GetServices"): self._services,
            (DEVICE, "GetCapabilities"): self._capabilities,
            (DEVICE, "GetNetworkInterfaces"): _interfaces,
            (EVENTS, "GetEventProperties"): _topics,
            (DEVICE, "SystemReboot"): lambda: "<tds:SystemRebootResponse/>",
            (PTZ, "GotoPreset"): lambda: f"<p:GotoPresetResponse xmlns:p='{PTZ}'/>",
            (MEDIA, "GetProfiles"): lambda: _wrapped("trt:GetProfiles", self.media, "media"),
            (MEDIA2, "GetProfiles"): lambda: _wrapped("tr2:GetProfiles", self.media2, "media2"),
            (MEDIA, "GetStreamUri"): lambda: self._uri("trt", "Stream", token),
            (MEDIA2, "GetStreamUri"): lambda: self._uri("tr2", "Stream", token),
            (MEDIA, "GetSnapshotUri"): lambda: self._uri("trt", "Snapshot", token),
            (MEDIA2, "GetSnapshotUri"): lambda: self._uri("tr2", "Snapshot", token),
        }.get((namespace, operation))
        return said() if said else ""

    def _time(self) -> str:
        now = self.now()
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
            "<tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false"
            "</tt:DaylightSavings><tt:UTCDateTime><tt:Time>"
            f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
            f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
            f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
            "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def _information(self) -> str:
        return (
            "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer>"
            "<tds:Model>Eye</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion>"
            "<tds:SerialNumber>A7X</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId>"
            "</tds:GetDeviceInformationResponse>"
        )

    def _root(self) -> str:
        if self.announced:
            return self.announced
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def _services(self) -> str:
        offered = [DEVICE, EVENTS]
        offered += [MEDIA] if self.media else []
        offered += [MEDIA2] if self.media2 else []
        offered += [PTZ] if self.ptz else []
        services = "".join(
            f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace>"
            f"<tds:XAddr>{self._root()}/onvif/s{number}</tds:XAddr><tds:Version>"
            "<tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
            for number, namespace in enumerate(offered)
        )
        return f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>"

    def _capabilities(self) -> str:
        ptz = f"<tt:PTZ><tt:XAddr>{self._root()}/onvif/ptz</tt:XAddr></tt:PTZ>" * self.ptz
        return (
            "<tds:GetCapabilitiesResponse><tds:Capabilities>"
            f"<tt:Media><tt:XAddr>{self._root()}/onvif/media</tt:XAddr></tt:Media>{ptz}"
            "</tds:Capabilities></tds:GetCapabilitiesResponse>"
        )

    def _uri(self, prefix: str, kind: str, token: str | None) -> str:
        stream = next(each for each in (*self.media, *self.media2) if each.token == token)
        uri = stream.uri or f"rtsp://{self.host}:554/{token}"
        if kind == "Snapshot":
            uri = f"{self._root()}/{token}.jpg?user={USERNAME}&amp;pwd=x&amp;size=1"
        inner = f"<tr2:Uri>{uri}</tr2:Uri>"
        if prefix == "trt":
            inner = (
                f"<trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false"
                "</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
                "<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
            )
        return f"<{prefix}:Get{kind}UriResponse>{inner}</{prefix}:Get{kind}UriResponse>"


def _wrapped(operation: str, streams: tuple[Stream, ...], words: str) -> str:
    inner = "".join(getattr(stream, words)() for stream in streams)
    return f"<{operation}Response>{inner}</{operation}Response>"


def _topics() -> str:
    return (
        f"<tev:GetEventPropertiesResponse xmlns:tev='{EVENTS}'"
        " xmlns:wstop='http://docs.oasis-open.org/wsn/t-1'"
        " xmlns:tns1='http://www.onvif.org/ver10/topics'><wstop:TopicSet><tns1:VideoSource>"
        "<MotionAlarm wstop:topic='true'><tt:MessageDescription IsProperty='true'><tt:Source>"
        "<tt:SimpleItemDescription Name='Source' Type='tt:ReferenceToken'/></tt:Source><tt:Data>"
        "<tt:SimpleItemDescription Name='State' Type='xs:boolean'/></tt:Data>"
        "</tt:MessageDescription></MotionAlarm></tns1:VideoSource></wstop:TopicSet>"
        "</tev:GetEventPropertiesResponse>"
    )


def _interfaces() -> str:
    cards = (("lo", "false", "02:00:5e:00:53:0a"), ("eth0", "true", "02-00-5E-00-53-0B"))
    inner = "".join(
        f"<tds:NetworkInterfaces token='{name}'><tt:Enabled>{enabled}</tt:Enabled>"
        f"<tt:Info><tt:Name>{name}</tt:Name><tt:HwAddress>{mac}</tt:HwAddress></tt:Info>"
        "</tds:NetworkInterfaces>"
        for name, enabled, mac in cards
    )
    return f"<tds:GetNetworkInterfacesResponse>{inner}</tds:GetNetworkInterfacesResponse>"
