"""Answering by segments: hits whose hash equals the query's in so many equal parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lookalike.errors import UsageError
from lookalike.records import EncoderSpec, Hit
from lookalike.search.choose import Choice, Wish, choose_encoders
from lookalike.search.fingerprints import COPY_HASH
from lookalike.search.terms import Term
from lookalike.stores.base import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Segments:
    """At least `minimum` of `count` segments of a hash must be equal."""

    minimum: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Segments":
        """Of a text such as 6/8.

        Raises:
            UsageError: it is another text.
        """
        found = (
            re.fullmatch(r"\s*(\d{1,3})\s*/\s*(\d{1,3})\s*", text) if type(text) is str else None
        )
        if found is None:
            raise UsageError(
                f"segments are written MINIMUM/COUNT, such as 6/8 for at least 6 of 8, got {text!r}"
            )
        return cls(int(found[1]), int(found[2]))


def choose_hash(store: Store, terms: Sequence[Term], wished: Wish) -> Choice:
    """The one hash that answers: the one wished for, else pHash where there is one.

    Raises:
        UsageError: the collection has no hash, or another encoder or several were wished for.
    """
    hashes = [spec.name for spec in store.encoders() if spec.kind == "hash"]
    if wished is None:
        if not hashes:
            raise UsageError(
                "only hashes have segments, and the collection has none: "
                f"`lookalike index --encoder {COPY_HASH} PATH` adds one"
            )
        wished = [COPY_HASH if COPY_HASH in hashes else hashes[0]]
    choice = choose_encoders(store, terms, wished)
    if len(choice.specs) != 1 or choice.specs[0].kind != "hash":
        raise UsageError(
            f"only one hash can be matched by segments, not {choice}; "
            f"the collection has {', '.join(hashes) or 'none'}"
        )
    return choice


def explained(
    store: Store,
    spec: EncoderSpec,
    query: "NDArray[np.uint8]",
    hits: Sequence[Hit],
    segments: Segments,
) -> list[Hit]:
    """The hits, each with the number of equal segments before its reason."""
    from lookalike.hamming.segments import equal_segments

    ids = [hit.id for hit in hits]
    whole, trimmed = store.vectors(spec.name, ids), store.trimmed(spec.name, ids)
    told = []
    for hit in hits:
        own = [hashes[hit.id] for hashes in (whole, trimmed) if hit.id in hashes]
        equal = max((equal_segments(query, one, segments.count) for one in own), default=0)
        reason = f"{equal} of {segments.count} segments equal, {hit.reason}"
        told.append(replace(hit, reason=reason))
    return told
