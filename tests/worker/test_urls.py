from __future__ import annotations

from urllib.parse import quote

import pytest
from porchlight.worker.urls import redact

NASTY = ["p@ss/w:rd #?%é", "//", "@", ":", "a%2Fb", "[::1]", "日本 語", "\\", "'\"<>&+", "?", "#"]


@pytest.mark.parametrize("password", NASTY)
def test_no_login_is_left_in_a_text(password: str) -> None:
    url = f"rtsp://{quote('häns@home')}:{quote(password, safe='')}@192.0.2.1/live"
    assert redact(f"refused: '{url}' and {url}.") == (
        "refused: 'rtsp://192.0.2.1/live' and rtsp://192.0.2.1/live."
    )


@pytest.mark.parametrize(
    "text", ["", "no address", "rtsp://host/a@b", "a@b // c@d", "rtsp://[fe80::1]/a"]
)
def test_a_text_without_login_stays(text: str) -> None:
    assert redact(text) == text
