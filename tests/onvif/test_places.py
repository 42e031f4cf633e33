"""Where a host's ONVIF service is looked for."""

from __future__ import annotations

import pytest
from porchlight.onvif import locate as module
from porchlight.onvif.locate import MAX_DATAGRAMS, MAX_HINTS, Place, Usual, places
from porchlight.onvif.values import Typed

from .test_probes import envelope, match


def test_only_the_host_is_listened_to_and_not_for_long() -> None:
    hints = [
        match(reference=f"urn:uuid:{number}", xaddrs=f"http://192.0.2.7:{1000 + number}/onvif/d")
        for number in range(MAX_HINTS + 5)
    ]
    listener = module._Listener("192.0.2.7")
    listener.datagram_received(envelope(*hints), ("192.0.2.8", 3702))
    listener.datagram_received(envelope(*hints) + b" " * 70_000, ("192.0.2.7", 3702))
    assert listener.places == []
    listener.datagram_received(envelope(*hints), ("192.0.2.7", 3702))
    assert [place.port for place in listener.places] == [1000 + n for n in range(MAX_HINTS)]
    listener.datagram_received(envelope(match()), ("192.0.2.7", 3702))
    assert len(listener.places) == MAX_HINTS

    deaf = module._Listener("192.0.2.7")
    for _ in range(MAX_DATAGRAMS):
        deaf.datagram_received(b"junk", ("192.0.2.7", 3702))
    deaf.datagram_received(envelope(match()), ("192.0.2.7", 3702))
    assert deaf.places == []


def test_a_path_that_is_too_long_is_no_hint() -> None:
    listener = module._Listener("192.0.2.7")
    listener.datagram_received(
        envelope(match(xaddrs=f"http://192.0.2.7/onvif/{'x' * 1000}")), ("192.0.2.7", 3702)
    )
    assert listener.places == []


USUAL = Usual(plain=(80, 8000), secure=(443,))
PLAIN = [Place(port=80), Place(port=8000)]
SECURE = [Place(port=443, secure=True)]


@pytest.mark.parametrize(
    ("typed", "at_port", "elsewhere"),
    [
        (Typed(host="h"), PLAIN[:1], [*PLAIN[1:], *SECURE]),
        (
            Typed(host="h", port=81),
            [Place(port=81), Place(port=81, secure=True)],
            [*PLAIN, *SECURE],
        ),
        (Typed(host="h", port=81, scheme="http"), [Place(port=81)], [*PLAIN, *SECURE]),
        (
            Typed(host="h", scheme="http", path="/x"),
            [Place(port=80, path="/x"), Place(port=80)],
            [*PLAIN[1:], *SECURE],
        ),
        (Typed(host="h", port=554, scheme="rtsp"), [], [*PLAIN, *SECURE]),
        (Typed(host="h", scheme="https", secure=True), SECURE, PLAIN),
        (
            Typed(host="h", port=81, scheme="https", secure=True),
            [Place(port=81, secure=True), Place(port=81)],
            [*SECURE, *PLAIN],
        ),
        (Typed(host="h", scheme="rtsps", secure=True), [], [*SECURE, *PLAIN]),
    ],
)
def test_the_places_are_asked_for_in_this_order(
    typed: Typed, at_port: list[Place], elsewhere: list[Place]
) -> None:
    assert places(typed, USUAL) == (at_port, elsewhere)
