"""A store beside a plain model, through random histories."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from numpy.typing import NDArray
from places import Place

from lookalike.encoders.projection import Projection
from lookalike.errors import NotFoundError, UsageError
from lookalike.filters import Filter, parse, tenant_is, uri_within
from lookalike.records import Decision, EncoderSpec, Record, Skipped
from lookalike.stores.base import Digest, Entry, Neighbour, QueryPart

DIGESTS: list[Digest] = ["sha256", "md5", "pixels"]
LATE = EncoderSpec("late", "embedding", 4, "f2")
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
    st.fixed_dictionaries(
        {},
        optional={"embedding": VECTORS, "hash": HASHES, "pdq": LONG_HASHES, "late": VECTORS},
    ),
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


class StoreMachine(RuleBasedStateMachine):
    """Every rule does the same to the store and to a dictionary.

    `place` gives an empty store; `every` is after how many steps all that the store holds is
    looked at, `slow` how often in a history an index may be built anew.
    """

    def __init__(self, place: Callable[[], Place], every: int, slow: int) -> None:
        super().__init__()
        self.place = place()
        self.every, self.slow, self.steps = every, slow, 0
        self.projection: Projection | None = None
        self.model: dict[int, Known] = {}
        self.decided: dict[tuple[int, int], Decision] = {}
        self.skips: dict[tuple[str, str], Skipped] = {}
        self.settings: dict[str, Any] = {}
        self.used: set[int] = set()
        self.store = self.place.store

    def teardown(self) -> None:
        self.check_everything()

    @property
    def names(self) -> set[str]:
        """The encoders that the store has."""
        return {spec.name for spec in self.store.encoders()}

    def known_here(self, entry: Entry) -> Entry:
        """The entry without vectors of encoders that the store does not have."""
        vectors = {name: one for name, one in entry.vectors.items() if name in self.names}
        return replace(entry, vectors=vectors)

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
        self.skips = {at: one for at, one in self.skips.items() if one.duplicate_of != key}
        for other in self.model.values():
            if other.duplicate_of == key:
                other.duplicate_of = None

    @rule(entries=st.lists(ENTRIES, max_size=5))
    def upsert(self, entries: list[Entry]) -> None:
        entries = [self.known_here(entry) for entry in entries]
        ids = self.store.upsert(entries)
        # A server's ids are made of the uri: one that was deleted comes back as what it was.
        taken = self.used if self.place.kind == "local" else self.model
        for key, entry in zip(ids, entries, strict=True):
            expected = self.key_of(entry.uri, entry.tenant)
            assert key == expected if expected is not None else key not in taken
            self.note(key, entry)

    @rule(key=st.sampled_from([0, 3, 40, 2**40]), entry=ENTRIES)
    def upsert_with_id(self, key: int, entry: Entry) -> None:
        entry = self.known_here(entry)
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
            self.store.decide([Decision("keep", first, 2**63 - 2, 0.0)])

    @precondition(lambda self: self.decided)
    @rule(data=st.data())
    def forget_decision(self, data: st.DataObject) -> None:
        pair = data.draw(st.sampled_from([*self.decided]))
        self.store.forget_decisions([self.decided.pop(pair)])

    @precondition(lambda self: self.model)
    @rule(data=st.data(), uri=URIS, tenant=TENANTS, size=st.integers(0, 2**40))
    def skip(self, data: st.DataObject, uri: str, tenant: str, size: int) -> None:
        key = data.draw(st.sampled_from([*self.model]))
        one = Skipped(uri, tenant, size, size + 1, key, "same bytes")
        self.store.skip([one])
        self.skips[tenant, uri] = one
        with pytest.raises(NotFoundError):
            self.store.skip([Skipped(uri, tenant, 0, 0, 2**41, "not there")])

    @rule(key=st.sampled_from("ab"), value=st.none() | st.lists(st.integers() | st.booleans()))
    def set_setting(self, key: str, value: Any) -> None:
        self.store.set_setting(key, value)
        self.settings[key] = value

    @precondition(lambda self: "late" not in self.names)
    @rule()
    def add_encoder(self) -> None:
        self.store.add_encoder(LATE)
        with pytest.raises(UsageError, match="cannot be compared"):
            self.store.add_encoder(replace(LATE, size=8))

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
        self.store = self.place.reopen()

    @rule()
    def optimize(self) -> None:
        self.store.optimize()

    @precondition(lambda self: self.slow)
    @rule()
    def rebuild(self) -> None:
        self.slow -= 1
        self.store.rebuild()

    @precondition(lambda self: self.slow)
    @rule(projection=st.sampled_from(PROJECTIONS))
    def set_projection(self, projection: Projection | None) -> None:
        self.slow -= 1
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
        assert [one.id for one in paged] == [one.id for one in found]
        assert self.store.distances("embedding", asked, [*records, 999]) == (
            pytest.approx(exact, abs=3e-3)
        )

    @rule(queries=st.lists(VECTORS, max_size=3), where=FILTERS, limit=st.integers(1, 9))
    def nearest_each(self, queries: list[Any], where: Filter | None, limit: int) -> None:
        matrix = np.array(queries, np.float32).reshape(-1, 4)
        alone = [self.store.nearest("embedding", one, limit, where=where) for one in queries]
        found = self.store.nearest_each("embedding", matrix, [limit] * len(queries), where=where)
        assert [[one.id for one in some] for some in found] == [
            [one.id for one in some] for some in alone
        ]

    @rule(where=FILTERS, after=st.integers(-1, 20), limit=st.none() | st.integers(0, 4))
    def scan(self, where: Filter | None, after: int, limit: int | None) -> None:
        passing = [one for one in self.store.scan() if where is None or where.matches(one)]
        assert self.store.count(where) == len(passing)
        # Ids may be large: `after` is the id at that place.
        last = passing[after].id if 0 <= after < len(passing) else -1
        rest = [one for one in passing if one.id > last]
        assert list(self.store.scan(where, last, limit)) == rest[:limit]

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
        self.steps += 1
        if self.steps % self.every == 0:
            self.check_everything()

    def check_everything(self) -> None:
        self.check_records()
        self.check_digests()
        for name in self.names:
            self.check_vectors(name)
        qualities = {key: known.quality for key, known in self.model.items()}
        assert self.store.qualities("pdq", [*self.model, 999]) == {
            key: quality for key, quality in qualities.items() if quality is not None
        }
        trimmed = {
            key: known.trimmed.tobytes()
            for key, known in self.model.items()
            if known.trimmed is not None
        }
        found = self.store.trimmed("hash", [*self.model, 999])
        assert {key: one.tobytes() for key, one in found.items()} == trimmed
        kept = self.store.projection("embedding")
        assert (kept and kept.version) == (self.projection and self.projection.version)
        assert self.store.decisions() == [self.decided[pair] for pair in sorted(self.decided)]
        for tenant in ("", "t"):
            skips = {uri: one for (whose, uri), one in self.skips.items() if whose == tenant}
            asked = ["/nowhere", *(uri for _, uri in self.skips)]
            assert self.store.skipped(asked, tenant) == skips
        for key in "ab":
            assert self.store.setting(key) == self.settings.get(key)
        assert self.store.stats().problems == ()

    def check_records(self) -> None:
        records = list(self.store.scan())
        assert [record.id for record in records] == sorted(self.model)
        for record in records:
            self.check(record)
        assert self.store.count() == len(self.model)
        by_id = {record.id: record for record in records}
        assert self.store.get([*self.model, 10**6]) == [*(by_id[k] for k in self.model), None]
        for tenant in ("", "t"):
            own = {record.uri: record for record in records if record.tenant == tenant}
            assert self.store.find([*own, "/nowhere"], tenant) == own

    def check(self, record: Record) -> None:
        known = self.model[record.id]
        assert (record.uri, record.tenant, record.size) == (known.uri, known.tenant, known.size)
        assert record.attributes == known.attributes
        assert record.sha256 == known.sha256
        facts = (record.md5, record.pixels, record.border, record.duplicate_of)
        assert facts == (known.md5, known.pixels, known.border, known.duplicate_of)

    def check_digests(self) -> None:
        for kind in DIGESTS:
            wanted: dict[bytes, list[int]] = {}
            for key, known in sorted(self.model.items()):
                if getattr(known, kind) is not None:
                    wanted.setdefault(getattr(known, kind), []).append(key)
            found = self.store.find_digests([*wanted, b"?"], None, kind=kind)
            assert {one: [r.id for r in some] for one, some in found.items()} == wanted

    def check_vectors(self, name: str) -> None:
        without = [key for key, known in self.model.items() if name not in known.vectors]
        assert [record.id for record in self.store.missing(name)] == sorted(without)
        stored = self.store.vectors(name, list(self.model))
        ids = []
        for some, rows in self.store.all_vectors(name):
            ids += some.tolist()
            assert np.array_equal(rows, [stored[int(key)] for key in some])
        assert ids == sorted(stored)
        assert set(stored) == set(self.model) - set(without)
        for key, vector in stored.items():
            assert vector == pytest.approx(self.model[key].vectors[name], abs=1e-3)
