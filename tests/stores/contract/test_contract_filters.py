"""One filter language: scans, counts and searches agree with `Filter.matches`."""

import numpy as np
import pytest

from lookalike.filters import parse, tenant_is, uri_within
from lookalike.stores.base import Entry, Store

EYE = np.eye(4, dtype=np.float32)
ATTRIBUTES = [
    {"n": 1, "c": "red", "tags": ["a", "b"], "on": True},
    {"n": 2.5, "c": "blue", "tags": [], "on": False, "deep": {"n": 3}},
    {"n": "2", "c": None, "tags": [1, 2.5]},
    {"n": [1, 5], "c": "reddish", "on": 1},
    {"n": 2**53, "c": 'a "quoted" \\ one', "tags": "a"},
    {"n": 2**53 + 1, "c": "é🙂", "deep": {"n": None}},
    {"n": -0.0, "c": "", "x.y": 1, "on": None},
    {},
]
FILTERS = [
    "n == 1", "n != 1", "n > 1", "n <= 2.5", "n >= 9007199254740992", "n == 9007199254740993",
    "n == 0", "n < 0", 'n == "2"', "n in [1, 2.5]", "n is null", "n is not null", "not (n > 1)",
    'c == "red"', 'c != "red"', 'c startswith "red"', 'c contains "e"', 'c contains "%"',
    'c == "é🙂"', 'c == "a \\"quoted\\" \\\\ one"', 'c == ""',
    'c in ["red", "blue", ""]', "c is null", 'not (c startswith "red")',
    'tags == "a"', "tags == 1", "tags > 1", "tags is null", 'tags in ["b", "z"]',
    'tags contains "a"',
    "on == true", "on == false", "on == 1", "not (on == true)", "on is null", "on in [true, 1]",
    "deep.n == 3", "deep.n is null", "deep is null", "n > 1 and c is not null",
    'n == 1 or c == "blue"', 'not (n == 1 or c == "blue")', "missing == 1", "not (missing == 1)",
    "size > 2", "size is null", "not (size > 2)", "width in [1, 2, 3]", 'format == "png"',
    'format != "png"', "format is null", 'uri startswith "/a"', 'uri contains "/b/"',
    "duplicate_of is null", "duplicate_of is not null", "modified > 1000", "modified is null",
    "id > 5", "added > 0", "updated < 5",
]  # fmt: skip


@pytest.fixture
def filled(store: Store) -> Store:
    entries = [
        Entry(
            f"/{'ab'[n % 2]}/{'b/' * (n % 3)}{n}.jpg",
            "t" if n % 4 == 3 else "",
            size=n if n % 3 else None,
            width=n,
            modified_ns=None if n % 5 == 0 else n * 10**12,
            format=[None, "png", "jpeg"][n % 3],
            attributes=attributes,
            vectors={"embedding": EYE[n % 4], "pdq": np.full(32, n, np.uint8)},
        )
        for n, attributes in enumerate(ATTRIBUTES)
    ]
    ids = store.upsert(entries)
    store.upsert([Entry(entries[2].uri, duplicate_of=ids[0])])
    return store


def test_scans_counts_and_searches_agree_with_the_reference(filled: Store) -> None:
    records = list(filled.scan())
    whole = uri_within("/a"), tenant_is("t"), tenant_is(""), tenant_is("nobody")
    for where in (*map(parse, FILTERS), *whole):
        wanted = [record.id for record in records if where.matches(record)]
        assert [record.id for record in filled.scan(where)] == wanted, where
        assert filled.count(where) == len(wanted), where
        found = filled.nearest("embedding", EYE[0], 99, where=where)
        assert sorted(one.id for one in found) == wanted, where
        near = filled.within("pdq", np.zeros(32, np.uint8), 256, 99, where=where)
        assert sorted(one.id for one in near) == wanted, where


def test_pages_of_what_passes_are_whole(filled: Store) -> None:
    for text in ("tags > 1", 'c contains "e"', "not (n > 1)"):
        where = parse(text)
        found = filled.nearest("embedding", EYE[0], 99, where=where)
        paged = [
            one
            for offset in range(len(found) + 1)
            for one in filled.nearest("embedding", EYE[0], 1, offset=offset, where=where)
        ]
        assert [one.id for one in paged] == [one.id for one in found]
        records = [record.id for record in filled.scan(where)]
        assert [record.id for record in filled.scan(where, after=records[0], limit=2)] == (
            records[1:3]
        )
