"""The RTSP session with a camera, from the connection to what it plays."""

from __future__ import annotations

import re
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import StreamError, StreamProblem
from ..messages import Link, Transport
from .addresses import parse
from .authentication import Login
from .connection import Connection, Deadline
from .datagrams import Datagrams
from .description import Described, Track, tracks_of
from .logins import Logins
from .messages import Message, Splitter, composed

if TYPE_CHECKING:
    from ..messages import Source
    from .addresses import Address
    from .logins import Turn

_OK = range(200, 300)
_REDIRECTS = frozenset({301, 302, 303, 305, 307, 308})
_UNAUTHORIZED = 401
_OTHER_TRANSPORT = 461
_PROBLEMS = {
    _UNAUTHORIZED: StreamProblem.UNAUTHORIZED,
    404: StreamProblem.NOT_FOUND,
    453: StreamProblem.TOO_MANY_VIEWERS,
    _OTHER_TRANSPORT: StreamProblem.UNSUPPORTED_TRANSPORT,
    503: StreamProblem.TOO_MANY_VIEWERS,
}
# What cameras answer to a transport that they do not know.
_NO_TRANSPORT = frozenset({400, 405, 406, 415, 456, 461, 463, 500, 501, 551})
_MOST_REDIRECTS = 3
# Answers and requests that a camera may send to one request of ours.
_MOST_ANSWERS = 16
# Bytes of video that are kept when they come before the answer to PLAY.
_MOST_EARLY = 256 * 1024
# Seconds after which cameras forget a session in which nothing was asked.
_FORGOTTEN = 60.0
_SHORTEST, _LONGEST = 3.0, 3600.0
_CHANNELS = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?", re.IGNORECASE)
_PORTS = re.compile(r"server_port=(\d{1,5})(?:-(\d{1,5}))?", re.IGNORECASE)
_SEQUENCE = re.compile(r";\s*seq=\d{1,5}\b", re.IGNORECASE)
_TICKS = re.compile(r";\s*rtptime=\d{1,10}\b", re.IGNORECASE)
_TIMEOUT = re.compile(r";\s*timeout=\s*(\d{1,6})", re.IGNORECASE)
_MAX_CHANNEL = 255
_MAX_PORT = 65535
_AGENT = ("User-Agent", "Porchlight")


class _RedirectedError(Exception):
    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class _SoundError(Exception):
    """The camera plays no sound, and perhaps nothing more in this session."""


class _TransportError(Exception):
    """The camera does not send in the way that it was asked to."""

    def __init__(self, response: Message) -> None:
        super().__init__(_shown(response))
        self.detail = _shown(response)
        # It says that this is why, or agreed to something else.
        self.certain = response.status == _OTHER_TRANSPORT or response.status in _OK


type Channels = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """What a camera plays: tracks, with the channels that carry their RTP and RTCP packets.

    `early` is what came of it before it said so; `starts` is each track's RTP-Info.
    """

    tracks: tuple[tuple[Track, Channels], ...]
    early: bytes
    starts: tuple[str, ...] = ()


class Session:
    """A session with one camera. It talks to the source's host and port and to nobody else."""

    def __init__(self, source: Source, turn: Turn | None = None, *, sound: bool = False) -> None:
        """`turn` is what other streams know of the login; None if there are none.

        `sound`: whether the camera's sound is played, too, where it has some.
        """
        self._source = source
        self._turn = turn or Logins().turn(source)
        self._sound = sound and not self._turn.is_mute
        self._login = Login(source.credentials, basic=source.basic)
        self._connection: Connection | None = None
        self._splitter = Splitter()
        self._number = 0
        self._id = ""
        self._aggregate = ""
        self._early: bytearray | None = None
        self.transport = Transport.TCP
        # The fingerprint of the camera's certificate; None without encryption.
        self.certificate: str | None = source.certificate
        self.forgotten = _FORGOTTEN
        # One for each track that comes over UDP.
        self.datagrams: list[Datagrams] = []

    @property
    def link(self) -> Link:
        """How the camera was reached."""
        return Link(transport=self.transport, certificate=self.certificate, basic=self._login.basic)

    @property
    def connection(self) -> Connection:
        """The connection to the camera. Raises StreamError if there is none."""
        if self._connection is None:
            raise StreamError(StreamProblem.ENDED, "not open")
        return self._connection

    def open(self, deadline: Deadline) -> Playing:
        """Have the camera play. Raises StreamError with its reason."""
        try:
            return self._open(deadline)
        except OSError as error:
            self.close()
            raise StreamError(StreamProblem.ENDED, error.strerror or str(error)) from error
        except BaseException:
            self.close()
            raise

    def leave(self, unsent: bytes, deadline: Deadline) -> None:
        """Leave the camera once it has confirmed that, or at the deadline.

        `unsent` is the rest of what was not sent as a whole before.
        """
        if self._connection is None or not self._id:
            return
        with suppress(OSError, StreamError):
            self._connection.send_all(unsent + self.request("TEARDOWN"), deadline)
            self._id = ""
            answers: list[Message] = []
            while not any(one.status for one in answers):
                data = self._connection.receive_some(deadline)
                if not data:
                    return
                answers = self.cut(data)[1]

    def close(self) -> None:
        """Hang up; a session that was not left is, without waiting for what the camera says."""
        while self.datagrams:
            self.datagrams.pop().close()
        if self._connection:
            self._turn.over()
            if self._id:
                with suppress(OSError):
                    self._connection.send(self.request("TEARDOWN"))
                self._id = ""
            self._connection.close()
            self._connection = None

    def _open(self, deadline: Deadline) -> Playing:
        address = parse(self._source.url)
        self.transport = Transport.UDP if self._source.transport is Transport.UDP else Transport.TCP
        if self._source.certificate is not None and not address.secure:
            raise StreamError(StreamProblem.CERTIFICATE, "not encrypted")
        redirects = 0
        certain = False
        while True:
            self._connect(address, deadline)
            try:
                return self._play(address, deadline)
            except _RedirectedError as error:
                redirects += 1
                if redirects > _MOST_REDIRECTS:
                    raise StreamError(StreamProblem.REFUSED, "too many redirects") from error
                address = address.redirected(error.location)
            except _SoundError:
                self._sound = False
                self._login = Login(self._source.credentials, basic=self._source.basic)
            except _TransportError as error:
                certain = certain or error.certain
                # Over UDP, what was encrypted would not be.
                other = self._source.transport is Transport.AUTO and not address.secure
                if not other or self.transport is Transport.UDP:
                    problem = StreamProblem.REFUSED
                    if certain:
                        problem = StreamProblem.UNSUPPORTED_TRANSPORT
                    raise StreamError(problem, error.detail) from error
                self.transport = Transport.UDP

    def _connect(self, address: Address, deadline: Deadline) -> None:
        self.close()
        self._splitter = Splitter()
        self._early = None
        # Also between two connections the camera must stay the same.
        self._connection = Connection(address, self.certificate, deadline)
        self.certificate = self._connection.certificate

    def _play(self, address: Address, deadline: Deadline) -> Playing:
        base, found = self._describe(address, deadline)
        self._aggregate = base.at(found.control).uri if "://" in found.control else base.uri
        uris: list[str] = []
        tracks: list[tuple[Track, Channels]] = []
        for track in found.tracks:
            target = base.below(track.control)
            if target.uri in uris:
                # Set up anew, the video would come where the sound was to be.
                continue
            channels = self._set_up(target, [used for _, used in tracks], deadline)
            if channels:
                uris.append(target.uri)
                tracks.append((track, channels))
        self._early = bytearray()
        response = self._asked("PLAY", self._aggregate, deadline, ("Range", "npt=0.000-"))
        return Playing(
            tracks=tuple(tracks),
            early=bytes(self._early),
            starts=starts(response.first("rtp-info"), uris),
        )

    def _describe(self, address: Address, deadline: Deadline) -> tuple[Address, Described]:
        accept = ("Accept", "application/sdp")
        response = self._asked("DESCRIBE", address.uri, deadline, accept)
        reference = response.first("content-base") or response.first("content-location")
        found = tracks_of(response.body, sound=self._sound)
        return address.at(reference) if reference else address, found

    def _set_up(self, track: Address, used: list[Channels], deadline: Deadline) -> Channels | None:
        """The channels that carry a track; None for a further one that is not to be had."""
        low = 2 * len(used)
        datagrams = None
        if self.transport is Transport.TCP:
            wanted = f"RTP/AVP/TCP;unicast;interleaved={low}-{low + 1}"
        elif track.secure:
            raise StreamError(StreamProblem.UNSUPPORTED_TRANSPORT, "UDP is not encrypted")
        else:
            datagrams = Datagrams(self.connection, low)
            self.datagrams.append(datagrams)
            wanted = f"RTP/AVP;unicast;client_port={datagrams.port}-{datagrams.port + 1}"
        response = self._begun(track.uri, wanted, deadline, further=bool(used))
        try:
            channels = self._agreed(response, datagrams, low)
        except (_TransportError, _RedirectedError, StreamError):
            if not used:
                raise
            # The video plays without it.
            if datagrams:
                self.datagrams.pop().close()
            return None
        return None if any({*channels} & {*others} for others in used) else channels

    def _begun(self, uri: str, wanted: str, deadline: Deadline, *, further: bool) -> Message:
        """The answer to SETUP. Raises _SoundError if there is none for a `further` track."""
        asked = "SETUP", uri
        if not further:
            return self._answered(*asked, deadline, ("Transport", wanted))
        try:
            # The rest of the time is for the video alone.
            return self._answered(
                *asked, Deadline(deadline.left / 2), ("Transport", wanted), proven=True
            )
        except (StreamError, OSError) as error:
            if isinstance(error, StreamError) and error.problem is StreamProblem.UNAUTHORIZED:
                # The login was accepted for the video: it is right. Asked again and again for
                # what this account may not hear, a camera would lock it.
                self._turn.mute()
            raise _SoundError from error

    def _agreed(self, response: Message, datagrams: Datagrams | None, low: int) -> Channels:
        """The channels of a track that was set up; those asked for if the camera names none."""
        if response.status in _NO_TRANSPORT:
            raise _TransportError(response)
        _expect(response)
        self._note_session(response)
        given = response.first("transport").partition(",")[0]
        if datagrams is None:
            if given and "interleaved" not in given.lower() and "/TCP" not in given.upper():
                raise _TransportError(response)
            return _pair_in(_CHANNELS, given, _MAX_CHANNEL) or (low, low + 1)
        if "interleaved" in given.lower() or "multicast" in given.lower():
            raise _TransportError(response)
        datagrams.begin(_pair_in(_PORTS, given, _MAX_PORT))
        return low, low + 1

    def _note_session(self, response: Message) -> None:
        if self._id:
            return
        value = response.first("session")
        self._id = value.partition(";")[0].strip()
        if timeout := _TIMEOUT.search(value):
            self.forgotten = min(max(float(timeout[1]), _SHORTEST), _LONGEST)

    def _asked(
        self, method: str, uri: str, deadline: Deadline, *headers: tuple[str, str]
    ) -> Message:
        response = self._answered(method, uri, deadline, *headers)
        _expect(response)
        return response

    def _answered(
        self,
        method: str,
        uri: str,
        deadline: Deadline,
        *headers: tuple[str, str],
        proven: bool = False,
    ) -> Message:
        """The answer to a request, asked again with a login if the camera wants one.

        `proven`: whether a refusal says nothing of the login, which this session was opened with.
        """
        again = False
        while True:
            login = self._login.header(method, uri)
            with nullcontext() if login is None or proven else self._turn.show(deadline):
                data = self._composed(method, uri, login, headers)
                self.connection.send_all(data, deadline)
                response = self._response(deadline)
                if response.status != _UNAUTHORIZED:
                    if login is not None:
                        self._login.accepted(response)
                        self._turn.accepted()
                    return response
                self._login.challenged(response, answered=login is not None, again=again)
            again = login is not None
            if response.first("connection").lower() == "close":
                self._reconnect(deadline)

    def _reconnect(self, deadline: Deadline) -> None:
        if self._id:
            raise StreamError(StreamProblem.ENDED)
        self._connect(parse(self._source.url), deadline)

    def _composed(
        self, method: str, uri: str, login: str | None, headers: tuple[tuple[str, str], ...] = ()
    ) -> bytes:
        self._number += 1
        values = [("CSeq", str(self._number)), _AGENT, *headers]
        if self._id:
            values.append(("Session", self._id))
        if login is not None:
            values.append(("Authorization", login))
        return composed(f"{method} {uri} RTSP/1.0", values)

    def request(self, method: str) -> bytes:
        """A request about the whole session; without the login once it was refused for one."""
        known = self._turn.trusts
        login = self._login.header(method, self._aggregate) if known else None
        return self._composed(method, self._aggregate, login)

    def keeps(self, now: float) -> bool:
        """Whether a sign of life may be sent now; else soon."""
        return not self._source.credentials.username or self._turn.keep(now)

    def kept(self) -> None:
        """Record that it was answered."""
        self._turn.kept()

    def accepted(self, response: Message) -> None:
        """Take an answer that is no refusal while it plays.

        It says nothing of the login: some cameras check none once a session plays.
        """
        self._login.accepted(response)

    def renew(self, response: Message, *, again: bool) -> bool:
        """Take a refusal while it plays; whether the login may be sent `again` after it."""
        try:
            self._login.challenged(response, answered=True, again=again)
        except StreamError:
            self._turn.doubt()
            return False
        return True

    def cut(self, data: bytes) -> tuple[bytes, list[Message]]:
        """The frames and the messages in what has come. Raises StreamError."""
        frames: list[bytes] = []
        messages: list[Message] = []
        for one in self._splitter.feed(data):
            if isinstance(one, Message):
                messages.append(one)
            else:
                frames.append(one)
        return frames[0] if len(frames) == 1 else b"".join(frames), messages

    def _response(self, deadline: Deadline) -> Message:
        """The next final answer. Cameras' numbers are not compared: some repeat one."""
        seen = 0
        found: Message | None = None
        while found is None:
            data = self.connection.receive_some(deadline)
            if not data:
                raise StreamError(StreamProblem.ENDED, "no answer")
            frames, messages = self.cut(data)
            if self._early is not None and len(self._early) + len(frames) <= _MOST_EARLY:
                self._early += frames
            for message in messages:
                seen += 1
                if seen > _MOST_ANSWERS:
                    raise StreamError(StreamProblem.BROKEN, "too many answers")
                if message.status is None:
                    self._requested(message, deadline)
                elif message.status >= _OK.start and found is None:
                    found = message
        return found

    def _requested(self, request: Message, deadline: Deadline) -> None:
        if request.method == "REDIRECT":
            raise _RedirectedError(request.first("location"))
        self.connection.send_all(not_implemented(request), deadline)


def not_implemented(request: Message) -> bytes:
    """The answer to a camera's request."""
    number = [("CSeq", request.first("cseq"))]
    return composed("RTSP/1.0 501 Not Implemented", number)


def _expect(response: Message) -> None:
    """Raise what a refusal means."""
    status = response.status or 0
    if status in _REDIRECTS:
        raise _RedirectedError(response.first("location"))
    if status not in _OK:
        raise StreamError(_PROBLEMS.get(status, StreamProblem.REFUSED), _shown(response))


def _shown(response: Message) -> str:
    """A refusal, without the camera's own words: they could be any, the password too."""
    return f"RTSP status {response.status}"


def starts(header: str, uris: list[str]) -> tuple[str, ...]:
    """Where each track begins, out of an RTP-Info header: nothing unless all are there."""
    found = []
    for uri in uris:
        own = [one for one in header.split(",") if _names(one, uri)]
        values = own and (_SEQUENCE.search(own[0]), _TICKS.search(own[0]))
        if not values or None in values:
            return ()
        found.append(";".join(one[0].strip("; ") for one in values if one))
    return tuple(found)


def _names(entry: str, uri: str) -> bool:
    """Whether an entry of RTP-Info is a track's: cameras name it with and without a host."""
    named = entry.strip().removeprefix("url=").partition(";")[0].strip('" ')
    return bool(named) and uri.endswith(named)


def _pair_in(pattern: re.Pattern[str], transport: str, most: int) -> tuple[int, int] | None:
    match = pattern.search(transport)
    if match is None:
        return None
    first = int(match[1])
    second = int(match[2]) if match[2] else first + 1
    return (first, second) if max(first, second) <= most else None
