from __future__ import annotations

import pytest
from porchlight.onvif.addresses import Address, Reached, unbracketed

LOGIN = ("admin", "p@ss/w:rd #?%é")
HERE = Reached(host="192.0.2.7", port=8000, aliases=frozenset({"192.0.2.8"}))
BEHIND_NAT = Reached(host="192.0.2.7", port=8000, ports_kept=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://192.0.2.1:80/a?b#c", ("http", "192.0.2.1", 80, "/a?b#c")),
        (" HTTP://Cam/ ", ("http", "Cam", None, "/")),
        ("http://192.0.2.1:8106:8106/x", ("http", "192.0.2.1", 8106, "/x")),
        ("http://192.0.2.1:/x", ("http", "192.0.2.1", None, "/x")),
        ("rtsp://u:p@192.0.2.1/x", ("rtsp", "192.0.2.1", None, "/x")),
        ("http://[2001:db8::1]:80/x", ("http", "2001:db8::1", 80, "/x")),
        ("http://2001:db8::1/x", ("http", "2001:db8::1", None, "/x")),
        ("http://192.0.2.1?x", ("http", "192.0.2.1", None, "?x")),
    ],
)
def test_a_url_is_taken_apart(text: str, expected: tuple[str, str, int | None, str]) -> None:
    address = Address.parse(text)
    assert address is not None
    assert (address.scheme, address.host, address.port, address.rest) == expected


@pytest.mark.parametrize(
    "text",
    [None, "", "junk", "http://", "http:///x", "http://h:99999/", "http://h:0/", "http://a:b:c/"],
)
def test_an_invalid_url_is_none(text: str | None) -> None:
    assert Address.parse(text) is None


@pytest.mark.parametrize(
    ("reached", "xaddr", "expected"),
    [
        (HERE, "http://192.0.2.7:9000/m", "http://192.0.2.7:9000/m"),
        (HERE, "http://192.0.2.8:9000/m", "http://192.0.2.7:9000/m"),
        (HERE, "http://0.0.0.0:9000/m", "http://192.0.2.7:9000/m"),
        (HERE, "https://192.168.1.1/m", "https://192.0.2.7/m"),
        (BEHIND_NAT, "http://192.168.1.1:80/m", "http://192.0.2.7:8000/m"),
        (BEHIND_NAT, "https://192.168.1.1/m", "http://192.0.2.7:8000/m"),
        (BEHIND_NAT, "http://192.0.2.7:9000/m", "http://192.0.2.7:9000/m"),
        (HERE, "rtsp://192.0.2.7/m", None),
        (HERE, None, None),
    ],
)
def test_a_service_is_redirected_to_the_reached_host(
    reached: Reached, xaddr: str | None, expected: str | None
) -> None:
    assert reached.service(xaddr) == expected


@pytest.mark.parametrize(
    ("xaddr", "translated"),
    [
        ("http://192.168.1.1/d", True),
        ("http://192.168.1.1:8000/d", False),
        ("http://192.0.2.7/d", False),
        ("http://192.0.2.8:1/d", False),
        (None, False),
    ],
)
def test_a_device_announced_at_another_port_is_behind_a_translation(
    *, xaddr: str | None, translated: bool
) -> None:
    assert HERE.translates_ports(xaddr) is translated


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("rtsp://192.168.1.1:8554/a", "rtsp://192.0.2.7:8554/a"),
        ("rtsp://192.168.1.1/a?x=1&y=2", "rtsp://192.0.2.7/a?x=1&y=2"),
        ("rtsp://u:p@192.0.2.7:554/a", "rtsp://192.0.2.7:554/a"),
        ("rtsp://admin:p@ss/w:rd #?%é@192.0.2.7/a", "rtsp://192.0.2.7/a"),
        (
            "rtsp://admin:p%40ss%2Fw%3Ard%20%23%3F%25%C3%A9@192.0.2.7/a",
            "rtsp://192.0.2.7/a",
        ),
        ("http://192.168.1.1/stream", "http://192.0.2.7:8000/stream"),
        ("rtsps://192.0.2.7:322/a", "rtsps://192.0.2.7:322/a"),
        ("file:///etc/passwd", ""),
        ("concat:a|b", ""),
        ("udp://192.0.2.7/a", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_stream_keeps_its_port_and_loses_its_login(uri: str | None, expected: str) -> None:
    assert BEHIND_NAT.stream(uri, LOGIN) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://192.168.1.1/s.jpg", "http://192.0.2.7/s.jpg"),
        ("http://a:b@192.0.2.7/s.jpg", "http://192.0.2.7/s.jpg"),
        ("http://192.0.2.7/s?user=admin&password=x", "http://192.0.2.7/s"),
        ("http://192.0.2.7/s?c=1&user=admin&password=x&d=2", "http://192.0.2.7/s?c=1&d=2"),
        ("http://192.0.2.7/s?superuser=1", "http://192.0.2.7/s?superuser=1"),
        ("rtsp://192.0.2.7/s", None),
        (None, None),
    ],
)
def test_a_snapshot_has_no_login(uri: str | None, expected: str | None) -> None:
    assert HERE.snapshot(uri, LOGIN) == expected


def test_the_device_service_is_where_it_was_reached() -> None:
    assert HERE.device("/onvif/device_service") == "http://192.0.2.7:8000/onvif/device_service"
    secure = Reached(host="2001:db8::7", port=443, secure=True)
    assert secure.device("x") == "https://[2001:db8::7]:443/x"


def test_brackets_around_an_entered_host_are_removed() -> None:
    assert unbracketed(" [2001:db8::7] ") == "2001:db8::7"
    assert unbracketed("camera.lan") == "camera.lan"
