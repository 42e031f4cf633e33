"""The profiles of a camera, two for each channel, as both media services describe them."""

import dataclasses

from simulator.footage import Footage, Rendition
from simulator.soap import SoapFault

SOURCE = "video_source"
SOURCE_CONFIGURATION = "video_source_config"
ANALYTICS = "video_analytics_config"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One way to watch: a rendition under a token and an RTSP path."""

    name: str
    path: str
    rendition: Rendition
    channel: int = 1

    @property
    def token(self) -> str:
        """Token of the profile."""
        return f"profile_{self.path}"

    @property
    def encoder(self) -> str:
        """Token of the video encoder configuration."""
        return f"encoder_{self.path}"

    @property
    def source(self) -> str:
        """Token of the lens."""
        return _numbered(SOURCE, self.channel)

    @property
    def source_configuration(self) -> str:
        """Token of what is shown of the lens."""
        return _numbered(SOURCE_CONFIGURATION, self.channel)

    @property
    def bitrate(self) -> int:
        """Kilobits a second."""
        return max(1, self.rendition.bitrate // 1000)

    @property
    def level(self) -> str:
        """ONVIF's name of the codec's profile."""
        return "High" if self.rendition.settings.codec == "h264" else "Main"


def profiles_of(footage: Footage, channels: int = 1) -> tuple[Profile, ...]:
    """Return a camera's profiles, channel by channel, main first."""
    return tuple(
        Profile(
            name=_numbered(name, channel),
            path=_numbered(path, channel),
            rendition=rendition,
            channel=channel,
        )
        for channel in range(1, channels + 1)
        for name, path, rendition in (
            ("MainStream", "main", footage.main),
            ("SubStream", "sub", footage.sub),
        )
    )


def _numbered(name: str, channel: int) -> str:
    """A name that is the first channel's as it is."""
    return name if channel == 1 else f"{name}_{channel}"


def find(profiles: tuple[Profile, ...], token: str) -> Profile:
    """Return the profile with a token; raises SoapFault."""
    for profile in profiles:
        if profile.token == token:
            return profile
    raise SoapFault("ter:InvalidArgVal ter:NoProfile", "No such profile")
