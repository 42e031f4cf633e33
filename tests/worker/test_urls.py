from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from porchlight.onvif.values import Credentials
from porchlight.worker.messages import Source
from porchlight.worker.urls import redact, with_login

NASTY = ["p@ss/w:rd #?%é", "//", "@", ":", "a%2Fb", "[::1]", "日本 語", "\\", "'\"<>&+", "?", "#"]


def address(url: str, *login: str) -> str:
    username, password = login or ("admin", "secret")
    return with_login(
        Source(url=url, credentials=Credentials(username=username, password=password))
    )


@pytest.mark.parametrize("password", NASTY)
@pytest.mark.parametrize("username", ["admin", "häns@home"])
def test_a_login_is_found_again_whatever_it_holds(username: str, password: str) -> None:
    parts = urlsplit(address("rtsp://192.0.2.1:554/live?a=b", username, password))
    assert parts.hostname == "192.0.2.1"
    assert parts.port == 554
    assert (parts.path, parts.query, parts.fragment) == ("/live", "a=b", "")
    assert unquote(parts.username or "") == username
    assert unquote(parts.password or "") == password


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rtsp://[fe80::1]:554/a", "rtsp://admin:secret@[fe80::1]:554/a"),
        ("rtsp://[fe80::1]/a", "rtsp://admin:secret@[fe80::1]/a"),
        ("rtsp://host", "rtsp://admin:secret@host"),
        ("rtsp://old:login@host/a", "rtsp://admin:secret@host/a"),
        ("rtsp://host/a@b", "rtsp://admin:secret@host/a@b"),
        ("rtsp://host/a?x=%2F#t", "rtsp://admin:secret@host/a?x=%2F#t"),
    ],
)
def test_a_login_goes_before_the_host(url: str, expected: str) -> None:
    assert address(url) == expected


def test_a_login_with_an_empty_password_is_one() -> None:
    assert address("rtsp://host/a", "admin", "") == "rtsp://admin:@host/a"


def test_without_a_username_the_address_stays() -> None:
    assert address("rtsp://host/a", "", "secret") == "rtsp://host/a"


@pytest.mark.parametrize("password", NASTY)
def test_no_login_is_left_in_a_text(password: str) -> None:
    url = address("rtsp://192.0.2.1/live", "häns@home", password)
    assert redact(f"refused: '{url}' and {url}.") == (
        "refused: 'rtsp://192.0.2.1/live' and rtsp://192.0.2.1/live."
    )


@pytest.mark.parametrize(
    "text", ["", "no address", "rtsp://host/a@b", "a@b // c@d", "rtsp://[fe80::1]/a"]
)
def test_a_text_without_login_stays(text: str) -> None:
    assert redact(text) == text
