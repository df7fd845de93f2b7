"""Settings, decisions about pairs of records, and files that were not added."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from lookalike.attributes import check_text
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import Decision, Skipped
from lookalike.stores.milvus import reading
from lookalike.stores.milvus.kept import KeptEntry
from lookalike.stores.milvus.links import DECISION, SKIPPED
from lookalike.stores.milvus.state import State

_SETTING = "setting"
_FIELDS = ("uri", "tenant", "size", "modified_ns", "duplicate_of", "reason")


def setting_entry(key: str, value: Any) -> KeptEntry:
    """A setting as it is kept."""
    return KeptEntry(_SETTING, key, value)


def decision_entry(one: Decision) -> KeptEntry:
    """A decision as it is kept."""
    value = {"kind": one.kind, "made": one.made}
    return KeptEntry(DECISION, _pair(one), value, one.first, one.second)


def skipped_entry(file: Skipped) -> KeptEntry:
    """A file that was not added as it is kept."""
    value = {name: getattr(file, name) for name in _FIELDS}
    return KeptEntry(SKIPPED, _name(file.tenant, file.uri), value, file.duplicate_of)


def setting(state: State, key: str) -> Any | None:
    """The value of a key, None when there is none."""
    return state.kept.get(_SETTING, [key]).get(key)


def settings(state: State) -> dict[str, Any]:
    """All values by key."""
    return {entry.key: entry.value for entry in state.kept.every(_SETTING)}


def set_setting(state: State, key: str, value: Any | None) -> None:
    """Keep a value, or forget it with None.

    Raises:
        UsageError: JSON cannot hold it.
    """
    if value is None:
        state.kept.remove(_SETTING, [key])
        return
    try:
        state.kept.put([setting_entry(key, value)])
    except (TypeError, ValueError) as error:
        raise UsageError(f"The setting {key!r} cannot be kept as JSON: {error}.") from error


def decide(state: State, decisions: Sequence[Decision]) -> None:
    """Keep decisions; one about the same pair is replaced.

    Raises:
        UsageError: the ids of a pair are not in order.
        NotFoundError: there is no record of an id.
    """
    for one in decisions:
        if not one.first < one.second:
            raise UsageError(
                f"A decision about records {one.first} and {one.second} names the smaller id first."
            )
    there = reading.by_id(state, {key for one in decisions for key in (one.first, one.second)})
    for one in decisions:
        if one.first not in there or one.second not in there:
            raise NotFoundError(
                f"There is no record {one.first} or no record {one.second} to decide about."
            )
    last = {_pair(one): one for one in decisions}
    state.kept.put([decision_entry(one) for one in last.values()])


def forget_decisions(state: State, decisions: Sequence[Decision]) -> None:
    """Forget decisions about pairs; those not there are passed over."""
    state.kept.remove(DECISION, [_pair(one) for one in decisions])


def decisions(state: State) -> list[Decision]:
    """All decisions, in order of ids."""
    found = [
        Decision(entry.value["kind"], entry.first, entry.second, entry.value["made"])
        for entry in state.kept.every(DECISION)
    ]
    return sorted(found, key=lambda one: (one.first, one.second))


def skip(state: State, files: Sequence[Skipped]) -> None:
    """Remember files; one that is known already is replaced.

    Raises:
        NotFoundError: there is no record that one is said to duplicate.
    """
    for file in files:
        check_text(file.uri, "The uri")
        check_text(file.tenant, "The tenant")
    there = reading.by_id(state, {file.duplicate_of for file in files})
    for file in files:
        if file.duplicate_of not in there:
            raise NotFoundError(
                f"There is no record {file.duplicate_of} that {file.uri} could be a duplicate of."
            )
    last = {_name(file.tenant, file.uri): file for file in files}
    state.kept.put([skipped_entry(file) for file in last.values()])


def skipped(state: State, uris: Sequence[str], tenant: str) -> dict[str, Skipped]:
    """Files of one tenant that were not added, by uri."""
    found = state.kept.get(SKIPPED, [_name(tenant, uri) for uri in dict.fromkeys(uris)])
    files = [Skipped(**value) for value in found.values()]
    return {file.uri: file for file in files}


def all_skipped(state: State) -> Iterator[Skipped]:
    """Files that were not added, of every tenant."""
    for entry in state.kept.every(SKIPPED):
        yield Skipped(**entry.value)


def _pair(one: Decision) -> str:
    return f"{one.first}:{one.second}"


def _name(tenant: str, uri: str) -> str:
    """The key of a file: names may be longer than keys."""
    return hashlib.blake2b(f"{tenant}\0{uri}".encode(), digest_size=16).hexdigest()
