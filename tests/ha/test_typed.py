"""What people type as a camera's address is understood, and shown without a login."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.porchlight.onvif.values import Credentials, Typed
from custom_components.porchlight.runtime.address import Address
from custom_components.porchlight.runtime.typed import (
    TypedError,
    TypedProblem,
    read,
    without_login,
)

NASTY = "p@ss/w:rd #?%é"


def login(username: str = "", password: str = "") -> Credentials:
    return Credentials(username=username, password=password)


@pytest.mark.parametrize(
    ("text", "typed", "again"),
    [
        ("cam.local", Typed(host="cam.local"), "cam.local"),
        ("  192.168.1.20 \n", Typed(host="192.168.1.20"), "192.168.1.20"),
        ("//192.168.1.20", Typed(host="192.168.1.20"), "192.168.1.20"),
        ("Cam.Local.:8000", Typed(host="cam.local.", port=8000), "cam.local.:8000"),
        ("front_door-2", Typed(host="front_door-2"), "front_door-2"),
        ("türkamera.local", Typed(host="türkamera.local"), "türkamera.local"),
        ("192.168.1.20:554", Typed(host="192.168.1.20", port=554), "192.168.1.20:554"),
        ("192.168.1.20:", Typed(host="192.168.1.20"), "192.168.1.20"),
        ("[fd00::1]:81", Typed(host="fd00::1", port=81), "[fd00::1]:81"),
        ("[fd00::1]", Typed(host="fd00::1"), "[fd00::1]"),
        ("[1.2.3.4]:81", Typed(host="1.2.3.4", port=81), "1.2.3.4:81"),
        ("1.2.3.4/go?to=http://5.6.7.8", Typed(host="1.2.3.4", path="/go"), "1.2.3.4/go"),
        ("fd00::0:1", Typed(host="fd00::1"), "[fd00::1]"),
        ("http://1.2.3.4/", Typed(host="1.2.3.4", scheme="http"), "http://1.2.3.4"),
        (
            "HTTPS://1.2.3.4/x?y=z#t",
            Typed(host="1.2.3.4", scheme="https", path="/x", secure=True),
            "https://1.2.3.4/x",
        ),
        (
            "http://1.2.3.4:8000/onvif/device_service",
            Typed(host="1.2.3.4", port=8000, scheme="http", path="/onvif/device_service"),
            "http://1.2.3.4:8000/onvif/device_service",
        ),
        (
            "http://1.2.3.4/mail@home",
            Typed(host="1.2.3.4", scheme="http", path="/mail@home"),
            "http://1.2.3.4/mail@home",
        ),
        ("1.2.3.4:443", Typed(host="1.2.3.4", port=443, secure=True), "1.2.3.4:443"),
        ("1.2.3.4:8443", Typed(host="1.2.3.4", port=8443, secure=True), "1.2.3.4:8443"),
        ("http://1.2.3.4:443", Typed(host="1.2.3.4", port=443, scheme="http"), None),
        ("rtsp://1.2.3.4/live", Typed(host="1.2.3.4", scheme="rtsp"), "rtsp://1.2.3.4"),
        (
            "rtsps://1.2.3.4:322/live",
            Typed(host="1.2.3.4", port=322, scheme="rtsps", secure=True),
            "rtsps://1.2.3.4:322",
        ),
    ],
)
def test_an_address_is_read_as_people_type_it(text: str, typed: Typed, again: str | None) -> None:
    assert read(text) == (typed, login())
    assert str(typed) == (again or text)
    assert read(str(typed)) == (typed, login())


@pytest.mark.parametrize(
    ("text", "credentials"),
    [
        ("rtsp://viewer:secret@cam:554/live", login("viewer", "secret")),
        ("rtsp://viewer@cam:554/live", login("viewer")),
        ("viewer:secret@cam:554", login("viewer", "secret")),
        ("http://viewer:p@ss@cam:554", login("viewer", "p@ss")),
        ("rtsp://viewer:p%40ss%2F@cam:554/live", login("viewer", "p@ss/")),
        ("rtsp://viewer:pa/ss@cam:554/live", login("viewer", "pa/ss")),
        ("rtsp://viewer:pa?ss#@cam:554", login("viewer", "pa?ss#")),
        ("rtsp://viewer:a:b c@cam:554/live", login("viewer", "a:b c")),
    ],
)
def test_a_login_in_an_address_is_taken_out_of_it(text: str, credentials: Credentials) -> None:
    typed, found = read(text)
    assert (typed.host, typed.port) == ("cam", 554)
    assert found == credentials
    for shown in (str(typed), typed.place, repr(typed), without_login(text)):
        assert "viewer" not in shown
        assert credentials.password not in shown or not credentials.password


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *(
            (text, TypedProblem.INVALID)
            for text in (
                "",
                " ",
                "two words",
                "http://",
                "host:99999",
                "host:0",
                "host:eighty",
                "host:80:80",
                "192.168.1",
                "192.168.1.300",
                "192.168.1.20.",
                "192,168,1,20",
                "12345",
                "a..b",
                "[cam]:80",
                "[fd00::1",
                "fd00::1:80:90000",
                "ftp://cam",
                "239.255.255.250",
                "255.255.255.255",
                "0.0.0.0",  # noqa: S104 - it is refused
                "[ff02::c]",
                "[::]",
                "a" * 64,
                "cam\\x",
                "cam<script>",
                "\u200b",
            )
        ),
        *(
            (text, TypedProblem.ONE_LINK)
            for text in ("fe80::1", "[fe80::1%eth0]:80", "http://[fe80::1%25eth0]/", "fd00::1%3")
        ),
        *(
            (text, TypedProblem.UNCLEAR_LOGIN)
            for text in (
                f"rtsp://viewer:{NASTY}@cam:554/live",
                "rtsp://viewer:p@ss/word@cam/live",
                "rtsp://viewer:pass@cam/stream@home",
            )
        ),
    ],
)
def test_what_can_be_no_address_is_refused_with_its_reason(
    text: str, problem: TypedProblem
) -> None:
    with pytest.raises(TypedError) as caught:
        read(text)
    assert caught.value.problem is problem


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two words", "two words"),
        (f"rtsp://viewer:{NASTY}@two words", "rtsp://two words"),
        ("viewer:secret@two words", "two words"),
        ("rtsp://viewer:secret@", "rtsp://"),
        ("://viewer:secret@cam", "://cam"),
    ],
)
def test_what_is_shown_again_has_no_login(text: str, shown: str) -> None:
    assert without_login(text) == shown


@given(st.text() | st.from_regex(r"(rtsp://)?[a-c:@/?#%.\[\]0-9]*"))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    with suppress(TypedError):
        typed, _ = read(text)
        assert read(str(typed)) == (typed, login())
        assert "@" not in typed.place


@pytest.mark.parametrize(
    "address",
    [
        Address(host="1.2.3.4"),
        Address(host="1.2.3.4", port=8000, path="/x"),
        Address(host="1.2.3.4", port=443, secure=True),
        Address(host="1.2.3.4", port=443),
        Address(host="1.2.3.4", port=8443, secure=True),
        Address(host="fd00::1", port=81),
    ],
)
def test_a_known_address_means_the_same_when_it_is_typed(address: Address) -> None:
    typed, _ = read(str(address))
    assert (typed.host, typed.secure) == (address.host, address.secure)
    assert typed.port in {address.port, None}
    assert typed.path in {address.path, ""}
