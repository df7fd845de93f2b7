"""All checks of one target, each guarded: what is broken stops no other."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lookalike.doctor import disk, memory, processor, terminal
from lookalike.doctor.finding import Finding, warning
from lookalike.errors import LookalikeError
from lookalike.stores.milvus.address import begins_as_address

Check = Callable[[], Iterable[Finding]]


def examine(target: str) -> Iterator[Finding]:
    """Look at this machine and at a collection, which need not be there.

    Args:
        target: a folder, or the address of a collection on a server.

    Yields:
        One finding at a time, as it is made; nothing is changed.
    """
    address = begins_as_address(target)
    state = _State()
    yield from _guarded("processor", processor.check)
    yield from _guarded("packages", _packages)
    yield from _guarded("text", terminal.check)
    if address:
        yield from _guarded("memory", memory.check)
        yield from _guarded("disk", lambda: disk.check(Path.cwd()))
        yield from _guarded("server", lambda: _server(target, state))
    else:
        yield from _guarded("collection", lambda: _collection(target, state))
        yield from _guarded("memory", lambda: memory.check(state.index_bytes))
        yield from _guarded("disk", lambda: disk.check(Path(target), state.index_bytes))
    yield from _guarded("models", lambda: _weights(state.encoders))


class _State:
    """What the look at the collection told, for later checks."""

    def __init__(self) -> None:
        self.index_bytes = 0
        self.encoders: tuple[str, ...] = ()


def _packages() -> Iterable[Finding]:
    from lookalike.doctor import packages

    return packages.check()


def _server(target: str, state: _State) -> Iterator[Finding]:
    from lookalike.doctor import collection, server, tables

    reached = False
    for finding in server.check(target):
        reached = reached or finding.topic == "clock"
        yield finding
    if reached:
        yield from _guarded("tables", lambda: tables.check(target))
        yield from collection.check(target, state)


def _collection(target: str, state: _State) -> Iterable[Finding]:
    from lookalike.doctor import collection

    return collection.check(target, state)


def _weights(encoders: tuple[str, ...]) -> Iterable[Finding]:
    from lookalike.adding import DEFAULT_ENCODERS
    from lookalike.doctor import weights

    return weights.check(encoders or DEFAULT_ENCODERS)


def _guarded(topic: str, check: Check) -> Iterator[Finding]:
    """The findings of a check; one that cannot be made is a finding itself."""
    try:
        yield from check()
    except Exception as error:  # a doctor that falls ill helps nobody
        said = str(error) or type(error).__name__
        advice = "see the message; `lookalike doctor` says more about the other parts"
        if not isinstance(error, LookalikeError):
            said = f"could not be looked at ({type(error).__name__}: {said})"
        yield warning(topic, said.splitlines()[0], advice)
