"""ONVIF's second media service (ver20): every profile, H.265 as well."""

from simulator.addresses import Addresses
from simulator.profiles import Profile, find
from simulator.service import Operation, Service
from simulator.soap import MEDIA2, SoapRequest, escape


class Media2Service(Service):
    """Answers for one camera."""

    namespace = MEDIA2
    prefix = "tr2"

    def __init__(self, profiles: tuple[Profile, ...], addresses: Addresses) -> None:
        self._profiles = profiles
        self._addresses = addresses

    def operations(self) -> dict[str, Operation]:
        """Return its operations."""
        return {
            "GetServiceCapabilities": Operation(self._capabilities, open=True),
            "GetProfiles": Operation(self._get_profiles),
            "GetStreamUri": Operation(self._stream_uri),
            "GetSnapshotUri": Operation(self._snapshot_uri),
            "GetVideoEncoderConfigurations": Operation(self._encoder_configurations),
        }

    def _capabilities(self, _: SoapRequest) -> str:
        return (
            '<tr2:Capabilities SnapshotUri="true" Rotation="false" VideoSourceMode="false"'
            ' OSD="false" Mask="false"><tr2:ProfileCapabilities'
            ' MaximumNumberOfProfiles="2" ConfigurationsSupported="VideoSource'
            ' VideoEncoder"/><tr2:StreamingCapabilities RTSPStreaming="true"'
            ' RTPMulticast="false" RTP_RTSP_TCP="true" NonAggregateControl="false"/>'
            "</tr2:Capabilities>"
        )

    def _get_profiles(self, request: SoapRequest) -> str:
        token = request.text("Token")
        chosen = (find(self._profiles, token),) if token else self._profiles
        # Without a Type the answer holds tokens and names only.
        types = {(one.text or "").strip() for one in request.body.iterfind(".//{*}Type")}
        return "".join(self._profile(one, types) for one in chosen)

    def _profile(self, profile: Profile, types: set[str]) -> str:
        inside = ""
        if types & {"All", "VideoSource"}:
            settings = self._profiles[0].rendition.settings
            inside += (
                f'<tr2:VideoSource token="{profile.source_configuration}">'
                "<tt:Name>VideoSource</tt:Name><tt:UseCount>2</tt:UseCount>"
                f"<tt:SourceToken>{profile.source}</tt:SourceToken>"
                f'<tt:Bounds x="0" y="0" width="{settings.width}"'
                f' height="{settings.height}"/></tr2:VideoSource>'
            )
        if types & {"All", "VideoEncoder"}:
            inside += _encoder("tr2:VideoEncoder", profile)
        configurations = f"<tr2:Configurations>{inside}</tr2:Configurations>" if inside else ""
        return (
            f'<tr2:Profiles token="{profile.token}" fixed="true">'
            f"<tr2:Name>{escape(profile.name)}</tr2:Name>{configurations}</tr2:Profiles>"
        )

    def _stream_uri(self, request: SoapRequest) -> str:
        profile = find(self._profiles, request.text("ProfileToken"))
        return f"<tr2:Uri>{escape(self._addresses.stream(profile.path))}</tr2:Uri>"

    def _snapshot_uri(self, request: SoapRequest) -> str:
        profile = find(self._profiles, request.text("ProfileToken"))
        return f"<tr2:Uri>{escape(self._addresses.snapshot(profile.path))}</tr2:Uri>"

    def _encoder_configurations(self, _: SoapRequest) -> str:
        return "".join(_encoder("tr2:Configurations", one) for one in self._profiles)


def _encoder(tag: str, profile: Profile) -> str:
    settings = profile.rendition.settings
    return (
        f'<{tag} token="{profile.encoder}" GovLength="{settings.gop}"'
        f' Profile="{profile.level}"><tt:Name>{profile.encoder}</tt:Name>'
        f"<tt:UseCount>1</tt:UseCount><tt:Encoding>{settings.codec.upper()}</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{settings.width}</tt:Width>"
        f"<tt:Height>{settings.height}</tt:Height></tt:Resolution>"
        '<tt:RateControl ConstantBitRate="false">'
        f"<tt:FrameRateLimit>{float(settings.fps):g}</tt:FrameRateLimit>"
        f"<tt:BitrateLimit>{profile.bitrate}</tt:BitrateLimit></tt:RateControl>"
        f"<tt:Quality>4</tt:Quality></{tag}>"
    )
