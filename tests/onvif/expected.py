"""The expected result for each recorded camera; run as a module to print docs/cameras.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "cameras.md"

_PREFACE = """# Cameras

## Try your own

With a copy of the project, this does with your camera what Porchlight does: it finds it, queries
it, opens each of its streams and watches it for a minute.

```
PORCHLIGHT_TEST_CAMERA=user:password@host scripts/test tests/real -s
```

It prints a report and writes it to `camera-report.json`. The report holds no login, address, MAC,
serial number, name or picture, so you can attach it to an issue.

## Recorded cameras

Recorded answers of real cameras are replayed against the `onvif/` package. This table shows the
result. The expected values are in `tests/onvif/expected.py`. `tests/onvif/test_cameras.py` checks
them against the recordings and fails when this page differs from them. To regenerate this page:
`python -m tests.onvif.expected > docs/cameras.md`.

“Analyzed” and “Live view” name the profile: its token, codec, size, frames per second, and the
media service it was read from. A recording may be incomplete, so a reason in the last column is a
limit of the recording, not of the camera.

| Recording | Manufacturer | Model | Known by | Profiles | Analyzed | Live view | Remark |
|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One row: the expected result, or `reason` if there is nothing to watch."""

    folder: str
    manufacturer: str = ""
    model: str = ""
    known_by: str = ""
    profiles: int = 0
    analysed: str = ""
    recorded: str = ""
    reason: str = ""
    remark: str = ""


CAMERAS = (
    Expected(
        folder="agsh_mock",
        manufacturer="Mockup Manufacturer",
        model="Mockup Model",
        known_by="MAC",
        profiles=1,
        analysed="main h264 1920x1080@5 media",
        recorded="main h264 1920x1080@5 media",
        remark="a mock, not a camera; one profile",
    ),
    Expected(
        folder="axis_p3818-pve",
        manufacturer="AXIS",
        model="P3818-PVE",
        known_by="MAC",
        profiles=2,
        analysed="profile_1_h264 h264 1920x960@30 media",
        recorded="profile_1_h264 h264 1920x960@30 media",
        remark="its larger profile is motion JPEG, so it isn't used",
    ),
    Expected(
        folder="dlink_dcs-6511",
        manufacturer="D-Link Corporation",
        model="DCS-6511",
        reason="no_stream_uri",
        remark="GetStreamUri wasn't recorded",
    ),
    Expected(
        folder="enp1a14-ir",
        manufacturer="ONVIF",
        model="ENP1A14-IR/25X",
        known_by="serial number",
        profiles=2,
        analysed="Profile_2 h265 704x480@10 media2",
        recorded="Profile_1 h265 2560x1440@25 media2",
        remark="H.265 throughout; a third profile has no encoder; no interfaces recorded",
    ),
    Expected(
        folder="gx728mf",
        manufacturer="NONE",
        model="GX728MF-IR28",
        reason="no_stream_uri",
        remark="GetStreamUri wasn't recorded",
    ),
    Expected(
        folder="ipg-8150pss",
        manufacturer="ONVIF_IPNC",
        model="IPG-8150PSS",
        known_by="serial number",
        profiles=2,
        analysed="PROFILE_001 h264 800x448@20 media2",
        recorded="PROFILE_000 h264 2560x1920@20 media2",
        remark="no interfaces recorded",
    ),
    Expected(
        folder="reolink_e1_zoom",
        manufacturer="REOLINK",
        model="E1 Zoom",
        known_by="MAC",
        profiles=2,
        analysed="001 h264 640x480@15 media",
        recorded="000 h264 2048x1536@15 media",
        remark="Media2 is offered, its answers weren't recorded",
    ),
    Expected(
        folder="sunba_405",
        manufacturer="H264",
        model="XM530_50X50-WG_8M",
        known_by="serial number",
        profiles=2,
        analysed="001 h264 704x480@12 media2",
        recorded="000 h264 2592x1944@12 media2",
        remark="no interfaces recorded",
    ),
)


def page() -> str:
    """The whole of docs/cameras.md."""
    return _PREFACE + "".join(_row(camera) for camera in CAMERAS)


def _row(camera: Expected) -> str:
    remark = f"`{camera.reason}`: {camera.remark}" if camera.reason else camera.remark
    cells = (
        camera.folder,
        camera.manufacturer,
        camera.model,
        camera.known_by or "-",
        str(camera.profiles or "-"),
        camera.analysed or "-",
        camera.recorded or "-",
        remark,
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - it is a command
