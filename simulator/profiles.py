"""The two profiles of a camera, as both media services describe them."""

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

    @property
    def token(self) -> str:
        """Token of the profile."""
        return f"profile_{self.path}"

    @property
    def encoder(self) -> str:
        """Token of the video encoder configuration."""
        return f"encoder_{self.path}"

    @property
    def bitrate(self) -> int:
        """Kilobits a second."""
        return max(1, self.rendition.bitrate // 1000)

    @property
    def level(self) -> str:
        """ONVIF's name of the codec's profile."""
        return "High" if self.rendition.settings.codec == "h264" else "Main"


def profiles_of(footage: Footage) -> tuple[Profile, ...]:
    """Return a camera's profiles, main first."""
    return (
        Profile(name="MainStream", path="main", rendition=footage.main),
        Profile(name="SubStream", path="sub", rendition=footage.sub),
    )


def find(profiles: tuple[Profile, ...], token: str) -> Profile:
    """Return the profile with a token; raises SoapFault."""
    for profile in profiles:
        if profile.token == token:
            return profile
    raise SoapFault("ter:InvalidArgVal ter:NoProfile", "No such profile")
