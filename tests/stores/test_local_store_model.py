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

from lookalike.errors import NotFoundError, UsageError
from lookalike.filters import Filter, parse, tenant_is, uri_within
from lookalike.records import EncoderSpec, Record
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

EMBEDDING = EncoderSpec("embedding", "embedding", 4, "f1")
HASH = EncoderSpec("hash", "hash", 16)
URIS = st.sampled_from([f"/{folder}/{name}.jpg" for folder in ("a", "ab") for name in "12345"])
TENANTS = st.sampled_from(["", "t"])
ATTRIBUTES = st.none() | st.fixed_dictionaries(
    {}, optional={"n": st.integers(0, 3), "c": st.sampled_from(["red", "blue"]) | st.none()}
)
# Few directions, so that many distances tie.
GRID = [np.array(v, np.float32) for v in np.ndindex(3, 3, 2, 2) if any(v)]
VECTORS = st.sampled_from([v / np.linalg.norm(v) for v in GRID])
HASHES = st.integers(0, 255).map(lambda n: np.array([n, n // 16], np.uint8))
ENTRIES = st.builds(
    lambda uri, tenant, size, attributes, vectors: Entry(
        uri, tenant, size=size, sha256=bytes([size] * 32), attributes=attributes, vectors=vectors
    ),
    URIS,
    TENANTS,
    st.integers(0, 3),
    ATTRIBUTES,
    st.fixed_dictionaries({}, optional={"embedding": VECTORS, "hash": HASHES}),
)
FILTERS = st.sampled_from(
    [
        None,
        parse("n >= 2"),
        parse('c == "red" or n == 0'),
        parse("c is null"),
        parse("not (size < 2)"),
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
        self.model: dict[int, Known] = {}
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
        self.model[key] = Known(
            entry.uri, entry.tenant, entry.size, dict(attributes), vectors, entry.sha256
        )
        self.used.add(key)

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

    @rule(query=VECTORS, where=FILTERS, page=st.integers(1, 4), furthest=st.none() | st.just(0.3))
    def nearest(
        self, query: NDArray[np.float32], where: Filter | None, page: int, furthest: float | None
    ) -> None:
        records = {record.id for record in self.store.scan(where)}
        exact = {
            key: max(0.0, 1 - float(known.vectors["embedding"] @ query))
            for key, known in self.model.items()
            if "embedding" in known.vectors and key in records
        }
        if furthest is not None:
            exact = {key: d for key, d in exact.items() if d <= furthest}
        found = self.store.nearest("embedding", query, 100, where=where, max_distance=furthest)
        assert {one.id for one in found} == set(exact)
        assert found == sorted(found, key=lambda one: (one.distance, one.id))
        for one in found:
            assert one.distance == pytest.approx(exact[one.id], abs=2e-3)
        paged = []
        for offset in range(0, len(found) + page, page):
            paged += self.store.nearest(
                "embedding", query, page, offset=offset, where=where, max_distance=furthest
            )
        assert paged == found

    @rule(query=HASHES, radius=st.integers(0, 16), where=FILTERS)
    def within(self, query: NDArray[np.uint8], radius: int, where: Filter | None) -> None:
        passing = {record.id for record in self.store.scan(where)}
        exact = sorted(
            (int(np.bitwise_count(known.vectors["hash"] ^ query).sum()), key)
            for key, known in self.model.items()
            if "hash" in known.vectors and key in passing
        )
        found = self.store.within("hash", query, radius, 100, where=where)
        assert [(one.distance, one.id) for one in found] == [d for d in exact if d[0] <= radius]
        assert self.store.within("hash", query, radius, 2, offset=1, where=where) == found[1:3]

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
        for name in ("embedding", "hash"):
            without = [key for key, known in self.model.items() if name not in known.vectors]
            assert [record.id for record in self.store.missing(name)] == sorted(without)
            stored = self.store.vectors(name, list(self.model))
            assert set(stored) == set(self.model) - set(without)
            for key, vector in stored.items():
                assert vector == pytest.approx(self.model[key].vectors[name], abs=1e-3)
        assert self.store.notices == ()

    def check(self, record: Record) -> None:
        known = self.model[record.id]
        assert (record.uri, record.tenant, record.size) == (known.uri, known.tenant, known.size)
        assert record.attributes == known.attributes
        assert self.store.find([record.uri, "/nowhere"], record.tenant) == {record.uri: record}
        if record.sha256 is not None:
            found = self.store.find_digests([record.sha256], record.tenant)
            assert record in found[record.sha256]


LocalStoreMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None
)
TestLocalStore = LocalStoreMachine.TestCase
