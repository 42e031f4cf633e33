"""NAL units of H.264 and H.265: splits a stream into them, and identifies them."""

import dataclasses
import re

from simulator.spec import Codec

_START_CODE = re.compile(rb"\x00\x00\x01")

_H264_SLICES = frozenset({1, 2, 3, 4, 5})
_H264_PARAMETERS = {7: "sps", 8: "pps"}
_H265_FIRST_NON_SLICE = 32
_H265_PARAMETERS = {32: "vps", 33: "sps", 34: "pps"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSets:
    """The parameter sets of a stream; `vps` is empty for H.264."""

    vps: bytes = b""
    sps: bytes
    pps: bytes


def split(stream: bytes) -> list[bytes]:
    """Cut an Annex B byte stream into NAL units without start codes."""
    marks = [match.span() for match in _START_CODE.finditer(stream)]
    ends = [start for start, _ in marks[1:]] + [len(stream)]
    return [stream[begin:end].rstrip(b"\x00") for (_, begin), end in zip(marks, ends, strict=True)]


def unit_type(codec: Codec, nal: bytes) -> int:
    """Return the NAL unit type."""
    return nal[0] & 0x1F if codec == "h264" else nal[0] >> 1 & 0x3F


def is_picture(codec: Codec, nal: bytes) -> bool:
    """Return whether the unit carries a slice of a picture."""
    kind = unit_type(codec, nal)
    return kind in _H264_SLICES if codec == "h264" else kind < _H265_FIRST_NON_SLICE


def is_wanted(codec: Codec, nal: bytes) -> bool:
    """Return whether a decoder needs the unit: slices and parameter sets."""
    return is_picture(codec, nal) or unit_type(codec, nal) in _parameters(codec)


def parameter_sets(codec: Codec, nals: tuple[bytes, ...]) -> ParameterSets:
    """Return the parameter sets among the units of a key frame; KeyError if none."""
    kinds = _parameters(codec)
    found = {kinds[unit_type(codec, nal)]: nal for nal in nals if unit_type(codec, nal) in kinds}
    return ParameterSets(vps=found.get("vps", b""), sps=found["sps"], pps=found["pps"])


def _parameters(codec: Codec) -> dict[int, str]:
    return _H264_PARAMETERS if codec == "h264" else _H265_PARAMETERS
