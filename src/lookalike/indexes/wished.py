"""The indexes asked for when encoders come to a collection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from lookalike.errors import UsageError
from lookalike.indexes.kinds import Version
from lookalike.indexes.parameters import Place
from lookalike.indexes.spec import AUTO, IndexSpec
from lookalike.indexes.support import available, check

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
        """The index of an encoder; `others` is for those whose vectors it fits."""
        others = self.others if self._fits(encoder.kind) else None
        return self.named.get(encoder.name) or others or IndexSpec()

    def asked(
        self, encoders: Sequence["EncoderSpec"], place: Place, version: Version | None = None
    ) -> dict[str, IndexSpec]:
        """The indexes that are given for these encoders, by name; "auto" is not for hashes.

        Raises:
            UsageError: it names none of them, or what is for all others fits none.
        """
        from lookalike.search.choose import find

        self.check_fits({one.name: one.kind for one in encoders}, place, version)
        found = {}
        if self.others is not None:
            auto = self.others.kind == AUTO
            for one in encoders:
                if self._fits(one.kind) and not (auto and one.kind == "hash"):
                    found[one.name] = self.others
        return {**found, **{find(encoders, name).name: one for name, one in self.named.items()}}

    def check_fits(
        self, encoders: Mapping[str, str], place: Place, version: Version | None = None
    ) -> None:
        """See that the one for all others is for one of these encoders at least.

        `encoders` says by name what they make, "embedding" or "hash".

        Raises:
            UsageError: it fits none, though there are some.
        """
        if self.others is None or not encoders or any(map(self._fits, encoders.values())):
            return
        # They all make the same.
        binary = "hash" in encoders.values()
        can = ", ".join([AUTO, *(one.name for one in available(place, version, binary=binary))])
        raise UsageError(
            f"the index {self.others.kind} fits no encoder here: {', '.join(encoders)} "
            f"{'makes' if len(encoders) == 1 else 'make'} {'hashes' if binary else 'embeddings'}, "
            f"for which there are: {can}"
        )

    def _fits(self, kind: str) -> bool:
        if self.others is None or self.others.kind == AUTO:
            return True
        return _is_for_hashes(self.others) == (kind == "hash")

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
