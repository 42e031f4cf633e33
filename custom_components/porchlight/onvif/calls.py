"""One camera's SOAP calls: signed, limited in time, with failures classified."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from ._library import WSDL_DIR, ONVIFError, ONVIFService, Settings, Transport, XmlError, ZeepError
from .answers import content_of
from .errors import (
    AuthenticationError,
    CameraFaultError,
    CannotConnectError,
    CertificateError,
    LostConnectionError,
    NotOnvifError,
)
from .pin import Pin
from .web import FAULT, REFUSED_STATUS, post

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from .values import Credentials

# Cameras send the fault with any HTTP status and word it in their own way.
_REFUSED = re.compile(
    rb"(?:not|un)[\s_-]*authori[sz]ed"
    rb"|requires\s+authori[sz]ation"
    rb"|authori[sz]ation\s+(?:failed|failure|error|required)"
    rb"|authority\s+failure"
    rb"|failed\s*authentication"
    rb"|authentication\s*(?:failed|failure|error|required)"
    rb"|(?:could|can)\s*not\s+be\s+authenticated"
    rb"|(?:invalid|wrong|incorrect|bad)[\s_-]*(?:user[\s_-]*name|user|password|credentials)"
    rb"|InvalidSecurity|FailedCheck|InvalidUsernameToken",
    re.IGNORECASE,
)
_ENVELOPE = re.compile(rb"<(?:[\w-]+:)?Envelope\b")
# What zeep raises when an answer does not match the schema.
_UNREADABLE = (
    ONVIFError,
    ZeepError,
    XmlError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One ONVIF service: its namespace, binding and WSDL file.

    `port` tells services with the same namespace apart; `raw`: its answers are not compared with
    the schema; `once`: a call that may have arrived is not sent again.
    """

    namespace: str
    binding: str
    wsdl: Path
    port: str = ""
    raw: bool = False
    once: bool = False

    @property
    def key(self) -> str:
        """What its address is known by."""
        return f"{self.namespace}/{self.port}" if self.port else self.namespace


DEVICE = Service(
    namespace="http://www.onvif.org/ver10/device/wsdl",
    binding="DeviceBinding",
    wsdl=WSDL_DIR / "devicemgmt.wsdl",
)
MEDIA = Service(
    namespace="http://www.onvif.org/ver10/media/wsdl",
    binding="MediaBinding",
    wsdl=WSDL_DIR / "media.wsdl",
)
MEDIA2 = Service(
    namespace="http://www.onvif.org/ver20/media/wsdl",
    binding="Media2Binding",
    wsdl=Path(__file__).parent / "wsdl" / "media2.wsdl",
)
PTZ = Service(
    namespace="http://www.onvif.org/ver20/ptz/wsdl",
    binding="PTZBinding",
    wsdl=Path(__file__).parent / "wsdl" / "ptz.wsdl",
    raw=True,
)
# The device service's one call whose answer does not matter: the camera may be gone.
REBOOT = Service(
    namespace=DEVICE.namespace,
    binding="RebootBinding",
    wsdl=Path(__file__).parent / "wsdl" / "reboot.wsdl",
    port="Reboot",
    raw=True,
    once=True,
)
_EVENTS_WSDL = WSDL_DIR / "events.wsdl"
EVENTS = Service(
    namespace="http://www.onvif.org/ver10/events/wsdl",
    binding="EventBinding",
    wsdl=_EVENTS_WSDL,
    raw=True,
)
# Both are at the address of one subscription.
PULL_POINT = replace(EVENTS, binding="PullPointSubscriptionBinding", port="PullPoint")
SUBSCRIPTION = replace(EVENTS, binding="SubscriptionManagerBinding", port="Subscription")
# Cameras write topics, times and elements that the schema does not know.
_RAW = Settings(strict=False, raw_response=True)


class CameraTransport(Transport):  # type: ignore[misc] # the library ships no types
    """The library's transport; the raw answer separates refusals from non-ONVIF devices.

    It follows the camera nowhere else, and reads at most MAX_ANSWER bytes of an answer.
    """

    # When the last answer was sent, as its header says.
    date = ""
    # Whether a call that may have arrived is not sent again.
    once = False

    async def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> Any:
        """Send one envelope; raises AuthenticationError or NotOnvifError."""
        response = await super().post_xml(address, envelope, headers)
        content: bytes = response.content or b""
        is_soap = _ENVELOPE.search(content)
        if is_soap and FAULT.search(content) and _REFUSED.search(content):
            raise AuthenticationError("The camera refused the credentials")
        if is_soap and response.status_code not in REFUSED_STATUS:
            return response
        if response.status_code in REFUSED_STATUS:
            raise AuthenticationError(f"The camera answered HTTP {response.status_code}")
        raise NotOnvifError(f"The answer (HTTP {response.status_code}) isn't SOAP")

    async def _post_internal(
        self, address: str, message: str | bytes, headers: dict[str, str]
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        # In place of the library's, which follows redirects anywhere and reads without end.
        data = message.encode() if isinstance(message, str) else message
        headers = {"Content-Type": 'text/xml; charset="utf-8"', **headers}
        try:
            response, content = await post(self.session, address, data, headers)
        except (aiohttp.ClientError, OSError) as error:
            if self.once and _was_lost(error):
                # The library knows only other errors, after which it sends the call again.
                raise LostConnectionError("The camera took the call and hung up") from None
            raise
        self.date = response.headers.get("Date", "")
        return response, content


class Calls:
    """The services of one camera; an async context manager that closes them."""

    def __init__(
        self,
        device_xaddr: str,
        credentials: Credentials,
        *,
        seconds: float,
        certificate: str | None = None,
        fresh: bool = False,
    ) -> None:
        """`seconds` is the longest that one call may take.

        `fresh`: each has a connection of its own, so that one that is lost had taken the call.
        """
        self.xaddrs: dict[str, str] = {DEVICE.namespace: device_xaddr}
        self._credentials = credentials
        self._seconds = seconds
        self._offset = timedelta()
        self._opened: dict[str, Any] = {}
        self._fresh = fresh
        self._pin = Pin(certificate)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close_services()
        if self._session is not None:
            await self._session.close()

    @property
    def login(self) -> tuple[str, str]:
        """The username and password, to be removed from the camera's answers."""
        return self._credentials.username, self._credentials.password

    @property
    def certificate(self) -> str | None:
        """The SHA-256 of the camera's certificate; None without TLS."""
        return self._pin.certificate

    def moment(self, service: Service) -> datetime | None:
        """The camera's time as the head of the service's last answer has it."""
        opened = self._opened.get(service.key)
        try:
            moment = parsedate_to_datetime(opened.transport.date if opened else "")
        except ValueError:
            return None
        return moment.replace(tzinfo=moment.tzinfo or UTC)

    async def set_clock_offset(self, offset: timedelta) -> None:
        """Sign with our time plus `offset` from now on."""
        self._offset = offset
        await self._close_services()

    def offers(self, service: Service) -> bool:
        """Whether the camera named an address for the service."""
        return service.key in self.xaddrs

    async def __call__(
        self,
        service: Service,
        operation: str,
        params: Mapping[str, Any] | None = None,
        *,
        signed: bool = True,
        seconds: float | None = None,
    ) -> Any:
        """The answer to one call, in at most `seconds`; raises only OnvifError.

        A raw service's answer is the content of its body, an XML element.
        """
        opened = await self._open(service)
        signed = signed and bool(self._credentials.username)
        call = getattr(opened, operation if signed else f"authless_{operation}")
        try:
            async with asyncio.timeout(self._seconds if seconds is None else seconds):
                answer = await call(dict(params or {}))
            return content_of(answer.content) if service.raw else answer
        # Neither text nor cause is kept: both may hold addresses with credentials.
        except TimeoutError:
            raise CannotConnectError(f"No answer to {operation} in time") from None
        except aiohttp.ServerFingerprintMismatch:
            raise CertificateError("The camera has another certificate than before") from None
        except (aiohttp.ClientError, OSError) as error:
            raise CannotConnectError(f"{operation} failed: {type(error).__name__}") from None
        except _UNREADABLE as error:
            raise CameraFaultError(f"{operation} failed: {type(error).__name__}") from None

    async def _open(self, service: Service) -> Any:
        if opened := self._opened.get(service.key):
            return opened
        opened = ONVIFService(
            self.xaddrs[service.key],
            self._credentials.username,
            self._credentials.password,
            str(service.wsdl),
            no_cache=True,
            dt_diff=self._offset,
            binding_name=f"{{{service.namespace}}}{service.binding}",
        )
        self._opened[service.key] = opened
        opened.transport = CameraTransport(session=self._shared_session(), verify_ssl=False)
        opened.transport.once = service.once
        await opened.setup()
        if service.raw:
            opened.zeep_client.settings = opened.zeep_client_authless.settings = _RAW
        return opened

    async def move(self, service: Service, address: str) -> None:
        """Call the service at this address from now on."""
        self.xaddrs[service.key] = address
        if opened := self._opened.pop(service.key, None):
            await opened.close()

    def _shared_session(self) -> aiohttp.ClientSession:
        # Newer firmware may require HTTP digest; the middleware acts only when it is requested.
        if self._session is None:
            username, password = self.login
            digest = (aiohttp.DigestAuthMiddleware(username, password),) if username else ()
            # Unpacked here, with a limit.
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                headers={"Accept-Encoding": "gzip"},
                connector=aiohttp.TCPConnector(ssl=self._pin, force_close=self._fresh),
                middlewares=digest,
            )
        return self._session

    async def _close_services(self) -> None:
        while self._opened:
            _namespace, opened = self._opened.popitem()
            await opened.close()


def _was_lost(error: Exception) -> bool:
    """Whether a connection was made and ended before the whole answer."""
    lost = (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError)
    return isinstance(error, lost) and not isinstance(error, aiohttp.ClientConnectorError)


async def load_descriptions(
    services: Iterable[Service] = (DEVICE, MEDIA, MEDIA2, EVENTS, PTZ),
) -> None:
    """Read the WSDL files before a deadline starts: it takes seconds on a small machine."""
    for service in services:
        opened = ONVIFService(
            "http://localhost",
            None,
            None,
            str(service.wsdl),
            no_cache=True,
            binding_name=f"{{{service.namespace}}}{service.binding}",
        )
        try:
            await opened.setup()
        finally:
            await opened.close()
