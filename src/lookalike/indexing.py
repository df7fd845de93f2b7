"""What looks after a collection's indexes."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.arguments import PATH, checked
from lookalike.stores.base import Progress, Store

if TYPE_CHECKING:
    from lookalike.indexes import IndexSpec, Wished
    from lookalike.stores.base import StoreStats
    from lookalike.tuning import Tuning


class Indexing:
    """The part of a `Collection` that is about its indexes."""

    _store: Store

    def indexes(self) -> "Mapping[str, IndexSpec]":
        """The index of each encoder, by name, with all its parameters."""
        return {spec.name: self._store.index(spec.name) for spec in self._store.encoders()}

    def asked_indexes(self, wished: "Wished") -> "dict[str, IndexSpec]":
        """The indexes that are given for this collection's encoders, by name.

        Raises:
            UsageError: it names an encoder that is not there, or what is for all fits none.
        """
        return wished.asked(self._store.encoders(), self._store.place, self._store.version)

    def outgrown(self) -> list[str]:
        """What to do about indexes that have become too small for their vectors, in words.

        Nothing is built again by itself.
        """
        from lookalike.indexes import outgrown

        found = (
            outgrown(
                one.spec.name,
                self._store.index(one.spec.name),
                self._store.place,
                vectors=one.vectors,
                dimensions=one.dimensions,
            )
            for one in self._store.stats().encoders
        )
        return [advice for advice in found if advice is not None]

    def not_indexed(self, stats: "StoreStats") -> list[str]:
        """Why vectors on a server are in no index, and what to do where that matters, in words."""
        from lookalike.stores.milvus.indexing import INDEXED_FROM

        if self._store.place != "milvus":
            return []
        found = []
        for one in stats.encoders:
            rest, name = one.vectors - one.indexed, one.spec.name
            kind = self._store.index(name).kind
            if rest <= 0 or kind == "FLAT":
                continue
            if rest < INDEXED_FROM:
                why = f"the server compares so few one by one; {kind} is for when there are more"
            else:
                why = "the server compares them one by one until it has made it, by itself"
            found.append(f"{name}: {rest:,} of {one.vectors:,} vectors are in no index: {why}")
        return found

    def set_index(
        self, encoder: str, index: "str | IndexSpec", *, progress: Progress | None = None
    ) -> "IndexSpec":
        """Give an encoder's vectors another index, reading no picture.

        Only search parameters changed: nothing is built. On a folder the old index answers until
        the new one is whole; on a server there are some seconds without answers.

        Args:
            encoder: one of the collection's.
            index: such as "HNSW:M=16,efConstruction=200", "FLAT", or "auto" for one chosen by the
                number of vectors.
            progress: called as progress(stage, done, total).

        Returns:
            The index with all its parameters.

        Raises:
            UsageError: there is no such encoder, or the store cannot make that index.
        """
        from lookalike.indexes import IndexSpec
        from lookalike.search.choose import find

        checked(index, str | IndexSpec, "an index is a text such as 'HNSW:M=16'")
        spec = IndexSpec.parse(index) if isinstance(index, str) else index
        return self._store.set_index(find(self._store.encoders(), encoder).name, spec, progress)

    def tune(
        self,
        encoder: str | None = None,
        *,
        recall: float = 0.95,
        limit: int = 10,
        count: int = 200,
        words: str | PathLike[str] | None = None,
        words_from: str | None = None,
        others: "Sequence[str | IndexSpec]" = (),
        sample: int = 50_000,
        memory: int | None = None,
        apply: bool = False,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> "Tuning":
        """Measure an index against exact search, and the parameters that reach a wished recall.

        Pictures of the collection are searched for, themselves left out, and words apart: an
        index that finds what is near a picture may fail words. The true answers come from
        comparing with every stored vector.

        Args:
            encoder: whose index; by default the one that understands words, or the first.
            recall: the wished share of the true nearest that a search finds, 0..1.
            limit: how many nearest, the k of recall@k.
            count: how many queries of each kind.
            words: a file of texts, one a line, or a table with a column text or caption.
            words_from: instead of it, an attribute whose texts are searched.
            others: other indexes to build on a sample of the vectors, and to compare.
            sample: how many vectors that is.
            memory: bytes that searching may take, of all query nodes of a server together: which
                index is right for them is among the advice. Unknown, 64 GiB are assumed.
            apply: keep the search parameters of the fastest setting that reaches the recall.
            seed: another one draws other queries.
            progress: called as progress(stage, done, total).

        Raises:
            UsageError: the arguments do not fit, or there is nothing to measure on.
            WeightsError: the text tower that words need cannot be had.
        """
        from lookalike.indexes import IndexSpec
        from lookalike.tuning import tune

        checked(words, PATH | None, "words are in a file: give its path")
        return tune(
            self._store,
            encoder=encoder,
            recall=recall,
            limit=limit,
            count=count,
            words=None if words is None else Path(words).expanduser(),
            words_from=words_from,
            others=[IndexSpec.parse(one) if isinstance(one, str) else one for one in others],
            sample=sample,
            memory=memory,
            apply=apply,
            seed=seed,
            progress=progress,
        )
