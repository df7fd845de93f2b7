"""Which index an encoder's vectors have, or are to have: kind and parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lookalike.errors import UsageError
from lookalike.indexes.kinds import KINDS, Kind
from lookalike.indexes.parameters import Value

AUTO = "auto"
"""The kind that stands for one chosen by size, memory and recall (`choose`)."""


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """A kind of index with its parameters, each as checked by the table in `kinds`.

    `build` are those that the index is made with, `search` those of every search. What is left
    out has the default of the store.

    Raises:
        UsageError: there is no such kind or parameter, or a value is out of range.
    """

    kind: str = AUTO
    build: Mapping[str, Value] = field(default_factory=dict)
    search: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = _kind_named(self.kind)
        object.__setattr__(self, "kind", AUTO if kind is None else kind.name)
        for name, values in (("build", self.build), ("search", self.search)):
            checked = {key: _read(kind, name, key, value) for key, value in values.items()}
            object.__setattr__(self, name, MappingProxyType(checked))

    def __hash__(self) -> int:
        return hash(str(self))

    @staticmethod
    def parse(text: str) -> "IndexSpec":
        """The spec of a text such as `HNSW:M=16,efConstruction=200,ef=128` or `auto`.

        Raises:
            UsageError: it cannot be read; the message says what is possible.
        """
        name, colon, rest = text.strip().partition(":")
        kind = _kind_named(name)
        build: dict[str, Value] = {}
        search: dict[str, Value] = {}
        for part in rest.split(",") if colon else ():
            key, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals or not key:
                raise UsageError(
                    f"the index {text!r}: write parameters as NAME=VALUE with commas between, "
                    "such as HNSW:M=16,efConstruction=200"
                )
            if key in build or key in search:
                raise UsageError(f"the index {text!r} gives {key} twice")
            building = kind is not None and any(one.name == key for one in kind.build)
            (build if building else search)[key] = value
        return IndexSpec(name, build, search)

    def __str__(self) -> str:
        values = [f"{key}={_shown(value)}" for key, value in {**self.build, **self.search}.items()]
        return f"{self.kind}:{','.join(values)}" if values else self.kind

    @property
    def table(self) -> Kind:
        """What the table says about the kind.

        Raises:
            UsageError: the kind is "auto", which is to be chosen first.
        """
        if self.kind == AUTO:
            raise UsageError("the index auto has no parameters: choose one by the vectors first")
        return KINDS[self.kind]

    def is_of(self, asked: "IndexSpec") -> bool:
        """Whether this one is what was asked for, as far as that says."""
        wanted = {**asked.build, **asked.search}
        mine = {**self.build, **self.search}
        same = all(mine.get(name) == value for name, value in wanted.items())
        return asked.kind == AUTO or (asked.kind == self.kind and same)

    def with_search(self, search: Mapping[str, Value]) -> "IndexSpec":
        """The same index with these parameters of a search, beside the others that it has."""
        return IndexSpec(self.kind, self.build, {**self.search, **search})

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": self.kind, "build": dict(self.build), "search": dict(self.search)}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "IndexSpec":
        """The spec of what `to_dict` gave."""
        return IndexSpec(values["kind"], values.get("build", {}), values.get("search", {}))


def _kind_named(name: str) -> Kind | None:
    if name.strip().lower() == AUTO:
        return None
    kind = KINDS.get(name.strip().upper())
    if kind is None:
        home = ", ".join(one.name for one in KINDS.values() if one.local)
        raise UsageError(
            f"there is no index {name.strip() or 'of an empty name'!r}; a folder has {AUTO}, "
            f"{home}; for what servers have, by version, see docs/indexes.md"
        )
    return kind


def _read(kind: Kind | None, name: str, key: str, value: object) -> Value:
    if kind is None:
        raise UsageError(f"the index auto takes no parameters, so not {key}: name a kind for it")
    of = kind.build if name == "build" else kind.search
    found = next((one for one in of if one.name == key), None)
    if found is None:
        raise UsageError(f"{kind.name} has no parameter {key}; {_possible(kind)}")
    try:
        return found.read(value)
    except UsageError as error:
        raise UsageError(f"{kind.name}: {error}") from None


def _possible(kind: Kind) -> str:
    every = [f"{one.name} ({one.range})" for one in (*kind.build, *kind.search)]
    return f"it takes {'; '.join(every)}" if every else "it takes none"


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
