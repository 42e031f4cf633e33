"""A connection to a camera: TCP, with TLS if its address says so."""

from __future__ import annotations

import hashlib
import select
import socket
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..errors import StreamError, StreamProblem

if TYPE_CHECKING:
    import ssl

    from .addresses import Address

# Bytes read at once.
CHUNK = 65536


class Deadline:
    """The time until which a camera has to answer."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, or none."""
        return max(0.0, self._end - monotonic())

    def check(self) -> float:
        """Seconds that are left. Raises StreamError if there are none."""
        if left := self.left:
            return left
        raise StreamError(StreamProblem.STALLED)


class Connection:
    """One connection to a camera; nothing is sent before its certificate is checked."""

    def __init__(self, address: Address, certificate: str | None, deadline: Deadline) -> None:
        """`certificate`: the fingerprint it must have. Raises StreamError."""
        self._secure: ssl.SSLSocket | None = None
        self.certificate: str | None = None
        plain = _connected(address, deadline)
        self.socket: socket.socket = plain
        try:
            plain.settimeout(0)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if address.secure:
                self.socket = self._secure = _encrypted(plain, address.host, deadline)
                self._check(certificate)
        except BaseException:
            self.close()
            raise
        try:
            # They are known only while it is open.
            self.peer: tuple[Any, ...] = self.socket.getpeername()
            self.own: tuple[Any, ...] = self.socket.getsockname()
        except OSError as error:
            self.close()
            raise _unreachable(error) from error

    def _check(self, certificate: str | None) -> None:
        shown = self._secure.getpeercert(binary_form=True) if self._secure else None
        self.certificate = hashlib.sha256(shown or b"").hexdigest()
        if certificate is not None and self.certificate != _plain_hex(certificate):
            raise StreamError(StreamProblem.CERTIFICATE, self.certificate)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def send_all(self, data: bytes, deadline: Deadline) -> None:
        """Send everything. Raises StreamError when that takes too long, OSError when it fails."""
        left = memoryview(data)
        while left:
            if sent := self.send(left):
                left = left[sent:]
            else:
                self._wait(deadline, writing=True)

    def receive_some(self, deadline: Deadline) -> bytes:
        """What comes next; nothing at the end. Raises as `send_all`."""
        while (data := self.receive()) is None:
            self._wait(deadline, writing=False)
        return data

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send what can be sent at once; how many bytes that was. Raises OSError."""
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            if self._secure and _waits(error):
                return 0
            raise

    def receive(self) -> bytes | None:
        """What has come; None if nothing has, and nothing at the end. Raises OSError."""
        try:
            return self.socket.recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError as error:
            if self._secure and _waits(error):
                return None
            raise

    def _wait(self, deadline: Deadline, *, writing: bool) -> None:
        wait_for(self.socket, deadline, writing=writing)


def wait_for(one: socket.socket, deadline: Deadline, *, writing: bool) -> None:
    """Wait until a socket can be read or written. Raises StreamError when it is too late."""
    poll = select.poll()
    poll.register(one, select.POLLOUT if writing else select.POLLIN)
    poll.poll(deadline.check() * 1000)


def _connected(address: Address, deadline: Deadline) -> socket.socket:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _unreachable(error) from error
    last: OSError = OSError("no address")
    for number, (family, kind, protocol, _, where) in enumerate(found):
        one = socket.socket(family, kind, protocol)
        try:
            one.settimeout(max(deadline.left / (len(found) - number), 0.001))
            one.connect(where)
        except OSError as error:
            one.close()
            last = error
        else:
            return one
    raise _unreachable(last) from last


def _encrypted(plain: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
    try:
        # Not every Python has it, and few cameras need it.
        import ssl  # noqa: PLC0415 - as above
    except ImportError as error:
        raise StreamError(StreamProblem.REFUSED, "TLS: not on this machine") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Cameras sign their certificates themselves: the fingerprint is compared instead.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    name = host.partition("%")[0]
    secure = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                wait_for(secure, deadline, writing=False)
            except ssl.SSLWantWriteError:
                wait_for(secure, deadline, writing=True)
            else:
                return secure
    except OSError as error:
        secure.close()
        raise StreamError(StreamProblem.REFUSED, f"TLS: {_text(error)}") from error
    except BaseException:
        secure.close()
        raise


def _waits(error: OSError) -> bool:
    import ssl  # noqa: PLC0415 - there is an encrypted connection

    return isinstance(error, ssl.SSLWantReadError | ssl.SSLWantWriteError)


def _plain_hex(fingerprint: str) -> str:
    return fingerprint.replace(":", "").lower()


def _unreachable(error: OSError | UnicodeError) -> StreamError:
    return StreamError(StreamProblem.UNREACHABLE, _text(error))


def _text(error: OSError | UnicodeError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
