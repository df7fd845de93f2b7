"""Store.get, find, scan, count, delete, move."""

import numpy as np
import pytest

from lookalike.errors import NotFoundError, UsageError
from lookalike.filters import parse, tenant_is
from lookalike.stores.base import Entry, Store

EYE = np.eye(4, dtype=np.float32)


def test_records_by_id_in_order_and_none_where_there_is_none(store: Store) -> None:
    ids = store.upsert([Entry(f"/{n}") for n in range(5)])
    asked = [ids[3], 999, ids[0], ids[3]]
    found = store.get(asked)
    assert [record and record.uri for record in found] == ["/3", None, "/0", "/3"]
    assert store.get([]) == []
    many = store.get([*range(1000, 4000), ids[1]])
    assert many[:-1] == [None] * 3000
    assert many[-1] == store.find(["/1"])["/1"]


def test_records_by_uri_within_one_tenant(store: Store) -> None:
    own, other = store.upsert([Entry("/1"), Entry("/1", "t")])
    assert {uri: record.id for uri, record in store.find(["/1", "/2"]).items()} == {"/1": own}
    assert store.find(["/1"], "t")["/1"].id == other
    assert store.find(["/1"], "u") == store.find([]) == {}
    uris = [f"/many/{n}" for n in range(1500)]
    ids = store.upsert([Entry(uri) for uri in uris])
    found = store.find(uris)
    assert [found[uri].id for uri in uris] == ids


def test_a_scan_is_in_order_of_id_and_goes_on_after_one(store: Store) -> None:
    ids = sorted(store.upsert([Entry(f"/{n}", attributes={"n": n % 3}) for n in range(30)]))
    assert [record.id for record in store.scan()] == ids
    assert [record.id for record in store.scan(after=ids[9], limit=5)] == ids[10:15]
    assert [record.id for record in store.scan(after=ids[28])] == ids[29:]
    assert list(store.scan(limit=0)) == []
    some = [record.id for record in store.scan() if record.attributes["n"] == 1]
    where = parse("n == 1")
    assert [record.id for record in store.scan(where)] == some
    assert [record.id for record in store.scan(where, after=some[2], limit=3)] == some[3:6]
    assert (store.count(), store.count(where), store.count(parse("n > 5"))) == (30, 10, 0)


def test_a_scan_is_safe_while_the_store_is_written_to(store: Store) -> None:
    count = 2500
    ids = sorted(store.upsert([Entry(f"/{n}") for n in range(count)]))
    scan = store.scan()
    first = [next(scan).id for _ in range(10)]
    store.delete(ids[-5:])
    store.upsert([Entry("/0", size=1), Entry("/new")])
    rest = [record.id for record in scan]
    assert first == ids[:10]
    assert rest == sorted(set(rest))
    assert set(ids[10:-5]) <= set(rest)
    assert rest[0] == ids[10]


def test_deleting_takes_everything_of_a_record_along(store: Store) -> None:
    vectors = {"embedding": EYE[0], "hash": np.array([1, 2], np.uint8)}
    trimmed = {"hash": np.array([3, 4], np.uint8)}
    ids = store.upsert(
        [Entry(f"/{n}", sha256=b"s" * 32, vectors=vectors, trimmed=trimmed) for n in range(3)]
    )
    assert store.delete([ids[0], ids[0], 999]) == 1
    assert store.delete([ids[0]]) == store.delete([]) == 0
    rest = sorted(ids[1:])
    assert [record.id for record in store.scan()] == rest
    assert (store.count(), store.get([ids[0]]), store.find(["/0"])) == (2, [None], {})
    assert [one.id for one in store.find_digests([b"s" * 32])[b"s" * 32]] == rest
    assert set(store.vectors("embedding", ids)) == set(store.trimmed("hash", ids)) == set(rest)
    assert [one.id for one in store.nearest("embedding", EYE[0], 9)] == rest
    assert [one.id for one in store.within("hash", vectors["hash"], 0, 9)] == rest
    assert [one.id for one in store.within("hash", trimmed["hash"], 0, 9)] == rest
    assert [int(key) for some, _ in store.all_vectors("hash") for key in some] == rest
    assert store.distances("embedding", EYE[0], ids).keys() == set(rest)
    (again,) = store.upsert([Entry("/0")])
    assert store.vectors("embedding", [again]) == store.trimmed("hash", [again]) == {}
    assert [record.id for record in store.missing("hash")] == [again]


def test_a_moved_record_keeps_its_id_and_vectors(store: Store) -> None:
    vectors = {"embedding": EYE[0], "hash": np.array([1, 2], np.uint8)}
    (key,) = store.upsert([Entry("/1", size=1, sha256=b"s" * 32, width=5, vectors=vectors)])
    store.move({key: Entry("/2", "t", size=7, modified_ns=8)})
    (record,) = store.get([key])
    assert record is not None
    facts = (record.uri, record.tenant, record.size, record.modified_ns, record.width)
    assert facts == ("/2", "t", 7, 8, 5)
    assert record.sha256 == b"s" * 32
    assert store.find(["/1"]) == store.find(["/2"]) == {}
    assert store.find(["/2"], "t") == {"/2": record}
    assert [one.id for one in store.nearest("embedding", EYE[0], 9, where=tenant_is("t"))] == [key]
    assert store.nearest("embedding", EYE[0], 9, where=tenant_is("")) == []
    assert store.upsert([Entry("/2", "t", size=9)]) == [key]
    (new,) = store.upsert([Entry("/1", vectors={"embedding": EYE[1]})])
    assert new != key
    assert store.find(["/1"])["/1"].id == new
    assert store.vectors("embedding", [key, new])[key] == pytest.approx(EYE[0])
    assert store.upsert([Entry("/1")]) == [new]
    assert store.count() == 2
    assert store.delete([key]) == 1
    assert store.find(["/1"])["/1"].id == new


def test_records_trade_places(store: Store) -> None:
    one, two, three = store.upsert([Entry(f"/{n}") for n in (1, 2, 3)])
    store.move({one: Entry("/2"), two: Entry("/3"), three: Entry("/1")})
    assert [record.uri for record in store.get([one, two, three]) if record] == ["/2", "/3", "/1"]
    assert store.find(["/1", "/2", "/3"])["/1"].id == three
    with pytest.raises(UsageError, match=f"Record {one} cannot move to /3: another record"):
        store.move({one: Entry("/3")})
    with pytest.raises(NotFoundError, match="no record 999"):
        store.move({one: Entry("/9"), 999: Entry("/8")})
    with pytest.raises(UsageError, match="not valid Unicode"):
        store.move({one: Entry("/\0")})
    assert [record.uri for record in store.get([one, two, three]) if record] == ["/2", "/3", "/1"]
    store.move({})
