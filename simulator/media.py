"""ONVIF's first media service (ver10): H.264 only, because its schema has no H.265."""

from simulator.addresses import Addresses
from simulator.profiles import Profile, find
from simulator.service import Operation, Service
from simulator.soap import MEDIA, SoapFault, SoapRequest, escape

_MULTICAST = (
    "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type>"
    "<tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port>"
    "<tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
    "<tt:SessionTimeout>PT60S</tt:SessionTimeout>"
)


class MediaService(Service):
    """Answers for one camera.

    An H.265 profile is listed without an encoder configuration and has no stream URI, as
    on Profile T cameras.
    """

    namespace = MEDIA
    prefix = "trt"

    def __init__(self, profiles: tuple[Profile, ...], addresses: Addresses) -> None:
        self._profiles = profiles
        self._addresses = addresses

    def operations(self) -> dict[str, Operation]:
        """Return its operations."""
        return {
            "GetServiceCapabilities": Operation(self._capabilities, open=True),
            "GetProfiles": Operation(self._get_profiles),
            "GetProfile": Operation(self._get_profile),
            "GetStreamUri": Operation(self._stream_uri),
            "GetSnapshotUri": Operation(self._snapshot_uri),
            "GetVideoSources": Operation(self._video_sources),
            "GetVideoSourceConfigurations": Operation(self._source_configurations),
            "GetVideoEncoderConfigurations": Operation(self._encoder_configurations),
        }

    def _capabilities(self, _: SoapRequest) -> str:
        return (
            '<trt:Capabilities SnapshotUri="true" Rotation="false" VideoSourceMode="false"'
            ' OSD="false"><trt:ProfileCapabilities MaximumNumberOfProfiles="2"/>'
            '<trt:StreamingCapabilities RTPMulticast="false" RTP_TCP="true"'
            ' RTP_RTSP_TCP="true" NonAggregateControl="false"/></trt:Capabilities>'
        )

    def _get_profiles(self, _: SoapRequest) -> str:
        return "".join(self._profile("trt:Profiles", one) for one in self._profiles)

    def _get_profile(self, request: SoapRequest) -> str:
        profile = find(self._profiles, request.text("ProfileToken"))
        return self._profile("trt:Profile", profile)

    def _profile(self, tag: str, profile: Profile) -> str:
        encoder = ""
        if _is_usable(profile):
            encoder = _encoder("tt:VideoEncoderConfiguration", profile)
        source = self._source_configuration("tt:VideoSourceConfiguration", profile)
        return (
            f'<{tag} token="{profile.token}" fixed="true">'
            f"<tt:Name>{escape(profile.name)}</tt:Name>{source}{encoder}</{tag}>"
        )

    def _source_configuration(self, tag: str, profile: Profile) -> str:
        settings = self._profiles[0].rendition.settings
        return (
            f'<{tag} token="{profile.source_configuration}"><tt:Name>VideoSource</tt:Name>'
            f"<tt:UseCount>2</tt:UseCount><tt:SourceToken>{profile.source}</tt:SourceToken>"
            f'<tt:Bounds x="0" y="0" width="{settings.width}"'
            f' height="{settings.height}"/></{tag}>'
        )

    def _stream_uri(self, request: SoapRequest) -> str:
        profile = find(self._profiles, request.text("ProfileToken"))
        if not _is_usable(profile):
            raise SoapFault(
                "ter:Action ter:IncompleteConfiguration",
                "The profile has no video encoder",
                code="Receiver",
            )
        return _media_uri(self._addresses.stream(profile.path))

    def _snapshot_uri(self, request: SoapRequest) -> str:
        profile = find(self._profiles, request.text("ProfileToken"))
        return _media_uri(self._addresses.snapshot(profile.path))

    def _video_sources(self, _: SoapRequest) -> str:
        settings = self._profiles[0].rendition.settings
        return "".join(
            f'<trt:VideoSources token="{source}">'
            f"<tt:Framerate>{float(settings.fps):g}</tt:Framerate>"
            f"<tt:Resolution><tt:Width>{settings.width}</tt:Width>"
            f"<tt:Height>{settings.height}</tt:Height></tt:Resolution></trt:VideoSources>"
            for source in dict.fromkeys(one.source for one in self._profiles)
        )

    def _source_configurations(self, _: SoapRequest) -> str:
        firsts = {one.source: one for one in reversed(self._profiles)}
        return "".join(
            self._source_configuration("trt:Configurations", one)
            for one in reversed(firsts.values())
        )

    def _encoder_configurations(self, _: SoapRequest) -> str:
        return "".join(
            _encoder("trt:Configurations", one) for one in self._profiles if _is_usable(one)
        )


def _is_usable(profile: Profile) -> bool:
    return profile.rendition.settings.codec == "h264"


def _encoder(tag: str, profile: Profile) -> str:
    settings = profile.rendition.settings
    return (
        f'<{tag} token="{profile.encoder}"><tt:Name>{profile.encoder}</tt:Name>'
        "<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{settings.width}</tt:Width>"
        f"<tt:Height>{settings.height}</tt:Height></tt:Resolution>"
        "<tt:Quality>4</tt:Quality>"
        f"<tt:RateControl><tt:FrameRateLimit>{max(1, round(settings.fps))}"
        "</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>"
        f"<tt:BitrateLimit>{profile.bitrate}</tt:BitrateLimit></tt:RateControl>"
        f"<tt:H264><tt:GovLength>{settings.gop}</tt:GovLength>"
        f"<tt:H264Profile>{profile.level}</tt:H264Profile></tt:H264>{_MULTICAST}</{tag}>"
    )


def _media_uri(uri: str) -> str:
    return (
        f"<trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
        "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
        "<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
    )
