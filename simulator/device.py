"""ONVIF's device service: information, capabilities and the addresses of services."""

from urllib.parse import quote

from simulator.addresses import Addresses
from simulator.condition import Condition
from simulator.errors import HangUpError
from simulator.service import Operation, Service
from simulator.soap import (
    DEVICE,
    EVENTS,
    MEDIA,
    MEDIA2,
    PTZ,
    SoapFault,
    SoapRequest,
    boolean,
    escape,
)
from simulator.spec import CameraSpec

_PREFIX_LENGTH = 24


def scopes_of(spec: CameraSpec) -> tuple[str, ...]:
    """Return the scopes that a camera announces."""
    base = "onvif://www.onvif.org"
    scopes = [
        f"{base}/type/Network_Video_Transmitter",
        f"{base}/type/video_encoder",
        f"{base}/Profile/Streaming",
        f"{base}/name/{_scope_text(spec.name)}",
        f"{base}/hardware/{_scope_text(spec.model)}",
        f"{base}/location/simulator",
    ]
    if spec.media2:
        scopes.append(f"{base}/Profile/T")
    if spec.mac:
        scopes.append(f"{base}/MAC/{spec.mac}")
    return tuple(scopes)


class DeviceService(Service):
    """Answers for one camera."""

    namespace = DEVICE
    prefix = "tds"

    def __init__(self, spec: CameraSpec, condition: Condition, addresses: Addresses) -> None:
        self._spec = spec
        self._condition = condition
        self._addresses = addresses

    def operations(self) -> dict[str, Operation]:
        """Return its operations; the open ones need no credentials."""
        return {
            "GetSystemDateAndTime": Operation(self._date_and_time, open=True),
            "GetServices": Operation(self._services, open=True),
            "GetServiceCapabilities": Operation(self._own_capabilities, open=True),
            "GetCapabilities": Operation(self._capabilities, open=True),
            "GetHostname": Operation(self._hostname, open=True),
            "GetEndpointReference": Operation(self._endpoint, open=True),
            "GetDeviceInformation": Operation(self._information),
            "GetScopes": Operation(self._scopes),
            "GetNetworkInterfaces": Operation(self._interfaces),
            "GetNetworkProtocols": Operation(self._protocols),
            "GetDiscoveryMode": Operation(self._discovery_mode),
            "SystemReboot": Operation(self._reboot),
        }

    def _date_and_time(self, _: SoapRequest) -> str:
        now = self._condition.device_time()
        date = (
            f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
            f"<tt:Second>{now.second}</tt:Second></tt:Time>"
            f"<tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month>"
            f"<tt:Day>{now.day}</tt:Day></tt:Date>"
        )
        return (
            "<tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType>"
            "<tt:DaylightSavings>false</tt:DaylightSavings>"
            "<tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone>"
            f"<tt:UTCDateTime>{date}</tt:UTCDateTime>"
            f"<tt:LocalDateTime>{date}</tt:LocalDateTime></tds:SystemDateAndTime>"
        )

    def _information(self, _: SoapRequest) -> str:
        spec = self._spec
        return (
            f"<tds:Manufacturer>{escape(spec.manufacturer)}</tds:Manufacturer>"
            f"<tds:Model>{escape(spec.model)}</tds:Model>"
            f"<tds:FirmwareVersion>{escape(spec.firmware)}</tds:FirmwareVersion>"
            f"<tds:SerialNumber>{escape(spec.serial)}</tds:SerialNumber>"
            "<tds:HardwareId>1.0</tds:HardwareId>"
        )

    def _available(self) -> list[tuple[str, str, str, str]]:
        services = [(DEVICE, "device", "2.40", self._own_capabilities_element())]
        if self._spec.media1:
            services.append((MEDIA, "media", "2.40", ""))
        if self._spec.media2:
            services.append((MEDIA2, "media2", "2.40", ""))
        services.append((EVENTS, "events", "2.40", ""))
        if self._spec.ptz:
            services.append((PTZ, "ptz", "2.40", ""))
        return services

    def _services(self, request: SoapRequest) -> str:
        with_capability = request.text("IncludeCapability") in ("true", "1")
        found = []
        for namespace, name, version, capability in self._available():
            major, _, minor = version.partition(".")
            extra = ""
            if with_capability and capability:
                extra = f"<tds:Capabilities>{capability}</tds:Capabilities>"
            found.append(
                f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace>"
                f"<tds:XAddr>{self._addresses.service(name)}</tds:XAddr>{extra}"
                f"<tds:Version><tt:Major>{major}</tt:Major><tt:Minor>{minor}</tt:Minor>"
                "</tds:Version></tds:Service>"
            )
        return "".join(found)

    def _own_capabilities(self, _: SoapRequest) -> str:
        return self._own_capabilities_element()

    def _own_capabilities_element(self) -> str:
        return (
            "<tds:Capabilities>"
            '<tds:Network IPFilter="false" ZeroConfiguration="false" IPVersion6="false"'
            ' DynDNS="false"/>'
            '<tds:Security TLS1.0="false" UsernameToken="true" HttpDigest="true"/>'
            '<tds:System DiscoveryResolve="false" DiscoveryBye="true"/>'
            "</tds:Capabilities>"
        )

    def _capabilities(self, _: SoapRequest) -> str:
        def address(name: str) -> str:
            return f"<tt:XAddr>{self._addresses.service(name)}</tt:XAddr>"

        media = ""
        if self._spec.media1:
            media = (
                f"<tt:Media>{address('media')}<tt:StreamingCapabilities>"
                "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
                "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP>"
                "</tt:StreamingCapabilities></tt:Media>"
            )
        ptz = f"<tt:PTZ>{address('ptz')}</tt:PTZ>" if self._spec.ptz else ""
        return (
            f"<tds:Capabilities><tt:Device>{address('device')}"
            "<tt:System><tt:DiscoveryResolve>false</tt:DiscoveryResolve>"
            "<tt:DiscoveryBye>true</tt:DiscoveryBye>"
            "<tt:RemoteDiscovery>false</tt:RemoteDiscovery>"
            "<tt:SystemBackup>false</tt:SystemBackup>"
            "<tt:SystemLogging>false</tt:SystemLogging>"
            "<tt:FirmwareUpgrade>false</tt:FirmwareUpgrade>"
            "<tt:SupportedVersions><tt:Major>2</tt:Major><tt:Minor>40</tt:Minor>"
            "</tt:SupportedVersions></tt:System></tt:Device>"
            f"<tt:Events>{address('events')}"
            "<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport>"
            "<tt:WSPullPointSupport>true</tt:WSPullPointSupport>"
            "<tt:WSPausableSubscriptionManagerInterfaceSupport>false"
            "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
            f"{media}{ptz}</tds:Capabilities>"
        )

    def _scopes(self, _: SoapRequest) -> str:
        return "".join(
            "<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef>"
            f"<tt:ScopeItem>{escape(scope)}</tt:ScopeItem></tds:Scopes>"
            for scope in scopes_of(self._spec)
        )

    def _interfaces(self, _: SoapRequest) -> str:
        info = ""
        if self._spec.mac:
            info = (
                "<tt:Info><tt:Name>eth0</tt:Name>"
                f"<tt:HwAddress>{escape(self._spec.mac)}</tt:HwAddress></tt:Info>"
            )
        return (
            '<tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled>'
            f"{info}<tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config><tt:Manual>"
            f"<tt:Address>{self._spec.host}</tt:Address>"
            f"<tt:PrefixLength>{_PREFIX_LENGTH}</tt:PrefixLength></tt:Manual>"
            f"<tt:DHCP>{boolean(value=False)}</tt:DHCP></tt:Config></tt:IPv4>"
            "</tds:NetworkInterfaces>"
        )

    def _protocols(self, _: SoapRequest) -> str:
        ports = {"HTTP": self._addresses.port, "RTSP": self._addresses.rtsp_port}
        return "".join(
            f"<tds:NetworkProtocols><tt:Name>{name}</tt:Name>"
            f"<tt:Enabled>true</tt:Enabled><tt:Port>{port}</tt:Port>"
            "</tds:NetworkProtocols>"
            for name, port in ports.items()
        )

    def _hostname(self, _: SoapRequest) -> str:
        name = "".join(c if c.isalnum() and c.isascii() else "-" for c in self._spec.name)
        return (
            "<tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP>"
            f"<tt:Name>{name}</tt:Name></tds:HostnameInformation>"
        )

    def _endpoint(self, _: SoapRequest) -> str:
        return f"<tds:GUID>urn:uuid:{escape(self._spec.uuid)}</tds:GUID>"

    def _reboot(self, _: SoapRequest) -> str:
        faults = self._condition.control_faults
        if faults.refuse:
            raise SoapFault("ter:NotAuthorized", "Sender not Authorized")
        self._condition.reboots += 1
        if faults.hang_up:
            raise HangUpError
        return "<tds:Message>Rebooting</tds:Message>"

    def _discovery_mode(self, _: SoapRequest) -> str:
        return "<tds:DiscoveryMode>Discoverable</tds:DiscoveryMode>"


def _scope_text(text: str) -> str:
    # Scopes are URIs, so other characters are percent-encoded.
    return quote(text, safe="")
