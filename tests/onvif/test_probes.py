from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from porchlight.onvif.probes import LARGEST_ANSWER, probe, read_answers
from porchlight.onvif.values import Found

from .replay import RECORDINGS

UUID = "9f2c4c1e-1a0b-4b53-9d0e-b8a44fa04f26"
NVT = "dn:NetworkVideoTransmitter"


def match(
    *,
    xaddrs: str = "http://192.0.2.7/onvif/device_service",
    reference: str = f"urn:uuid:{UUID}",
    types: str = NVT,
    scopes: str = "",
) -> str:
    return (
        f"<d:ProbeMatch><a:EndpointReference><a:Address>{reference}</a:Address>"
        f"</a:EndpointReference><d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes>"
        f"<d:XAddrs>{xaddrs}</d:XAddrs></d:ProbeMatch>"
    )


def envelope(*matches: str) -> bytes:
    return (
        "<?xml version='1.0'?><s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'"
        " xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing'"
        " xmlns:d='http://schemas.xmlsoap.org/ws/2005/04/discovery'><s:Body><d:ProbeMatches>"
        f"{''.join(matches)}</d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


def read(data: bytes, sender: str = "192.0.2.7") -> list[Found]:
    return [each.found for each in read_answers(data, sender=sender, source="192.0.2.1")]


def test_a_probe_is_well_formed_and_never_the_same_twice() -> None:
    first, second = probe(NVT), probe(NVT)
    assert first != second
    types = next(each for each in ET.fromstring(first).iter() if each.tag.endswith("Types"))  # noqa: S314 - our own
    assert types.text == NVT
    assert b"Types" not in probe("")


def test_an_answer_is_parsed_completely() -> None:
    scopes = (
        "onvif://www.onvif.org/name/Back%20door onvif://www.onvif.org/hardware/Eye_7"
        " onvif://www.onvif.org/MAC/B8:A4:4F:A0:4F:26 onvif://www.onvif.org/name/Other"
    )
    assert read(envelope(match(xaddrs="https://192.0.2.7/dev", scopes=scopes))) == [
        Found(
            host="192.0.2.7",
            port=443,
            path="/dev",
            secure=True,
            endpoint=UUID,
            name="Back door",
            model="Eye 7",
            mac="b8:a4:4f:a0:4f:26",
            scopes=tuple(scopes.split()),
        )
    ]


def test_several_cameras_may_answer_in_one_datagram() -> None:
    two = (match(), match(xaddrs="http://192.0.2.8:8899/onvif/device_service", reference="x-two"))
    assert [found.port for found in read(envelope(*two))] == [80, 8899]


@pytest.mark.skipif(
    not (RECORDINGS / "agsh_mock/Probe.xml").exists(), reason="the recordings aren't here"
)
def test_a_recorded_answer_is_read() -> None:
    data = (RECORDINGS / "agsh_mock/Probe.xml").read_bytes()
    (found,) = read(data.replace(b"SERVICE_URI", b"http://192.0.2.111:8080/onvif/services"))
    assert (found.host, found.port, found.path) == ("192.0.2.111", 8080, "/onvif/services")
    assert (found.name, found.model) == ("PREDATOR", "HD PREDATOR")
    assert found.endpoint == "c9790c3a-701b-464d-a189-0060351c8ada"


@pytest.mark.parametrize(
    ("xaddrs", "xaddr"),
    [
        ("http://192.0.2.200/a http://192.0.2.7/b", "http://192.0.2.7:80/b"),
        ("http://10.0.0.7/a http://192.0.2.9/b", "http://192.0.2.9:80/b"),
        ("http://[fe80::7]/a http://169.254.1.7/b http://10.0.0.7/c", "http://10.0.0.7:80/c"),
        ("http://[fe80::7%25eth0]/a http://169.254.1.7/b", "http://169.254.1.7:80/b"),
        ("http://[fe80::7]/a http://[2001:db8::7]/b", "http://[2001:db8::7]:80/b"),
        ("http://camera.lan/a http://10.0.0.7/b", "http://10.0.0.7:80/b"),
        # Whoever answers could name any host on the internet.
        ("http://cameras.example.com:8080/a", "http://192.0.2.7:8080/a"),
        ("http://8.8.8.8/a http://[2600::1]/b", "http://192.0.2.7:80/a"),
        ("http://0.0.0.0:8899/onvif/d", "http://192.0.2.7:8899/onvif/d"),
        ("http://127.0.0.1/onvif/d", "http://192.0.2.7:80/onvif/d"),
        ("ftp://192.0.2.9/a junk", "http://192.0.2.7:80/onvif/device_service"),
        ("", "http://192.0.2.7:80/onvif/device_service"),
        ("http://192.0.2.7", "http://192.0.2.7:80/onvif/device_service"),
    ],
)
def test_the_reachable_address_is_picked(xaddrs: str, xaddr: str) -> None:
    (found,) = read(envelope(match(xaddrs=xaddrs)))
    assert found.xaddr == xaddr


@pytest.mark.parametrize(
    ("types", "scopes", "xaddrs", "is_camera"),
    [
        (NVT, "", "http://192.0.2.7/x", True),
        ("", "onvif://www.onvif.org/type/ptz", "http://192.0.2.7/x", True),
        ("", "", "http://192.0.2.7/onvif/device_service", True),
        ("wsdp:Device pub:Computer", "", "http://192.0.2.7:5357/4c1e", False),
        ("wsdp:Device wprt:PrintDeviceType", "ldap:///x", "http://192.0.2.7/wsd", False),
    ],
    ids=["type", "scope", "path", "computer", "printer"],
)
def test_printers_and_computers_are_left_out(
    *, types: str, scopes: str, xaddrs: str, is_camera: bool
) -> None:
    assert bool(read(envelope(match(types=types, scopes=scopes, xaddrs=xaddrs)))) is is_camera


BOMB = (
    b"<?xml version='1.0'?><!DOCTYPE bomb [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>"
    b"<s:Envelope xmlns:s='x'><d:ProbeMatch xmlns:d='y'><d:Types>NetworkVideoTransmitter"
    b"</d:Types><d:XAddrs>http://192.0.2.7/&b;</d:XAddrs></d:ProbeMatch></s:Envelope>"
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\xff",
        b"<not closed",
        b"<a/>",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        envelope()[:-9],
        BOMB,
        BOMB.decode().encode("utf-16"),
        BOMB.replace(b"&b;", b""),
        envelope(match()) + b" " * LARGEST_ANSWER,
    ],
)
def test_an_invalid_answer_is_ignored(data: bytes) -> None:
    assert read(data) == []


def test_only_its_doctype_makes_the_entity_bomb_invalid() -> None:
    start = BOMB.index(b"<s:")
    assert len(read(BOMB[start:].replace(b"&b;", b""))) == 1


@pytest.mark.parametrize("noise", [(b"\r\n", b"\0\0"), (b"\xef\xbb\xbf", b"\n")])
def test_noise_around_an_answer_is_cut_off(noise: tuple[bytes, bytes]) -> None:
    assert len(read(noise[0] + envelope(match()) + noise[1])) == 1


def test_an_answer_without_a_reference_is_a_camera_without_an_endpoint() -> None:
    (found,) = read(envelope(match().replace("a:Address", "a:Elsewhere")))
    assert found.endpoint is None
