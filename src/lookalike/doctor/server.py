"""A Milvus server: whether it answers, how fast, which version, and whether its clock is ours."""

import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lookalike.doctor import clock
from lookalike.doctor.finding import Finding, ok, problem, warning
from lookalike.errors import LookalikeError, MissingExtraError, UsageError
from lookalike.views.text import milliseconds

if TYPE_CHECKING:
    from lookalike.stores.milvus.address import MilvusAddress
    from lookalike.stores.milvus.connection import Connection

_ROUNDS = 5
_PATIENCE_SECONDS = 5.0
_FAR_MS = 20.0
"""A search is one round trip and some milliseconds of work: from here on the way is most of it."""


def check(target: str) -> Iterator[Finding]:
    """Everything about the server of an address; ends with the first thing that stops the rest."""
    from lookalike.stores.milvus.address import MilvusAddress

    try:
        address = MilvusAddress.parse(target)
    except UsageError as error:
        yield problem("address", str(error), "docs/milvus.md has every part of an address")
        return
    reached = reach(address)
    yield reached
    if reached.level == "problem":
        return
    try:
        connection = _connect(address)
    except MissingExtraError as error:
        yield problem("server", str(error), "pip install 'lookalike[milvus]'")
        return
    except LookalikeError as error:
        yield problem(
            "server",
            str(error),
            "a port that is open and does not answer as Milvus may be another program's: the "
            "server's own log says more (docker logs, kubectl logs)",
        )
        return
    try:
        yield version(connection)
        yield latency(connection)
        yield _clock(connection)
    finally:
        connection.close()


def reach(address: "MilvusAddress") -> Finding:
    """Whether the server's port takes connections."""
    started = time.perf_counter()
    try:
        socket.create_connection((address.host, address.port), _PATIENCE_SECONDS).close()
    except socket.gaierror:
        return problem(
            "server",
            f"there is no machine called {address.host}",
            "see that the name is right, and that this machine's name service knows it",
        )
    except OSError as error:
        return problem(
            "server",
            f"{address.server} takes no connection ({error.strerror or 'no answer'})",
            "see that the server runs, that it listens on this port (19530 by default), and that "
            "no firewall is between",
        )
    took = (time.perf_counter() - started) * 1e3
    return ok("reachable", f"{address.server} takes connections in {milliseconds(took)}")


def _connect(address: "MilvusAddress") -> "Connection":
    from dataclasses import replace

    from lookalike.stores.milvus.connection import Connection

    return Connection(replace(address, timeout=min(address.timeout, 2 * _PATIENCE_SECONDS)))


def version(connection: "Connection") -> Finding:
    """The server's version, and what it lacks."""
    from lookalike.stores.milvus.capabilities import OLDEST

    found = ".".join(map(str, connection.version))
    if connection.version < OLDEST:
        return problem(
            "server version",
            f"Milvus {found}",
            f"lookalike needs {'.'.join(map(str, OLDEST[:2]))} or newer: upgrade the server",
        )
    lacks = _lacks(connection.version)
    if lacks:
        return ok("server version", f"Milvus {found}, without {'; '.join(lacks)}")
    return ok("server version", f"Milvus {found}")


def _lacks(version: tuple[int, int, int]) -> list[str]:
    from lookalike.indexes import available
    from lookalike.stores.milvus.capabilities import CAPABILITIES, can

    calls = [one.about for name, one in CAPABILITIES.items() if not can(version, name)]
    newest = {kind.name for kind in available("milvus")}
    here = {kind.name for kind in available("milvus", version)}
    kinds = sorted(name for name in newest - here if not name.startswith("GPU_"))
    return [*calls, *([f"indexes {', '.join(kinds)}"] if kinds else [])]


def latency(connection: "Connection") -> Finding:
    """How long the smallest question takes."""
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        connection.call(
            "ask for the version", lambda client, limit: client.get_server_version(timeout=limit)
        )
        times.append((time.perf_counter() - started) * 1e3)
    median = sorted(times)[_ROUNDS // 2]
    found = f"the smallest question takes {milliseconds(median)}"
    if median > _FAR_MS:
        return warning(
            "latency",
            found,
            "every search takes at least that: search from a machine nearer to the server",
        )
    return ok("latency", found)


def _clock(connection: "Connection") -> Finding:
    def ask(client: object, limit: float) -> int:
        handler = client._get_connection()  # type: ignore[attr-defined]
        return int(handler.alloc_timestamp(timeout=limit))

    asked = time.time()
    stamp = connection.call("ask for the time", ask)
    return clock.judge(clock.seconds(stamp), asked, time.time())
