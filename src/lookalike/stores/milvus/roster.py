"""The encoders of a collection, as they are kept beside its records."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lookalike.encoders import projection as projections
from lookalike.encoders.projection import Projection
from lookalike.errors import StoreError, WeightsError
from lookalike.indexes import IndexSpec
from lookalike.indexes.parameters import Value
from lookalike.records import EncoderSpec
from lookalike.stores.milvus.kept import KeptEntry, KeptTable

ENCODER, PROJECTION = "encoder", "projection"
"""Kinds of entries."""


@dataclass(frozen=True, slots=True)
class Member:
    """One encoder of the collection.

    `size` are the components, or bits, of a vector as it is compared; `projection` is the version
    of what made them other than the encoder's, empty where nothing does. `generation` counts the
    tables of compared vectors that it has had, `added` says when it came, in nanoseconds.
    """

    spec: EncoderSpec
    size: int
    projection: str
    index: IndexSpec
    generation: int
    added: int

    @property
    def is_hash(self) -> bool:
        """Whether it makes hashes rather than embeddings."""
        return self.spec.kind == "hash"

    @property
    def has_raw(self) -> bool:
        """Whether its embeddings are kept as it made them, beside those that are compared."""
        return bool(self.projection)

    def entry(self) -> KeptEntry:
        """It as an entry of the table of what is kept."""
        value = {
            "kind": self.spec.kind,
            "size": self.spec.size,
            "fingerprint": self.spec.fingerprint,
            "compared": self.size,
            "projection": self.projection,
            "index": self.index.to_dict(),
            "generation": self.generation,
            "added": self.added,
        }
        return KeptEntry(ENCODER, self.spec.name, value)


def members(kept: KeptTable) -> dict[str, Member]:
    """The encoders by name, in the order they were added."""
    found = [_member(entry) for entry in kept.every(ENCODER)]
    found.sort(key=lambda one: (one.added, one.spec.name))
    return {one.spec.name: one for one in found}


def trying(
    known: dict[str, Member], parameters: Mapping[str, Mapping[str, Value]]
) -> dict[str, Member]:
    """The encoders, some of them with other parameters of a search, by name."""
    tried = {
        name: replace(known[name], index=known[name].index.with_search(values))
        for name, values in parameters.items()
        if name in known
    }
    return {**known, **tried}


def projection_entry(one: Member, projection: Projection) -> KeptEntry:
    """A projection as an entry, by the encoder's name and the generation that it is of."""
    file = io.BytesIO()
    projections.write(projection, file)
    return KeptEntry(PROJECTION, _key(one), base64.b64encode(file.getvalue()).decode())


def projection(kept: KeptTable, one: Member) -> Projection | None:
    """What an encoder's embeddings are compared through.

    Raises:
        StoreError: what is kept of it is damaged.
    """
    if not one.projection:
        return None
    value = kept.get(PROJECTION, [_key(one)]).get(_key(one))
    try:
        return projections.read(io.BytesIO(base64.b64decode(value or "")))
    except (WeightsError, ValueError) as error:
        name = one.spec.name
        raise StoreError(
            f"The projection of {name} that is kept with the collection is damaged: choose it "
            f"again with `lookalike rebuild --projection {name}=default`, or `{name}=none`."
        ) from error


def forget_projection(kept: KeptTable, one: Member) -> None:
    """Forget the projection of a generation that is no more."""
    kept.remove(PROJECTION, [_key(one)])


def forget_projections(kept: KeptTable, known: Mapping[str, Member]) -> None:
    """Forget projections of other generations than those that these encoders have now."""
    now = {_key(one) for one in known.values() if one.projection}
    held = [entry.key for entry in kept.every(PROJECTION)]
    kept.remove(
        PROJECTION,
        [key for key in held if key not in now and key.partition(":")[2] in known],
    )


def _key(one: Member) -> str:
    return f"{one.generation}:{one.spec.name}"


def _member(entry: KeptEntry) -> Member:
    value: dict[str, Any] = entry.value
    spec = EncoderSpec(entry.key, value["kind"], value["size"], value["fingerprint"])
    return Member(
        spec,
        value["compared"],
        value["projection"],
        IndexSpec.from_dict(value["index"]),
        value["generation"],
        value["added"],
    )
