"""A store with everything in it that a copy must bring along."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.encoders.projection import Projection
from lookalike.records import Decision, EncoderSpec, Record, Skipped
from lookalike.stores.base import Entry, Store

DIM = 16
EMBEDDING = EncoderSpec("looks", "embedding", DIM, "weights-1")
WORDS = EncoderSpec("words", "embedding", 8, "")
HASH = EncoderSpec("phash", "hash", 64, "")
_TURN = np.linalg.qr(np.random.default_rng(3).standard_normal((DIM, DIM)))[0].astype(np.float32)
PROJECTION = Projection("turned", np.full(DIM, 0.01, np.float32), _TURN[:, :12])
COUNT = 120


def unit(seed: list[int], size: int) -> NDArray[np.float32]:
    made = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made), np.float32)


def entry(number: int, version: int = 0) -> Entry:
    """A picture; every third has no vector of `words`, every fourth a border."""
    bits = np.random.default_rng([number, version]).integers(0, 256, 8).astype(np.uint8)
    vectors: dict[str, Any] = {"looks": unit([number, version], DIM), "phash": bits}
    if number % 3:
        vectors["words"] = unit([number, version, 1], 8)
    bordered = number % 4 == 0
    return Entry(
        f"file:///photos/{number}.jpg",
        tenant=("", "a", "b")[number % 3],
        sha256=bytes([version]) + number.to_bytes(31, "big"),
        md5=number.to_bytes(16, "big"),
        size=1000 + number,
        modified_ns=1_600_000_000_123_456_789 + number,
        width=640,
        height=480,
        format="JPEG",
        attributes={"price": number + 0.5, "colour": "red" if number % 2 else "blue", "n": number},
        vectors=vectors,
        qualities={"phash": number % 101},
        trimmed={"phash": ~bits} if bordered else {},
        pixels=number.to_bytes(16, "little") if number % 5 else None,
        border="black" if bordered else None,
    )


def add_encoders(store: Store) -> None:
    store.add_encoder(EMBEDDING, PROJECTION)
    store.add_encoder(WORDS)
    store.add_encoder(HASH)


def fill(store: Store, count: int = COUNT) -> list[int]:
    """Everything; returns the ids of pictures 0, 1, ..."""
    add_encoders(store)
    entries = [entry(number) for number in range(count)]
    ids = store.upsert(entries)
    # Links to records with smaller and with larger ids.
    for number, other in ((5, 2), (2, 50), (60, 2)):
        store.upsert([replace(entries[number], duplicate_of=ids[other])])
    pairs = [sorted((ids[a], ids[b])) for a, b in ((3, 9), (9, 30))]
    store.decide([Decision("keep", *pairs[0], 5.25), Decision("ignore", *pairs[1], 6.5)])
    store.skip([Skipped("file:///photos/again.jpg", "a", 10, 11, ids[4], "same bytes")])
    store.set_setting("thresholds", {"radius": 7, "similar": {"looks": 0.5}})
    return ids


@dataclass(frozen=True, eq=False)
class Vector:
    """A hash or an embedding, or none."""

    values: NDArray[Any] | None

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Vector)
        one, two = self.values, other.values
        if one is None or two is None:
            return one is two
        close = 0 if one.dtype == np.uint8 else 2e-3
        return one.dtype == two.dtype and np.allclose(one, two, rtol=0, atol=close)

    __hash__ = None  # type: ignore[assignment]


def known(store: Store, *, ids: bool = True) -> dict[tuple[str, str], dict[str, Any]]:
    """All that is known of each record, by tenant and uri; without ids if asked.

    Embeddings are equal when they are nearly so: stores keep them in half precision, or of unit
    length to the last bit.
    """
    records = list(store.scan())
    everyone = [record.id for record in records]
    kept = {
        name: (store.vectors(name, everyone), store.trimmed(name, everyone))
        for name in (spec.name for spec in store.encoders())
    }
    qualities = {name: store.qualities(name, everyone) for name in kept}
    names: dict[int | None, Any] = {one.id: one.id if ids else one.uri for one in records}
    found = {}
    for record in records:
        fields = asdict(record)
        fields["id"] = record.id if ids else None
        fields["duplicate_of"] = names.get(record.duplicate_of)
        for name, (vectors, trimmed) in kept.items():
            fields[f"vector {name}"] = Vector(vectors.get(record.id))
            fields[f"trimmed {name}"] = Vector(trimmed.get(record.id))
            fields[f"quality {name}"] = qualities[name].get(record.id)
        found[record.tenant, record.uri] = fields
    return found


def decided(store: Store) -> list[tuple[str, list[str], float]]:
    """Decisions by what pictures they are about."""
    records: dict[int, Record] = {record.id: record for record in store.scan()}
    return sorted(
        (one.kind, sorted(records[key].uri for key in (one.first, one.second)), one.made)
        for one in store.decisions()
    )


def passed_over(store: Store) -> list[tuple[str, str, int, int, str, str]]:
    """Skipped files by what picture they duplicate."""
    records = {record.id: record for record in store.scan()}
    return sorted(
        (
            one.uri,
            one.tenant,
            one.size,
            one.modified_ns,
            records[one.duplicate_of].uri,
            one.reason,
        )
        for one in store.all_skipped()
    )
