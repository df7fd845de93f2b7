"""The tables of a collection on a server: all there and loaded, and none left over."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lookalike.doctor.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from lookalike.stores.milvus.address import MilvusAddress
    from lookalike.stores.milvus.connection import Connection


def check(target: str) -> Iterator[Finding]:
    """Looked at before the collection is opened to be searched, for that loads what is not."""
    from lookalike.stores.milvus import trying
    from lookalike.stores.milvus.address import MilvusAddress
    from lookalike.stores.milvus.connection import Connection
    from lookalike.stores.milvus.layout import Layout

    address = MilvusAddress.parse(target)
    connection = Connection(address)
    try:
        there = connection.tables()
        own = {name for name in there if name.partition("__")[0] == address.name}
        if Layout(address.name, {}).kept.name not in own or address.name not in own:
            # Opening it says so.
            return
        idle = [
            name for name in own if not name.endswith("__raw") and not _loaded(connection, name)
        ]
    finally:
        connection.close()
    if idle:
        yield warning(
            "tables",
            f"not loaded: {', '.join(sorted(idle))}",
            "the first search loads them and takes longer; where that fails, the server is short "
            "of memory (`lookalike plan` says what it takes)",
        )
    if tried := trying.left_over(there, address.name):
        yield warning(
            "tables",
            f"left of a `lookalike tune` that was killed: {', '.join(sorted(tried))}",
            "the next `lookalike tune --try` or `lookalike rebuild` drops them",
        )
    expected, compared = _expected(address)
    # The counts of an encoder say so where its table is gone.
    if compared <= own or not expected <= own | compared:
        yield judge(own, expected)


def judge(there: set[str], expected: set[str]) -> Finding:
    """Whether the tables that are there are those that the collection has."""
    if missing := sorted(expected - there):
        return problem(
            "tables",
            f"not there: {', '.join(missing)}",
            "somebody dropped them: restore the server's backup, or copy the collection anew",
        )
    if strays := sorted(there - expected):
        return warning(
            "tables",
            f"left over: {', '.join(strays)}",
            "unless a change of index or projection goes on elsewhere, drop them on the server",
        )
    return ok("tables", f"all {len(expected)} are there")


def _loaded(connection: "Connection", name: str) -> bool:
    state = connection.call(
        f"look whether {name} is loaded",
        lambda client, limit: client.get_load_state(name, timeout=limit)["state"],
    )
    return bool(state.name == "Loaded")


def _expected(address: "MilvusAddress") -> tuple[set[str], set[str]]:
    """The tables that a collection has, and those of them that searches compare with."""
    from lookalike.stores.milvus.state import open_state

    state = open_state(address, create=False, read_only=True, declared=None)
    try:
        names = {state.records.name, state.layout.kept.name}
        compared = {state.compared(one).name for one in state.members.values()}
        for one in state.members.values():
            if one.has_raw:
                names.add(state.layout.raw(one.spec).name)
        return names | compared, compared
    finally:
        state.close()
