from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.porchlight.runtime.text import MOST, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Front door", "Front door"),
        ("DS-2CD2143G2-I (outdoor) #2", "DS-2CD2143G2-I (outdoor) #2"),
        ("Haustür 前门", "Haustür 前门"),
        ("![x](http://203.0.113.9/x.png)", "!(x)(http //203.0.113.9/x.png)"),
        ("<img src=x onerror=alert(1)>", "(img src=x onerror=alert(1))"),
        ("one\n\n# two", "one # two"),
        ("www.example.com", "www example.com"),
        ("a&lt;b", "a lt;b"),
        ("\u202eroodt\u200bnorf", "roodt norf"),
        ("", ""),
    ],
)
def test_text_from_cameras_is_shown_as_text(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_no_text_is_long_or_has_what_markdown_and_html_need(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= MOST
    assert not set("[]<>`*\n\r\\") & set(shown)
    assert "://" not in shown
    assert plain(shown) == shown
