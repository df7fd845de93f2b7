"""Ranking by several encoders at once, against plain numpy."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.encoders.projection import fit
from lookalike.errors import UnknownEncoderError, UsageError
from lookalike.filters import parse
from lookalike.records import EncoderSpec
from lookalike.results import Results
from lookalike.search import Term, search
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

COUNT = 900
RNG = np.random.default_rng(11)
SHARED = RNG.standard_normal((COUNT, 6))


def unit_rows(dim: int) -> NDArray[np.float32]:
    """Embeddings that agree with those of other encoders in part."""
    own = SHARED @ RNG.standard_normal((6, dim)) + RNG.standard_normal((COUNT, dim)) + 0.5
    return (own / np.linalg.norm(own, axis=1, keepdims=True)).astype(np.float32)


FIRST, SECOND = unit_rows(16), unit_rows(24)
SECOND[::40] = SECOND[1::40][: len(SECOND[::40])]
FIRST[::40] = FIRST[1::40][: len(FIRST[::40])]
HASHES = np.packbits(SHARED @ RNG.standard_normal((6, 64)) > 0, axis=1)
LACKING = set(range(5, COUNT, 9))
"""Rows without an embedding of the second encoder."""
PROJECTION = fit(SECOND, 12, 0.5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    with LocalStore.open(tmp_path_factory.mktemp("fused") / "c") as opened:
        opened.add_encoder(EncoderSpec("first", "embedding", 16))
        opened.add_encoder(EncoderSpec("second", "embedding", 24), PROJECTION)
        opened.add_encoder(EncoderSpec("bits", "hash", 64))
        opened.upsert([entry(n) for n in range(COUNT)])
        yield opened


def entry(n: int) -> Entry:
    vectors = {"first": FIRST[n], "bits": HASHES[n]}
    if n not in LACKING:
        vectors["second"] = SECOND[n]
    return Entry(f"/{n % 3}/{n}.jpg", attributes={"n": n}, vectors=vectors)


def expected(row: int, weights: dict[str, float]) -> NDArray[np.float64]:
    """The fused cosine of every record to that of a row; records' ids count from 1."""
    second = PROJECTION.project(SECOND.astype(np.float16))
    cosines = {
        "first": FIRST.astype(np.float16).astype(np.float32) @ FIRST[row],
        "second": second @ PROJECTION.project(SECOND[row : row + 1])[0],
        "bits": 1 - np.bitwise_count(HASHES ^ HASHES[row]).sum(axis=1) / 32,
    }
    cosines["second"][sorted(LACKING)] = 0
    total = sum(weight * cosines[name] for name, weight in weights.items())
    return np.asarray(total / sum(weights.values()), np.float64)


def ask(store: LocalStore, row: int, weights: dict[str, float], **options) -> Results:
    names = ",".join(f"{name}:{weight}" for name, weight in weights.items())
    return search(store, [Term("id", row + 1)], encoder=names, **options)


ROWS = st.sampled_from([n for n in range(COUNT) if n not in LACKING])
WEIGHTS = st.sampled_from(
    [
        {"first": 1.0, "second": 1.0},
        {"second": 2.5, "first": 1.0},
        {"first": 1.0, "bits": 1.0},
        {"first": 1.0, "second": 1.0, "bits": 0.5},
    ]
)
FILTERS = st.sampled_from([None, "n < 450", "n >= 895", "n == 7 or n == 12", "n < 0"])


@settings(max_examples=40, deadline=None)
@given(ROWS, WEIGHTS, FILTERS, st.none() | st.sampled_from([0.2, 0.5]), st.integers(30, 400))
def test_pages_are_parts_of_one_order(store, row, weights, where, threshold, size):
    condition = None if where is None else parse(where)
    whole = ask(store, row, weights, limit=2000, where=condition, threshold=threshold)
    paged = []
    for offset in range(0, len(whole) + size, size):
        page = ask(
            store, row, weights, limit=size, offset=offset, where=condition, threshold=threshold
        )
        paged += page.hits
    assert paged == list(whole.hits)
    exact = expected(row, weights)
    passing = {r.id for r in store.scan(condition)}
    has = {n + 1 for n in range(COUNT) if "first" in weights or n not in LACKING} & passing
    ids = [hit.id for hit in whole]
    assert len(set(ids)) == len(ids)
    if threshold is None:
        assert set(ids) == has
    else:
        sure = {key for key in has if exact[key - 1] > threshold + 2e-3}
        assert sure <= set(ids)
        assert all(exact[key - 1] > threshold - 2e-3 for key in ids)
    for hit in whole:
        assert hit.score == pytest.approx(max(0, exact[hit.id - 1]), abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(ROWS, WEIGHTS)
def test_the_best_are_those_of_an_exact_ranking(store, row, weights):
    found = ask(store, row, weights, limit=COUNT)
    exact = expected(row, weights)
    distances = [hit.distance for hit in found]
    head, tail = distances[:100], distances[100:]
    assert head == sorted(head)
    assert tail == sorted(tail)
    best = np.sort(exact)[::-1]
    assert [1 - d for d in head[:10]] == pytest.approx(best[:10], abs=1e-3)
    for before, after in zip(found.hits, found.hits[1:], strict=False):
        if before.distance == after.distance:
            assert before.id < after.id
    assert found[0].distance <= 1e-3


def test_a_reader_agrees(store):
    with LocalStore.open(store.path, read_only=True) as reader:
        weights = {"first": 1.0, "second": 1.0}
        own, others = (ask(one, 3, weights, limit=50) for one in (store, reader))
        assert [h.id for h in own][:3] == [h.id for h in others][:3]
        assert [h.score for h in own] == pytest.approx([h.score for h in others], abs=1e-3)


def test_what_it_says_of_itself(store):
    assert ask(store, 3, {"first": 1.0, "second": 1.0}).encoder == "first,second"
    assert ask(store, 3, {"first": 2.0, "second": 1.0}).encoder == "first:2,second:1"
    assert search(store, [Term("id", 4)], encoder=["first", "bits"]).encoder == "first,bits"
    assert search(store, [Term("id", 4)], encoder=" first , second:1").encoder == "first,second"


def test_an_encoder_that_cannot_answer_is_left_out_with_a_notice(store):
    lacking = sorted(LACKING)[0] + 1
    found = search(store, [Term("id", lacking)], encoder="first,second")
    assert found.encoder == "first"
    assert "second cannot answer this query and was left out" in found.notices
    assert found[0].id == lacking
    mixed = search(store, [Term("id", 1), Term("id", 2)], encoder="first,second,bits")
    assert mixed.encoder == "first,second"
    vector = search(store, [Term("vector", FIRST[3])], encoder="first,second")
    assert (vector.encoder, vector[0].id) == ("first", 4)


@pytest.mark.parametrize("encoder", [None, "a", "a,h", "a,b", "h"])
def test_what_another_tenants_record_has_shows_nowhere(tmp_path: Path, encoder):
    with LocalStore.open(tmp_path / "c") as store:
        for name in "ab":
            store.add_encoder(EncoderSpec(name, "embedding", 8))
        store.add_encoder(EncoderSpec("h", "hash", 64))
        vector = np.eye(8, dtype=np.float32)[0]
        store.upsert(
            [
                Entry("/own", tenant="x", id=1, vectors={"a": vector}),
                Entry("/hash", tenant="y", id=2, vectors={"h": np.zeros(8, np.uint8)}),
                Entry("/other", tenant="y", id=3, vectors={"b": vector}),
            ]
        )
        for others in ([], [Term("id", 1)], [Term("vector", vector)], [Term("text", "a cat")]):
            complaints = set()
            for key in (2, 3, 99):
                with pytest.raises(UsageError) as caught:
                    search(store, [*others, Term("id", key)], encoder=encoder, tenant="x")
                complaints.add(str(caught.value).replace(str(key), "N"))
            assert len(complaints) == 1


def test_a_mixture_is_made_in_each_encoders_space(store):
    found = search(store, [Term("id", 4), Term("id", 8, -0.5)], encoder="second", limit=5)
    rows = PROJECTION.project(SECOND.astype(np.float16))
    mixed = rows[3] - 0.5 * rows[7]
    best = np.argsort(-(rows @ (mixed / np.linalg.norm(mixed))))
    assert [h.id for h in found] == [n + 1 for n in best.tolist() if n not in LACKING][:5]


@pytest.mark.parametrize(
    ("encoder", "complaint"),
    [
        ("first,first", "named twice"),
        ("first:0,second", "must be a number above 0, got '0'"),
        ("first:x,second", "must be a number above 0, got 'x'"),
        ("first:inf,second", "must be a number above 0"),
        ([], "name at least one"),
        ("", "name is missing"),
        ("first,", "name is missing"),
        (":2", "name is missing"),
        (5, "encoder is a name or a list of names, got 5"),
        (["first", 2], "a list of names"),
        ({"first": 2.0, "second": 1.0}, "a list of names"),
    ],
)
def test_wrong_wishes(store, encoder, complaint):
    with pytest.raises(UsageError, match=complaint):
        search(store, [Term("id", 4)], encoder=encoder)


@pytest.mark.parametrize("scale", [1e-320, 1e-9, 1e200, 1e307])
def test_only_the_ratios_of_weights_count(store, scale):
    expected = ask(store, 3, {"first": 2.0, "second": 4.0})
    found = ask(store, 3, {"first": 2.0 * scale, "second": 4.0 * scale})
    assert [hit.id for hit in found] == [hit.id for hit in expected]
    assert [h.score for h in found] == pytest.approx([h.score for h in expected], abs=1e-3)
    terms = [Term("id", 4, 2.0 * scale), Term("id", 8, -1.0 * scale)]
    mixed = search(store, terms, encoder="first")
    same = search(store, [Term("id", 4, 2.0), Term("id", 8, -1.0)], encoder="first")
    assert [h.score for h in mixed] == pytest.approx([h.score for h in same], abs=1e-6)


def test_a_weight_that_is_no_number(store):
    for weight in ("2", None, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="a weight must be a finite number"):
            search(store, [Term("id", 4, weight)], encoder="first")


def test_a_threshold_misses_nothing_that_no_list_begins_with(tmp_path: Path):
    # 130 records are best by one encoder and 130 others by the other; the best by both come after.
    def towards(cosine: float) -> NDArray[np.float32]:
        return np.array([cosine, (1 - cosine**2) ** 0.5], np.float32)

    cosines = [(1.0, 1.0)] + [(0.8, 0.0), (0.0, 0.8)] * 130 + [(0.7, 0.7)] * 5
    with LocalStore.open(tmp_path / "c") as store:
        for name in "ab":
            store.add_encoder(EncoderSpec(name, "embedding", 2))
        store.upsert(
            [
                Entry(f"/{n}", vectors={"a": towards(a), "b": towards(b)})
                for n, (a, b) in enumerate(cosines)
            ]
        )
        found = search(store, [Term("id", 1)], encoder="a,b", threshold=0.6)
        assert [hit.id for hit in found] == [1, *range(262, 267)]
        page = search(store, [Term("id", 1)], encoder="a,b", threshold=0.6, limit=2, offset=3)
        assert [hit.id for hit in page] == [264, 265]


def test_an_encoder_that_is_not_there(store):
    with pytest.raises(UnknownEncoderError, match="no encoder 'third'; it has first"):
        search(store, [Term("id", 4)], encoder="first,third")
    with pytest.raises(UsageError, match="text tower"):
        search(store, [Term("text", "a cat")], encoder="first,second")


def test_names_with_commas_and_colons_are_taken_as_they_are(tmp_path: Path):
    with LocalStore.open(tmp_path / "c") as store:
        for name in ("a,b", "a:2", "a"):
            store.add_encoder(EncoderSpec(name, "embedding", 2))
        vectors = dict.fromkeys(("a,b", "a:2", "a"), np.array([1, 0], np.float32))
        store.upsert([Entry("/1", vectors=vectors)])
        for name in ("a,b", "a:2"):
            assert search(store, [Term("id", 1)], encoder=name).encoder == name
        assert search(store, [Term("id", 1)], encoder="a:2,a").encoder == "a:2,a"


def test_pictures_and_words_on_real_pictures(tmp_path, photos):
    import lookalike

    with lookalike.open(tmp_path / "c", encoder="mobilenet-v3-large,phash") as collection:
        collection.add(photos / "animals")
        picture = next(iter(collection.list())).uri
        found = collection.search(picture, encoder=["mobilenet-v3-large", "phash"])
        assert found.encoder == "mobilenet-v3-large,phash"
        assert (found[0].uri, found[0].verdict.value) == (picture, "identical")
        assert found[0].score > 0.999
        single = [
            {h.id: h.score for h in collection.search(picture, encoder=name, limit=99)}
            for name in ("mobilenet-v3-large", "phash")
        ]
        for hit in found:
            both = single[0][hit.id] + single[1][hit.id]
            if min(single[0][hit.id], single[1][hit.id]) > 0:
                assert hit.score == pytest.approx(both / 2, abs=1e-3)
