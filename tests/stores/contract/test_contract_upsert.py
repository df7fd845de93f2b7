"""Store.upsert: what becomes of records, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.errors import UnknownEncoderError, UsageError
from lookalike.records import MAX_ID
from lookalike.stores.base import Entry, Store

EYE = np.eye(4, dtype=np.float32)
FULL = Entry(
    "/a/1.jpg",
    "t",
    sha256=b"1" * 32,
    md5=b"m" * 16,
    size=2**40,
    modified_ns=1_700_000_000_123_456_789,
    width=640,
    height=480,
    format="jpeg",
    attributes={"n": 1},
    vectors={"embedding": EYE[0], "pdq": np.arange(32, dtype=np.uint8)},
    qualities={"pdq": 77},
    pixels=b"p" * 16,
    border="black",
)


def test_a_record_comes_back_with_every_field(store: Store) -> None:
    (key,) = store.upsert([FULL])
    (record,) = store.get([key])
    assert record is not None
    for field in ("uri", "tenant", "sha256", "md5", "size", "modified_ns", "width", "height"):
        assert getattr(record, field) == getattr(FULL, field), field
    for field in ("format", "attributes", "pixels", "border"):
        assert getattr(record, field) == getattr(FULL, field), field
    assert record.id == key
    assert 0 <= key <= MAX_ID
    assert record.added == record.updated > 1.7e9
    assert record.duplicate_of is None
    assert store.qualities("pdq", [key]) == {key: 77}


def test_ids_come_in_the_order_of_the_entries(store: Store) -> None:
    uris = [f"/{n}" for n in (5, 3, 9, 1)]
    ids = store.upsert([Entry(uri) for uri in uris])
    assert [record.uri for record in store.get(ids) if record] == uris
    assert store.upsert([Entry(uri) for uri in reversed(uris)]) == ids[::-1]
    assert store.upsert([]) == []
    assert store.count() == 4


def test_the_last_of_one_uri_counts_and_a_tenant_has_its_own(store: Store) -> None:
    ids = store.upsert(
        [
            Entry("/1", size=1, vectors={"embedding": EYE[0]}),
            Entry("/1", size=2, attributes={"n": 2}),
            Entry("/1", "t", size=3),
            Entry("/1", size=4, vectors={"embedding": EYE[1]}),
        ]
    )
    assert ids[0] == ids[1] == ids[3] != ids[2]
    own, other = store.get([ids[0], ids[2]])
    assert own is not None
    assert other is not None
    assert (own.size, own.attributes, other.size, other.tenant) == (4, {"n": 2}, 3, "t")
    assert store.vectors("embedding", ids)[ids[0]] == pytest.approx(EYE[1])
    assert store.count() == 2


def test_what_an_entry_leaves_out_is_kept(store: Store) -> None:
    (key,) = store.upsert([FULL])
    before = store.get([key])[0]
    assert before is not None
    assert store.upsert([Entry(FULL.uri, "t", vectors={"embedding": EYE[1]})]) == [key]
    after = store.get([key])[0]
    assert after is not None
    assert after.updated >= before.updated
    assert replace(after, updated=before.updated) == before
    assert store.vectors("embedding", [key])[key] == pytest.approx(EYE[1])
    assert store.vectors("pdq", [key])[key].tolist() == list(range(32))
    assert store.qualities("pdq", [key]) == {key: 77}
    store.upsert([Entry(FULL.uri, "t", attributes={})])
    assert [record.attributes for record in store.scan()] == [{}]
    assert set(store.vectors("embedding", [key])) == {key}


def test_facts_of_a_picture_replace_each_other_together(store: Store) -> None:
    (key,) = store.upsert([FULL])
    store.upsert([Entry(FULL.uri, "t", sha256=FULL.sha256, size=5)])
    (record,) = store.get([key])
    assert record is not None
    facts = (record.size, record.md5, record.modified_ns, record.width, record.format)
    assert facts == (5, None, None, None, None)
    assert (record.pixels, record.border) == (FULL.pixels, FULL.border)


def test_other_bytes_make_forget_what_was_true_of_the_old(store: Store) -> None:
    (key, other) = store.upsert([FULL, Entry("/2", duplicate_of=None)])
    store.upsert([Entry("/2", duplicate_of=key)])
    hashed = {"pdq": np.zeros(32, np.uint8)}
    store.upsert([Entry(FULL.uri, "t", sha256=b"2" * 32, size=3, vectors=hashed)])
    record, link = store.get([key, other])
    assert record is not None
    assert link is not None
    assert (record.pixels, record.border, record.md5, record.size) == (None, None, None, 3)
    assert (record.attributes, link.duplicate_of) == ({"n": 1}, None)
    assert store.vectors("embedding", [key]) == {}
    assert store.qualities("pdq", [key]) == {}
    assert [one.id for one in store.nearest("embedding", EYE[0], 9)] == []
    assert [record.id for record in store.missing("embedding")] == sorted([key, other])
    assert store.vectors("pdq", [key])[key].sum() == 0


LARGE = MAX_ID - 1


def test_ids_of_ones_own(store: Store) -> None:
    assert store.upsert([Entry("/1", id=0), Entry("/2", id=LARGE)]) == [0, LARGE]
    assert store.upsert([Entry("/1"), Entry("/2")]) == [0, LARGE]
    assert store.upsert([Entry("/other", id=0, size=9)]) == [0]
    assert [record.uri for record in store.scan()] == ["/other", "/2"]
    assert store.find(["/1", "/other"]).keys() == {"/other"}
    assert [record and record.uri for record in store.get([MAX_ID, LARGE])] == [None, "/2"]
    # The uri is free again; the record that is made for it must not be number 0.
    assert store.delete([MAX_ID, LARGE]) == 1
    (key,) = store.upsert([Entry("/1", id=77)])
    assert store.find(["/1"])["/1"].id == key == 77
    with pytest.raises(UsageError, match="/1 already is record 77, so it cannot be record 5"):
        store.upsert([Entry("/new"), Entry("/1", id=5)])
    for wrong in (-1, MAX_ID + 1):
        with pytest.raises(UsageError, match=f"id {wrong} of /3 is not within"):
            store.upsert([Entry("/3", id=wrong)])
    assert store.count() == 2


def test_ids_that_no_record_has_are_asked_for_in_vain(store: Store) -> None:
    (key,) = store.upsert([Entry("/1", vectors={"pdq": np.zeros(32, np.uint8)})])
    ids = [MAX_ID, key, LARGE]
    assert set(store.vectors("pdq", ids)) == set(
        store.distances("pdq", np.zeros(32, np.uint8), ids)
    )
    assert store.trimmed("pdq", ids) == store.vectors("embedding", ids) == {}
    assert store.qualities("pdq", ids) == {}


@pytest.mark.parametrize(
    ("name", "vector", "why"),
    [
        ("embedding", EYE[0][:3], "needs a vector of shape"),
        ("embedding", EYE[0] * 2, "has length 2, not 1"),
        ("embedding", EYE[0] * np.nan, "has length nan, not 1"),
        ("hash", np.zeros(3, np.uint8), "needs a vector of shape"),
        ("hash", np.zeros(2, np.float32), "uint8"),
    ],
)
def test_what_is_no_vector_is_refused_with_all_that_came_with_it(
    store: Store, name: str, vector: NDArray[np.generic], why: str
) -> None:
    good = Entry("/good", vectors={"embedding": EYE[0]})
    with pytest.raises(UsageError, match=why):
        store.upsert([good, Entry("/bad", vectors={name: vector})])
    assert store.count() == 0
    assert store.nearest("embedding", EYE[0], 9) == []


@pytest.mark.parametrize(
    "wrong",
    [
        Entry("/1", vectors={"embedding": EYE[0] * 2}),
        Entry("/1", attributes={"a": float("nan")}),
        Entry("/1", id=-1),
        Entry("/1", trimmed={"pdq": np.zeros(2, np.uint8)}),
    ],
)
def test_nothing_is_written_when_what_comes_later_for_the_same_uri_is_refused(
    store: Store, wrong: Entry
) -> None:
    with pytest.raises(UsageError):
        store.upsert([Entry("/0"), Entry("/1", vectors={"embedding": EYE[0]}), wrong])
    assert store.count() == 0


def test_what_is_no_entry_is_refused(store: Store) -> None:
    with pytest.raises(UnknownEncoderError, match="no encoder 'dinov2'"):
        store.upsert([Entry("/1", vectors={"dinov2": EYE[0]})])
    with pytest.raises(UsageError, match="no hash of its size"):
        store.upsert([Entry("/1", vectors={"embedding": EYE[0]}, trimmed={"embedding": EYE[0]})])  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="without that of the whole"):
        store.upsert([Entry("/1", trimmed={"hash": np.zeros(2, np.uint8)})])
    for uri, tenant in (("/\0", ""), ("/\ud800", ""), ("/1", "\0")):
        with pytest.raises(UsageError, match="not valid Unicode text"):
            store.upsert([Entry(uri, tenant)])
    hashed = {"hash": np.zeros(2, np.uint8)}
    with pytest.raises(UsageError, match="quality"):
        store.upsert([Entry("/1", vectors=hashed, qualities={"hash": 101})])
    assert store.count() == 0


@pytest.mark.parametrize(
    "uri", ["é/🙂.jpg", "/with \"quotes\" and 'others'", "/back\\slash", "/%_\n\t", "x" * 2000, ""]
)
def test_any_text_is_a_uri_and_a_tenant(store: Store, uri: str) -> None:
    tenant = uri[:60]
    ids = store.upsert([Entry(uri, tenant), Entry(uri, "plain")])
    assert store.upsert([Entry(uri, tenant), Entry(uri, "plain")]) == ids
    assert store.find([uri], tenant)[uri].id == ids[0]
    assert [(record.uri, record.tenant) for record in store.get(ids) if record] == [
        (uri, tenant),
        (uri, "plain"),
    ]


def test_a_duplicate_is_linked_to_a_record_that_is_there(store: Store) -> None:
    first, second = store.upsert([Entry("/1"), Entry("/2")])
    store.upsert([Entry("/2", duplicate_of=first), Entry("/1", duplicate_of=2**50)])
    assert [record.duplicate_of for record in store.get([first, second]) if record] == [None, first]
    store.upsert([Entry("/2", size=3), Entry("/1", duplicate_of=first)])
    assert [record.duplicate_of for record in store.get([first, second]) if record] == [None, first]
    store.delete([first])
    assert [record.duplicate_of for record in store.scan()] == [None]
