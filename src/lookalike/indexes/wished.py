"""The indexes asked for when encoders come to a collection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from lookalike.errors import UsageError
from lookalike.indexes.kinds import Version
from lookalike.indexes.parameters import Place
from lookalike.indexes.spec import AUTO, IndexSpec
from lookalike.indexes.support import check

if TYPE_CHECKING:
    from lookalike.records import EncoderSpec
    from lookalike.stores.base import Store

Given: TypeAlias = "str | IndexSpec | Mapping[str, str | IndexSpec] | Wished"
"""One for all embeddings, or one for each of some encoders by name."""


@dataclass(frozen=True, slots=True)
class Wished:
    """The indexes of encoders by name, and of all other embeddings; those left out are "auto"."""

    others: IndexSpec | None = None
    named: Mapping[str, IndexSpec] = field(default_factory=dict)

    @staticmethod
    def of(given: "Given | None") -> "Wished":
        """Read what a caller gave.

        Raises:
            UsageError: it names no index; see `IndexSpec.parse`.
        """
        if given is None or isinstance(given, Wished):
            return given or Wished()
        if isinstance(given, str | IndexSpec):
            return Wished(_read(given))
        if not isinstance(given, Mapping):
            raise UsageError(
                "an index is a text such as 'HNSW:M=16', or a mapping of encoders to such, "
                f"not {type(given).__name__}"
            )
        return Wished(named={name: _read(spec) for name, spec in given.items()})

    @staticmethod
    def parse(texts: Sequence[str]) -> "Wished":
        """Read `SPEC` and `ENCODER=SPEC` texts, as the command takes them.

        Raises:
            UsageError: one cannot be read, or one encoder is named twice.
        """
        others: IndexSpec | None = None
        named: dict[str, IndexSpec] = {}
        for text in texts:
            name, equals, rest = text.partition("=")
            # `HNSW:M=16` has its colon before the first equals sign, `phash=BIN_FLAT` has not.
            if not equals or ":" in name:
                if others is not None:
                    raise UsageError("--index-type gives two indexes for all: name the encoders")
                others = IndexSpec.parse(text)
            elif name in named:
                raise UsageError(f"--index-type names {name} twice: choose one index for it")
            else:
                named[name] = IndexSpec.parse(rest)
        return Wished(others, named)

    def index(self, encoder: "EncoderSpec") -> IndexSpec:
        """The index of an encoder; `others` is not for hashes."""
        others = self.others if encoder.kind == "embedding" else None
        return self.named.get(encoder.name) or others or IndexSpec()

    def check(self, place: Place, version: Version | None = None) -> None:
        """See that a store can make them, as far as their vectors do not matter.

        Raises:
            UsageError: it cannot.
        """
        for spec in (self.others or IndexSpec(), *self.named.values()):
            check(spec, place, version, binary=_is_for_hashes(spec))

    def check_made(self, store: "Store") -> None:
        """See that a store has made no other.

        Raises:
            UsageError: an encoder that is there has another index, or its server cannot make one.
        """
        self.check(store.place, store.version)
        for encoder in store.encoders():
            wished, made = self.index(encoder), store.index(encoder.name)
            if not made.is_of(wished):
                raise UsageError(
                    f"{encoder.name} has the index {made}, not {wished}: leave the index out, or "
                    f"change it with `lookalike rebuild --index-type {encoder.name}={wished}`"
                )


def _is_for_hashes(spec: IndexSpec) -> bool:
    return spec.kind != AUTO and spec.table.vectors == "binary"


def _read(spec: str | IndexSpec) -> IndexSpec:
    return spec if isinstance(spec, IndexSpec) else IndexSpec.parse(spec)
