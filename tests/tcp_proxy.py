"""A TCP proxy that can misbehave, to put in front of a server."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

from milvus_server import HOST, free_ports

_CHUNK = 65536


class Proxy:
    """Passes connections on to a port of this machine, and spoils them when told to.

    `delay` is how many seconds each answer is held back; while `swallowing`, nothing that is sent
    arrives at either side, and no connection is closed.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay = 0.0
        self.swallowing = False
        self.connections = 0
        self._live: set[socket.socket] = set()
        self._lock = threading.Lock()
        with free_ports(1) as (self.port,):
            pass
        self._listener: socket.socket | None = None
        self.accept()

    def address(self, name: str) -> str:
        """The address of a collection, by way of this proxy."""
        return f"milvus://{HOST}:{self.port}/{name}"

    def accept(self) -> None:
        """Take connections, again after `refuse`."""
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port))
            threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Close the port, and every connection with it."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone does not wake the thread that waits in accept().
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection there is; new ones are taken."""
        with self._lock:
            live, self._live = self._live, set()
        for one in live:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                far = socket.create_connection((HOST, self.target))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._live |= {near, far}
            for source, sink, answers in ((near, far, False), (far, near, True)):
                threading.Thread(
                    target=self._pass, args=(source, sink, answers), daemon=True
                ).start()

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if answers and self.delay:
                    time.sleep(self.delay)
                if not self.swallowing:
                    sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxied(target: int) -> Iterator[Proxy]:
    """A proxy for the length of a block."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.refuse()
