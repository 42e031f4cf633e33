"""To whom the password goes, in which form, and how often."""

from __future__ import annotations

import base64
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from porchlight.onvif.values import Credentials
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.rtsp.authentication import Login, challenges
from porchlight.worker.rtsp.messages import Message
from porchlight.worker.stream import Stream

from .scripted import USER, Asked, Guard, Scripted, ordinary, reply
from .support import PASSWORD, source

if TYPE_CHECKING:
    from collections.abc import Callable

    from porchlight.worker.messages import Source

    from .support import Stage

DIGESTS = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"]
WAITING = {"opening": 60.0, "reading": 60.0}


def opened(one: Source) -> Stream:
    """A stream after its first packet, and closed again; fails if none comes."""
    with Stream(one, **WAITING) as stream:
        next(stream.packets())
    return stream


def refused(one: Source) -> StreamError:
    """Why a stream does not open."""
    with pytest.raises(StreamError) as caught:
        opened(one)
    return caught.value


def refusal(*challenges: str) -> Message:
    headers = tuple(("www-authenticate", one) for one in challenges)
    return Message(start="RTSP/1.0 401 Unauthorized", headers=headers)


def fields(header: str | None) -> dict[str, str]:
    ((scheme, given),) = challenges([header or ""])
    assert scheme == "digest"
    return dict(given)


def rfc(username: str, password: str, *offers: str, own: str = "") -> dict[str, str]:
    """The answer to challenges of the RFCs' examples, which are HTTP's."""
    login = Login(Credentials(username=username, password=password), basic=False)
    login.challenged(refusal(*offers), answered=False, again=False)
    if own:
        login._method._own = own  # type: ignore[union-attr] # the examples fix it
    return fields(login.header("GET", "/dir/index.html"))


def test_the_example_of_rfc_2617_and_2069_without_quality() -> None:
    given = rfc(
        "Mufasa",
        "CircleOfLife",
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    )
    # RFC 2069's, as its erratum has it.
    assert given["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert "qop" not in given
    assert "cnonce" not in given


def test_the_example_of_rfc_2617() -> None:
    given = rfc(
        "Mufasa",
        "Circle Of Life",
        'Digest realm="testrealm@host.com", qop="auth,auth-int",'
        ' nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
        own="0a4f113b",
    )
    assert given["response"] == "6629fae49393a05397450978507c4ef1"
    assert (given["qop"], given["nc"], given["cnonce"]) == ("auth", "00000001", "0a4f113b")
    assert given["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    given = rfc(
        "Mufasa",
        "Circle of Life",
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},'
        ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",'
        ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
        own="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    assert given["response"] == response
    assert given["algorithm"] == algorithm


@pytest.mark.parametrize("algorithm", ["", *DIGESTS])
@pytest.mark.parametrize("more", ["", 'qop="auth"', 'qop="auth-int,auth"'])
def test_every_digest_opens_the_stream_with_one_login_for_each_request(
    algorithm: str, more: str
) -> None:
    guard = Guard(algorithm, more=more)
    with Scripted(guard) as camera:
        opened(camera.source)
    assert not guard.failed
    first = camera.asked[0]
    assert (first.method, first.login) == ("DESCRIBE", "")
    assert camera.methods[:4] == ["DESCRIBE", "DESCRIBE", "SETUP", "PLAY"]
    counts = [count for _, count in guard.counts[:3]]
    assert counts == (["00000001", "00000002", "00000003"] if more else ["", "", ""])


@pytest.mark.parametrize("offers", permutations(["MD5", "SHA-256", "Basic"]))
def test_the_strongest_is_chosen_in_whatever_order(offers: tuple[str, ...]) -> None:
    guard = Guard(*offers)
    with Scripted(guard) as camera:
        opened(camera.source)
    assert not guard.failed
    assert all("algorithm=SHA-256" in one for one in camera.logins)


def test_challenges_in_one_header_are_told_apart() -> None:
    found = list(
        challenges(['Basic realm="a, Digest b", Digest realm="x\\"y", nonce=n , algorithm=MD5'])
    )
    assert found == [
        ("basic", {"realm": "a, Digest b"}),
        ("digest", {"realm": 'x"y', "nonce": "n", "algorithm": "MD5"}),
    ]


@pytest.mark.parametrize(
    "offers", [("MD5",), ("SHA-256", "MD5"), ("MD5", "SHA-256"), ("MD5", "Basic"), ("Basic",)]
)
def test_one_wrong_password_is_one_failed_login(offers: tuple[str, ...]) -> None:
    guard = Guard(*offers, password="another")
    with Scripted(guard) as camera:
        assert refused(camera.source).problem is StreamProblem.UNAUTHORIZED
    assert len(guard.failed) == 1
    assert camera.methods == ["DESCRIBE", "DESCRIBE"]


@pytest.mark.parametrize("digest", ["MD5", "SHA-256", "SHA-256+MD5", "MD5+SHA-256"])
def test_a_simulated_camera_counts_one_failed_login_or_none(
    cameras: Callable[..., Stage], digest: str
) -> None:
    stage = cameras({"rtsp_digest": digest})
    opened(source(stage.camera))
    assert stage.call(stage.camera.state).refused_logins == 0
    error = refused(source(stage.camera, "wrong"))
    assert error.problem is StreamProblem.UNAUTHORIZED
    assert stage.call(stage.camera.state).refused_logins == 1


def test_without_a_challenge_no_login_is_sent() -> None:
    with Scripted() as camera:
        opened(camera.source)
    assert not camera.logins


def test_without_a_login_none_is_tried() -> None:
    guard = Guard("MD5", "Basic")
    with Scripted(guard, login=False) as camera:
        assert refused(camera.source).problem is StreamProblem.UNAUTHORIZED
    assert camera.methods == ["DESCRIBE"]


def test_a_refusal_without_a_challenge_is_a_wrong_login() -> None:
    with Scripted(lambda asked: reply("401 Unauthorized", asked=asked)) as camera:
        assert refused(camera.source).problem is StreamProblem.UNAUTHORIZED
    assert not camera.logins


def test_basic_is_sent_to_a_camera_that_knows_nothing_else() -> None:
    guard = Guard("Basic")
    with Scripted(guard) as camera:
        assert opened(camera.source).link.basic
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert set(camera.logins) == {f"Basic {pair}"}


@pytest.mark.parametrize(
    "offers", [("Basic",), ("Basic", "SHA-512-256"), ("Basic", "Negotiate"), ("X",)]
)
def test_the_password_never_goes_out_in_clear_where_it_must_not(offers: tuple[str, ...]) -> None:
    basic = offers != ("Basic",)
    with Scripted(Guard(*offers)) as camera:
        error = refused(camera.with_(basic=basic))
    if basic:
        assert error.problem is StreamProblem.REFUSED
        assert "login" in error.detail
    else:
        assert error.problem is StreamProblem.CLEAR_TEXT
    assert not camera.logins


def test_basic_after_digest_is_not_answered() -> None:
    digest, basic = Guard("MD5", password="another"), Guard("Basic")

    def answer(asked: Asked) -> bytes | None:
        return basic(asked) if asked.login else digest(asked)

    with Scripted(answer) as camera:
        assert refused(camera.source).problem is StreamProblem.UNAUTHORIZED
    assert len(camera.logins) == 1
    assert camera.logins[0].startswith("Digest ")


def test_a_stale_nonce_is_replaced() -> None:
    guard = Guard("SHA-256", "MD5")
    guard.stale = 1
    with Scripted(guard) as camera:
        opened(camera.source)
    assert not guard.failed
    assert guard.counts[:3] == [("n1", "00000001"), ("n2", "00000001"), ("n2", "00000002")]


def test_a_nonce_that_is_always_stale_is_replaced_once() -> None:
    guard = Guard("MD5")
    guard.stale = 100
    with Scripted(guard) as camera:
        assert refused(camera.source).problem is StreamProblem.UNAUTHORIZED
    assert len(camera.logins) == 2


def test_a_stale_answer_with_the_same_nonce_is_a_refusal() -> None:
    def answer(asked: Asked) -> bytes:
        challenge = 'WWW-Authenticate: Digest realm="r", nonce="same", stale=true'
        return reply("401 Unauthorized", challenge, asked=asked)

    with Scripted(answer) as camera:
        assert refused(camera.source).problem is StreamProblem.UNAUTHORIZED
    assert len(camera.logins) == 1


def test_a_new_nonce_for_each_request_is_answered_once_the_login_was_right() -> None:
    guard = Guard("MD5")
    guard.stale_word = ""

    def answer(asked: Asked) -> bytes | None:
        answered = guard(asked)
        # It takes each nonce once, and does not call the old one stale.
        guard.stale = int(asked.method == "DESCRIBE" and bool(asked.login))
        return answered

    with Scripted(answer) as camera:
        opened(camera.source)
    assert camera.methods[:5] == ["DESCRIBE", "DESCRIBE", "SETUP", "SETUP", "PLAY"]
    assert not guard.failed


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_the_next_nonce_is_used_when_the_camera_names_one(algorithm: str) -> None:
    guard = Guard(algorithm)
    guard.following = "yes"
    if algorithm.endswith("-sess"):
        # A session's key stays that of the first nonce, which this guard does not keep.
        guard._response = lambda given, _method: given["response"]  # type: ignore[method-assign] # as it says
    with Scripted(guard) as camera:
        opened(camera.source)
    assert not guard.failed
    assert guard.counts[:3] == [("n1", "00000001"), ("n2", "00000001"), ("n3", "00000001")]


def test_a_session_s_key_stays_that_of_the_challenge() -> None:
    login = Login(Credentials(username="u", password="p"), basic=False)
    offer = 'Digest realm="r", nonce="a", qop="auth", algorithm=MD5-sess'
    login.challenged(refusal(offer), answered=False, again=False)
    key = login._method._who  # type: ignore[union-attr] # a digest
    headers = (("authentication-info", 'nextnonce="b"'),)
    login.accepted(Message(start="RTSP/1.0 200 OK", headers=headers))
    assert fields(login.header("PLAY", "x"))["nonce"] == "b"
    assert login._method._who == key  # type: ignore[union-attr] # as above


def test_no_text_of_the_camera_s_adds_a_header() -> None:
    login = Login(Credentials(username='u"\r\nX: 1', password="p"), basic=False)
    offer = 'Digest realm="a\x0d\x0ab", nonce="\\"", opaque="\x00", algorithm=MD5'
    login.challenged(refusal(offer), answered=False, again=False)
    header = login.header("PLAY", "x") or ""
    assert "\r" not in header
    assert "\n" not in header
    assert '\\"X: 1"' in header
    assert 'nonce="\\""' in header


@pytest.mark.parametrize("basic", [True, False])
def test_a_login_refused_while_it_plays_is_not_sent_again(basic: bool) -> None:
    guard = Guard("Basic" if basic else "MD5", then=short)

    def answer(asked: Asked) -> bytes | None:
        if asked.method in {"OPTIONS", "GET_PARAMETER", "TEARDOWN"} and asked.login:
            guard.nonce += 1
            return reply("401 Unauthorized", *guard._challenges(""), asked=asked)
        return guard(asked)

    with Scripted(answer) as camera:
        with Stream(camera.source, **WAITING) as stream:
            packets = stream.packets()

            def after() -> int:
                return sum(one.method == "OPTIONS" and bool(one.login) for one in camera.asked)

            # A digest is tried once more, with the new nonce.
            expected = 1 if basic else 2
            while after() < expected:
                next(packets)
            for _ in range(150):
                next(packets)
        camera.wait(lambda: camera.left == 1)
    assert after() == expected
    last = camera.asked[-1]
    assert (last.method, last.login) == ("TEARDOWN", "")


def short(asked: Asked) -> bytes | None:
    """A camera that forgets sessions after three seconds."""
    answer = ordinary(asked)
    return answer and answer.replace(b"timeout=60", b"timeout=3")


def test_a_password_is_in_no_repr() -> None:
    one = Scripted()
    assert PASSWORD not in repr(replace(one.source, basic=False))
    one._server.close()
