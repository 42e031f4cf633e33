"""The session description that an RTSP client reads before it plays."""

import base64

from simulator.footage import Rendition
from simulator.rtp import PAYLOAD_TYPE

TRACK = "trackID=1"


def describe(rendition: Rendition, *, host: str, title: str) -> str:
    """Return the SDP of a stream with one video track."""
    settings = rendition.settings
    encoding = "H264" if settings.codec == "h264" else "H265"
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        f"s={title}",
        f"c=IN IP4 {host}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=0-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"b=AS:{max(1, rendition.bitrate // 1000)}",
        f"a=rtpmap:{PAYLOAD_TYPE} {encoding}/90000",
        f"a=fmtp:{PAYLOAD_TYPE} {_format(rendition)}",
        f"a=framerate:{float(settings.fps):g}",
        f"a=x-dimensions:{settings.width},{settings.height}",
        "a=recvonly",
        f"a=control:{TRACK}",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _format(rendition: Rendition) -> str:
    sets = rendition.parameters
    if rendition.settings.codec == "h264":
        level = sets.sps[1:4].hex().upper()
        sprop = f"{_text(sets.sps)},{_text(sets.pps)}"
        return f"packetization-mode=1;profile-level-id={level};sprop-parameter-sets={sprop}"
    return f"sprop-vps={_text(sets.vps)};sprop-sps={_text(sets.sps)};sprop-pps={_text(sets.pps)}"


def _text(unit: bytes) -> str:
    return base64.b64encode(unit).decode()
