from __future__ import annotations

import pytest
from porchlight.onvif.identity import (
    choose_mac,
    mac_from_endpoint,
    mac_from_scopes,
    normalise_endpoint,
    normalise_mac,
    normalise_serial,
    unique_id,
)

MAC = "b8:a4:4f:a0:4f:26"
RANDOM_UUID = "9f2c4c1e-1a0b-4b53-9d0e-b8a44fa04f26"
TIME_UUID = "4d454930-0000-1000-8000-b8a44fa04f26"


@pytest.mark.parametrize(
    "text",
    ["B8:A4:4F:A0:4F:26", "b8-a4-4f-a0-4f-26", "B8A44FA04F26", "b8a4.4fa0.4f26", f" {MAC} "],
)
def test_a_mac_is_normalized(text: str) -> None:
    assert normalise_mac(text) == MAC


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "b8:a4:4f:a0:4f",
        "b8:a4:4f:a0:4f:2g",
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "22:22:22:22:22:22",
        "00:00:00:00:00:01",
        "00:11:22:33:44:55",
        "11:22:33:44:55:66",
        "12:34:56:78:90:12",
        "01:23:45:67:89:ab",
        "aa:bb:cc:dd:ee:ff",
        "00:00:23:34:45:66",
        "01:00:5e:00:00:fb",
    ],
)
def test_a_placeholder_is_not_a_mac(text: str | None) -> None:
    assert normalise_mac(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"urn:uuid:{RANDOM_UUID.upper()}", RANDOM_UUID),
        (f"uuid:{RANDOM_UUID}", RANDOM_UUID),
        (f" {RANDOM_UUID}\n", RANDOM_UUID),
        ("urn:Camera-7", "camera-7"),
        ("urn:uuid:00000000-0000-0000-0000-000000000000", None),
        ("urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff", None),
        ("urn:uuid:01234567-89ab-cdef-0123-456789abcdef", None),
        ("urn:uuid:12345678-1234-1234-1234-123456789012", None),
        ("urn:uuid:11223344-5566-7788-99aa-bbccddeeff00", None),
        ("urn:uuid:", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_an_endpoint_loses_its_prefix_and_placeholders_are_none(
    text: str | None, expected: str | None
) -> None:
    assert normalise_endpoint(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B8A44FA04F26", "B8A44FA04F26"),
        (" 192168261 ", "192168261"),
        ("A7", None),
        ("00000000", None),
        ("0123456789", None),
        ("1234567890", None),
        ("123456", None),
        ("12345678", None),
        ("987654321", None),
        ("FFFFFFFF", None),
        ("001122334455", None),
        ("Serial", None),
        ("serial_number", None),
        ("unknown", None),
        ("N/A", None),
        ("Not Available", None),
        ("", None),
        (None, None),
    ],
)
def test_a_serial_number_is_kept_and_placeholders_are_none(
    text: str | None, expected: str | None
) -> None:
    assert normalise_serial(text) == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (f"onvif://www.onvif.org/MAC/{MAC}", MAC),
        (f"onvif://www.onvif.org/macaddr/{MAC.upper()}", MAC),
        (f"onvif://www.onvif.org/extension/mac_address/{MAC.replace(':', '')}", MAC),
        ("onvif://www.onvif.org/MAC/b8%3Aa4%3A4f%3Aa0%3A4f%3A26", MAC),
        (f"onvif://www.onvif.org/name/{MAC}", None),
        ("onvif://www.onvif.org/MAC/00:00:00:00:00:00", None),
        ("onvif://www.onvif.org/machine/12", None),
    ],
)
def test_a_mac_is_found_among_the_scopes(scope: str, expected: str | None) -> None:
    assert mac_from_scopes(["onvif://www.onvif.org/type/ptz", scope]) == expected


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (f"urn:uuid:{TIME_UUID}", MAC),
        (f"urn:uuid:{RANDOM_UUID}", None),
        ("urn:uuid:4d454930-0000-1000-8000-001122334455", None),
        ("camera-7", None),
        (None, None),
    ],
    ids=["time based", "random", "placeholder", "no uuid", "none"],
)
def test_only_a_time_based_endpoint_holds_a_mac(endpoint: str | None, expected: str | None) -> None:
    assert mac_from_endpoint(endpoint) == expected


@pytest.mark.parametrize(
    ("interfaces", "scopes", "endpoint", "expected"),
    [
        ([(False, "02:00:5e:00:53:01"), (True, MAC)], (), None, MAC),
        ([(False, MAC), (False, "02:00:5e:00:53:01")], (), None, MAC),
        ([(True, "00:00:00:00:00:00"), (False, MAC)], (), None, MAC),
        ([], (f"onvif://www.onvif.org/MAC/{MAC}",), None, MAC),
        ([(True, "")], (), TIME_UUID, MAC),
        ([], (), RANDOM_UUID, None),
    ],
    ids=["enabled", "first", "real", "scopes", "endpoint", "nowhere"],
)
def test_the_mac_is_taken_from_the_most_reliable_source(
    interfaces: list[tuple[bool, str]],
    scopes: tuple[str, ...],
    endpoint: str | None,
    expected: str | None,
) -> None:
    assert choose_mac(interfaces, scopes, endpoint) == expected


@pytest.mark.parametrize(
    ("mac", "endpoint", "expected"),
    [
        (MAC.upper(), RANDOM_UUID, MAC),
        (None, f"urn:uuid:{RANDOM_UUID}", RANDOM_UUID),
        ("00:11:22:33:44:55", None, None),
        ("00:00:00:00:00:00", "urn:uuid:00000000-0000-0000-0000-000000000000", None),
    ],
)
def test_the_id_is_the_most_reliable_known_one(
    mac: str | None, endpoint: str | None, expected: str | None
) -> None:
    assert unique_id(mac=mac, endpoint=endpoint) == expected
