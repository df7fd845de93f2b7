"""Connections to addresses that were checked, all within one deadline."""

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from lookalike.sources.address import is_public


class AddressRefusedError(Exception):
    """A name leads to an address that is not public."""


class Deadline:
    """A moment after which nothing more is waited for."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, at_most: float) -> float:
        """Seconds left, never more than `at_most`; TimeoutException when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException("the deadline has passed")
        return min(left, at_most)


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name once, checks every address, and connects to those very addresses.

    A name server that answers differently the second time (DNS rebinding) is never asked a
    second time. TLS still checks the certificate against the name.
    """

    def __init__(self, deadline: Deadline, step: float, allow_private: bool) -> None:
        """`step` is how many seconds a single connect, read or write may take."""
        self._deadline = deadline
        self._step = step
        self._allow_private = allow_private
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers."""
        addresses = resolve(host, port, self._deadline.left(self._step))
        if not self._allow_private and not all(map(is_public, addresses)):
            raise AddressRefusedError
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            left = self._deadline.left(self._step)
            try:
                stream = self._backend.connect_tcp(address, port, left, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline, self._step)
        raise failure


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every step ends with the deadline, however the bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, step: float) -> None:
        self._stream = stream
        self._deadline = deadline
        self._step = step

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(self._step))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(self._step))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(self._step)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _TimedStream(stream, self._deadline, self._step)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """All addresses of a host, numeric, in the resolver's order.

    Raises:
        httpcore.ConnectError: there are none.
        httpcore.ConnectTimeout: the resolver did not answer within `timeout` seconds; it has no
            limit of its own, hence the thread.
    """
    found: list[str] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError, OverflowError):
            return  # no such name, or none that can be
        found.extend(dict.fromkeys(str(address[0]) for *_, address in answers))

    thread = threading.Thread(target=look_up, name="lookalike-resolve", daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        raise httpcore.ConnectTimeout("the name server does not answer")
    if not found:
        raise httpcore.ConnectError("no such host")
    return found
