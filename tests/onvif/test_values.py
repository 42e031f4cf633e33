from __future__ import annotations

import pytest
from mashumaro.codecs.json import JSONDecoder, JSONEncoder
from porchlight.onvif.errors import (
    AuthenticationError,
    CannotConnectError,
    NoInterfaceError,
    NotOnvifError,
    NoVideoError,
    NoVideoReason,
    OnvifError,
)
from porchlight.onvif.values import (
    CameraReport,
    Codec,
    Credentials,
    Found,
    Problem,
    Profile,
    Service,
)

PROFILE = Profile(
    token="main",
    name="Main",
    codec=Codec.H265,
    width=2560,
    height=1440,
    fps=12.5,
    uri="rtsp://192.0.2.7:554/main",
    snapshot_uri=None,
    service=Service.MEDIA2,
)


def test_a_report_survives_the_trip_as_json() -> None:
    report = CameraReport(
        name="Porch",
        manufacturer="Acme",
        model="One",
        firmware="1.0",
        serial="A7",
        mac=None,
        endpoint=None,
        unique_id="A7-192.0.2.7",
        host="192.0.2.7",
        port=80,
        clock_offset=-3.5,
        profiles=(PROFILE,),
        analyse=PROFILE,
        record=PROFILE,
        has_events=True,
        has_media2=True,
        problems=(Problem.CLOCK,),
    )
    text = JSONEncoder(CameraReport).encode(report)
    assert JSONDecoder(CameraReport).decode(text) == report


@pytest.mark.parametrize(
    ("found", "xaddr"),
    [
        (Found(host="192.0.2.7", port=80), "http://192.0.2.7:80/onvif/device_service"),
        (
            Found(host="2001:db8::7", port=443, path="/x", secure=True),
            "https://[2001:db8::7]:443/x",
        ),
    ],
    ids=["IPv4", "IPv6 over TLS"],
)
def test_a_found_camera_survives_the_trip_and_knows_its_address(found: Found, xaddr: str) -> None:
    text = JSONEncoder(Found).encode(found)
    assert JSONDecoder(Found).decode(text) == found
    assert found.xaddr == xaddr


def test_a_password_is_never_shown() -> None:
    credentials = Credentials(username="viewer", password="secret-7")
    assert "secret-7" not in repr(credentials)
    text = JSONEncoder(Credentials).encode(credentials)
    assert JSONDecoder(Credentials).decode(text) == credentials


def test_every_error_belongs_to_the_tree_and_has_a_key_of_its_own() -> None:
    errors: list[OnvifError] = [
        OnvifError(),
        CannotConnectError(),
        NotOnvifError(),
        AuthenticationError(),
        NoVideoError(NoVideoReason.NO_PROFILES),
        NoInterfaceError(),
    ]
    assert len({error.key for error in errors}) == len(errors)
    assert "no_profiles" in str(errors[4])
