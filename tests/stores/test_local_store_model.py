"""The local store against a plain model, through random histories."""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from numpy.typing import NDArray

from lookalike.encoders.projection import Projection
from lookalike.errors import NotFoundError, UsageError
from lookalike.filters import Filter, parse, tenant_is, uri_within
from lookalike.records import Decision, EncoderSpec, Record
from lookalike.stores.base import Digest, Entry, Neighbour, QueryPart
from lookalike.stores.local import LocalStore

DIGESTS: list[Digest] = ["sha256", "md5", "pixels"]
EMBEDDING = EncoderSpec("embedding", "embedding", 4, "f1")
HASH = EncoderSpec("hash", "hash", 16)
PDQ = EncoderSpec("pdq", "hash", 256)
URIS = st.sampled_from([f"/{folder}/{name}.jpg" for folder in ("a", "ab") for name in "12345"])
TENANTS = st.sampled_from(["", "t"])
ATTRIBUTES = st.none() | st.fixed_dictionaries(
    {}, optional={"n": st.integers(0, 3), "c": st.sampled_from(["red", "blue"]) | st.none()}
)
# Few directions, so that many distances tie.
GRID = [np.array(v, np.float32) for v in np.ndindex(3, 3, 2, 2) if any(v)]
VECTORS = st.sampled_from([v / np.linalg.norm(v) for v in GRID])
HASHES = st.integers(0, 255).map(lambda n: np.array([n, n // 16], np.uint8))
LONG_HASHES = st.integers(0, 255).map(lambda n: np.array([n, *range(n % 3, 31 + n % 3)], np.uint8))
RANDOM = np.random.default_rng(5).standard_normal((4, 4)).astype(np.float32)
PROJECTIONS = [
    None,
    Projection("turned", np.zeros(4, np.float32), RANDOM),
    Projection("shorter", np.full(4, 0.3, np.float32), RANDOM[:, :2]),
    Projection("words", np.full(4, 0.3, np.float32), RANDOM[:, :3], np.full(4, -0.2, np.float32)),
]
ENTRIES = st.builds(
    lambda uri, tenant, size, attributes, vectors, quality, trimmed, facts: Entry(
        uri,
        tenant,
        size=size,
        sha256=bytes([size] * 32),
        attributes=attributes,
        vectors=vectors,
        qualities={"pdq": quality} if "pdq" in vectors and quality is not None else {},
        trimmed={"hash": trimmed} if "hash" in vectors and trimmed is not None else {},
        **facts,
    ),
    URIS,
    TENANTS,
    st.integers(0, 3),
    ATTRIBUTES,
    st.fixed_dictionaries({}, optional={"embedding": VECTORS, "hash": HASHES, "pdq": LONG_HASHES}),
    st.none() | st.integers(0, 100),
    st.none() | HASHES,
    st.fixed_dictionaries(
        {},
        optional={
            "md5": st.integers(0, 2).map(lambda n: bytes([n] * 16)),
            "pixels": st.integers(0, 2).map(lambda n: bytes([n] * 16)),
            "border": st.sampled_from(["black", "white"]),
            "duplicate_of": st.integers(0, 6),
        },
    ),
)
FILTERS = st.sampled_from(
    [
        None,
        parse("n >= 2"),
        parse('c == "red" or n == 0'),
        parse("c is null"),
        parse("not (size < 2)"),
        parse("duplicate_of is null"),
        tenant_is("t"),
        uri_within("/a"),
    ]
)


@dataclass
class Known:
    """What the model knows of one record."""

    uri: str
    tenant: str
    size: int | None
    attributes: dict[str, Any]
    vectors: dict[str, NDArray[Any]] = field(default_factory=dict)
    sha256: bytes | None = None
    quality: int | None = None
    trimmed: NDArray[Any] | None = None
    md5: bytes | None = None
    pixels: bytes | None = None
    border: str | None = None
    duplicate_of: int | None = None

    def hashes(self, name: str) -> list[NDArray[Any]]:
        """The hash of the whole picture, and that of the trimmed one."""
        found = [self.vectors[name]] if name in self.vectors else []
        return found + [self.trimmed] * (name == "hash" and self.trimmed is not None)


class LocalStoreMachine(RuleBasedStateMachine):
    """Every rule does the same to the store and to a dictionary."""

    @initialize()
    def make(self) -> None:
        # In memory where that can be had: a real disk would be asked for thousands of fsyncs.
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.store = LocalStore.open(self.folder)
        self.store.add_encoder(EMBEDDING)
        self.store.add_encoder(HASH)
        self.store.add_encoder(PDQ)
        self.projection: Projection | None = None
        self.model: dict[int, Known] = {}
        self.decided: dict[tuple[int, int], Decision] = {}
        self.used: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    def key_of(self, uri: str, tenant: str) -> int | None:
        for key, known in self.model.items():
            if (known.uri, known.tenant) == (uri, tenant):
                return key
        return None

    def note(self, key: int, entry: Entry) -> None:
        old = self.model.get(key)
        attributes = entry.attributes
        if attributes is None:
            attributes = old.attributes if old else {}
        digests = {old.sha256, entry.sha256} if old else {None}
        outdated = None not in digests and len(digests) == 2
        vectors = {**(old.vectors if old and not outdated else {}), **entry.vectors}
        quality = old.quality if old and "pdq" in vectors else None
        if "pdq" in entry.vectors:
            quality = entry.qualities.get("pdq")
        trimmed = old.trimmed if old and "hash" in vectors else None
        if "hash" in entry.vectors:
            trimmed = entry.trimmed.get("hash")
        same = old if old and not outdated else Known("", "", None, {})
        if outdated:
            self.forget(key)
        linked = entry.duplicate_of in self.model and entry.duplicate_of != key
        self.model[key] = Known(
            entry.uri,
            entry.tenant,
            entry.size,
            dict(attributes),
            vectors,
            entry.sha256,
            quality,
            trimmed,
            entry.md5,
            entry.pixels or same.pixels,
            entry.border or same.border,
            entry.duplicate_of if linked else same.duplicate_of,
        )
        self.used.add(key)

    def forget(self, key: int) -> None:
        """What is known of other records and this one is no longer true."""
        self.decided = {pair: one for pair, one in self.decided.items() if key not in pair}
        for other in self.model.values():
            if other.duplicate_of == key:
                other.duplicate_of = None

    @rule(entries=st.lists(ENTRIES, max_size=5))
    def upsert(self, entries: list[Entry]) -> None:
        ids = self.store.upsert(entries)
        for key, entry in zip(ids, entries, strict=True):
            expected = self.key_of(entry.uri, entry.tenant)
            assert key == expected if expected is not None else key not in self.used
            self.note(key, entry)

    @rule(key=st.sampled_from([0, 3, 40, 2**40]), entry=ENTRIES)
    def upsert_with_id(self, key: int, entry: Entry) -> None:
        named = Entry(
            entry.uri,
            entry.tenant,
            key,
            size=entry.size,
            attributes=entry.attributes,
            vectors=entry.vectors,
            qualities=entry.qualities,
            trimmed=entry.trimmed,
        )
        if self.key_of(entry.uri, entry.tenant) in (None, key):
            assert self.store.upsert([named]) == [key]
            self.note(key, named)
        else:
            with pytest.raises(UsageError, match="already is record"):
                self.store.upsert([Entry("/new"), named])

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        ids = data.draw(st.lists(st.sampled_from([*self.model, 999]), max_size=3))
        assert self.store.delete(ids) == len(set(ids) & set(self.model))
        for key in ids:
            self.model.pop(key, None)
            self.forget(key)

    @rule(sha256=st.integers(0, 3), pixels=st.integers(0, 2))
    def set_pixels(self, sha256: int, pixels: int) -> None:
        self.store.set_pixels({bytes([sha256] * 32): bytes([pixels] * 16)})
        for known in self.model.values():
            if known.sha256 == bytes([sha256] * 32):
                known.pixels = bytes([pixels] * 16)

    @precondition(lambda self: len(self.model) > 1)
    @rule(data=st.data(), kind=st.sampled_from(["different", "keep", "ignore"]))
    def decide(self, data: st.DataObject, kind: Any) -> None:
        two = st.lists(st.sampled_from([*self.model]), min_size=2, max_size=2, unique=True)
        first, second = sorted(data.draw(two))
        decision = Decision(kind, first, second, float(len(self.used)))
        self.store.decide([decision])
        self.decided[first, second] = decision
        with pytest.raises(UsageError, match="smaller id first"):
            self.store.decide([Decision(kind, second, first, 0.0)])
        with pytest.raises(NotFoundError):
            self.store.decide([Decision("keep", first, 2**41, 0.0)])

    @precondition(lambda self: self.decided)
    @rule(data=st.data())
    def forget_decision(self, data: st.DataObject) -> None:
        pair = data.draw(st.sampled_from([*self.decided]))
        self.store.forget_decisions([self.decided.pop(pair)])

    @rule(value=st.none() | st.lists(st.integers() | st.booleans()))
    def set_setting(self, value: Any) -> None:
        self.store.set_setting("s", value)
        assert self.store.setting("s") == value

    @precondition(lambda self: self.model)
    @rule(data=st.data(), attributes=st.just({}) | ATTRIBUTES.filter(bool))
    def update_attributes(self, data: st.DataObject, attributes: dict[str, Any]) -> None:
        key = data.draw(st.sampled_from([*self.model]))
        self.store.update_attributes({key: attributes})
        self.model[key].attributes = attributes
        with pytest.raises(NotFoundError):
            self.store.update_attributes({key: {"n": 9}, 999: {}})

    @precondition(lambda self: self.model)
    @rule(data=st.data(), uri=URIS, tenant=TENANTS)
    def move(self, data: st.DataObject, uri: str, tenant: str) -> None:
        key = data.draw(st.sampled_from([*self.model]))
        there = self.key_of(uri, tenant)
        if there in (None, key):
            moves = {key: Entry(uri, tenant, size=7)}
        else:
            # Trade places with the record that is there.
            known = self.model[key]
            moves = {
                key: Entry(uri, tenant, size=7),
                there: Entry(known.uri, known.tenant, size=8),
            }
            with pytest.raises(UsageError, match="another record is there"):
                self.store.move({key: Entry(uri, tenant)})
        self.store.move(moves)
        for one, entry in moves.items():
            known = self.model[one]
            known.uri, known.tenant, known.size = entry.uri, entry.tenant, entry.size

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = LocalStore.open(self.folder)

    @rule()
    def rebuild(self) -> None:
        self.store.rebuild()

    @rule(projection=st.sampled_from(PROJECTIONS))
    def set_projection(self, projection: Projection | None) -> None:
        self.store.set_projection("embedding", projection)
        self.projection = projection

    def in_space(self, vector: NDArray[Any], *, text: bool = False) -> NDArray[np.float32]:
        if self.projection is None:
            return vector
        project = self.projection.project_text if text else self.projection.project
        return project(vector[None])[0]

    def exact(self, query: NDArray[np.float32]) -> dict[int, float]:
        """Cosine distances of all embeddings to a query of the space."""
        return {
            key: 1 - float(self.in_space(known.vectors["embedding"].astype(np.float16)) @ query)
            for key, known in self.model.items()
            if "embedding" in known.vectors
        }

    @rule(
        query=VECTORS,
        where=FILTERS,
        page=st.integers(1, 4),
        furthest=st.none() | st.just(0.3),
        text=st.booleans(),
    )
    def nearest(
        self,
        query: NDArray[np.float32],
        where: Filter | None,
        page: int,
        furthest: float | None,
        text: bool,
    ) -> None:
        records = {record.id for record in self.store.scan(where)}
        asked = [QueryPart(query, text=text)] if text else query
        distances = self.exact(self.in_space(query, text=text))
        exact = {key: d for key, d in distances.items() if key in records}

        def ask(limit: int, offset: int = 0) -> list[Neighbour]:
            return self.store.nearest(
                "embedding",
                asked,
                limit,
                offset=offset,
                where=where,
                max_distance=furthest,
            )

        found = ask(100)
        ids = {one.id for one in found}
        if furthest is None:
            assert ids == set(exact)
        else:
            assert {key for key, d in exact.items() if d <= furthest - 3e-3} <= ids
            assert ids <= {key for key, d in exact.items() if d <= furthest + 3e-3}
        assert found == sorted(found, key=lambda one: (one.distance, one.id))
        for one in found:
            assert one.distance == pytest.approx(exact[one.id], abs=3e-3)
        paged = []
        for offset in range(0, len(found) + page, page):
            paged += ask(page, offset)
        assert paged == found
        assert self.store.distances("embedding", asked, [*records, 999]) == (
            pytest.approx(exact, abs=3e-3)
        )

    @rule(one=VECTORS, other=VECTORS, text=st.booleans())
    def nearest_of_a_mixture(
        self, one: NDArray[np.float32], other: NDArray[np.float32], text: bool
    ) -> None:
        parts = [QueryPart(one), QueryPart(other, -0.5, text=text)]
        mixed = self.in_space(one) - 0.5 * self.in_space(other, text=text)
        exact = self.exact(mixed / np.linalg.norm(mixed))
        found = self.store.nearest("embedding", parts, 100)
        assert {one.id: one.distance for one in found} == pytest.approx(exact, abs=3e-3)

    @rule(query=HASHES, radius=st.integers(0, 16), where=FILTERS)
    def within(self, query: NDArray[np.uint8], radius: int, where: Filter | None) -> None:
        self.check_within("hash", query, radius, where)

    @rule(query=LONG_HASHES, radius=st.integers(0, 256), where=FILTERS)
    def within_long(self, query: NDArray[np.uint8], radius: int, where: Filter | None) -> None:
        self.check_within("pdq", query, radius, where)

    def check_within(
        self, name: str, query: NDArray[np.uint8], radius: int, where: Filter | None
    ) -> None:
        passing = {record.id for record in self.store.scan(where)}
        exact = sorted(
            (min(int(np.bitwise_count(own ^ query).sum()) for own in known.hashes(name)), key)
            for key, known in self.model.items()
            if name in known.vectors and key in passing
        )
        found = self.store.within(name, query, radius, 100, where=where)
        assert [(one.distance, one.id) for one in found] == [d for d in exact if d[0] <= radius]
        assert self.store.within(name, query, radius, 2, offset=1, where=where) == found[1:3]
        assert self.store.distances(name, query, [*passing, 999]) == {key: d for d, key in exact}

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        records = list(self.store.scan())
        assert [record.id for record in records] == sorted(self.model)
        for record in records:
            self.check(record)
        assert self.store.count() == len(self.model)
        assert self.store.get([*self.model, 10**6]) == [
            *(next(r for r in records if r.id == key) for key in self.model),
            None,
        ]
        qualities = {key: known.quality for key, known in self.model.items()}
        assert self.store.qualities("pdq", [*self.model, 999]) == {
            key: quality for key, quality in qualities.items() if quality is not None
        }
        kept = self.store.projection("embedding")
        assert (kept and kept.version) == (self.projection and self.projection.version)
        for name in ("embedding", "hash", "pdq"):
            without = [key for key, known in self.model.items() if name not in known.vectors]
            assert [record.id for record in self.store.missing(name)] == sorted(without)
            stored = self.store.vectors(name, list(self.model))
            ids = [int(key) for some, _ in self.store.all_vectors(name) for key in some]
            assert ids == sorted(stored)
            for some, rows in self.store.all_vectors(name):
                assert np.array_equal(rows, [stored[int(key)] for key in some])
            assert set(stored) == set(self.model) - set(without)
            for key, vector in stored.items():
                assert vector == pytest.approx(self.model[key].vectors[name], abs=1e-3)
        trimmed = {
            k: known.trimmed.tobytes()
            for k, known in self.model.items()
            if known.trimmed is not None
        }
        found = self.store.trimmed("hash", [*self.model, 999])
        assert {key: one.tobytes() for key, one in found.items()} == trimmed
        assert self.store.decisions() == [self.decided[pair] for pair in sorted(self.decided)]
        assert self.store.notices == ()

    def check(self, record: Record) -> None:
        known = self.model[record.id]
        assert (record.uri, record.tenant, record.size) == (known.uri, known.tenant, known.size)
        assert record.attributes == known.attributes
        assert self.store.find([record.uri, "/nowhere"], record.tenant) == {record.uri: record}
        facts = (record.md5, record.pixels, record.border, record.duplicate_of)
        assert facts == (known.md5, known.pixels, known.border, known.duplicate_of)
        for kind in DIGESTS:
            digest = getattr(record, kind)
            if digest is not None:
                found = self.store.find_digests([digest], record.tenant, kind=kind)
                assert record in found[digest]


LocalStoreMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None
)
TestLocalStore = LocalStoreMachine.TestCase
