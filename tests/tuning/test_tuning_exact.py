"""The true neighbours, and the queries they are of."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import NotFoundError, UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore
from lookalike.tuning import exact, queries
from lookalike.tuning.queries import NOBODY, Queries

COUNT = 300
SIZE = 12


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStore]:
    vectors = np.random.default_rng(3).standard_normal((COUNT, SIZE)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with LocalStore.open(tmp_path_factory.mktemp("exact") / "c") as opened:
        opened.add_encoder(EncoderSpec("e", "embedding", SIZE))
        opened.upsert(
            [
                Entry(f"/{at}", vectors={"e": row}, attributes={"title": f"number {at % 9}"})
                for at, row in enumerate(vectors)
            ]
        )
        yield opened


def test_the_truth_is_what_comparing_with_all_gives(store: LocalStore) -> None:
    asked = queries.of_pictures(store, "e", 20, seed=1)
    truth = exact.nearest(store, "e", asked, 7)
    ids = np.concatenate([some for some, _ in queries.compared(store, "e")])
    vectors = np.concatenate([rows for _, rows in queries.compared(store, "e")])
    for row, own in enumerate(asked.own.tolist()):
        cosines = vectors @ asked.vectors[row]
        order = [key for key in ids[np.argsort(-cosines)].tolist() if key != own][:7]
        assert truth.ids[row].tolist() == order
        assert own not in truth.ids[row]


def test_fewer_vectors_than_asked_for_leave_places_empty(store: LocalStore) -> None:
    vector = np.eye(1, SIZE, dtype=np.float32)
    asked = Queries("words", vector, np.array([NOBODY]))
    truth = exact.nearest(store, "e", asked, COUNT + 5)
    assert (truth.ids[0] >= 0).sum() == COUNT
    assert truth.ids[0, COUNT:].tolist() == [-1] * 5


def test_queries_are_drawn_anew_by_another_seed_alone(store: LocalStore) -> None:
    first, again, other = (queries.drawn(store, "e", 50, seed)[0].tolist() for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == 50
    assert len(queries.drawn(store, "e", 10_000, 0)[0]) == COUNT


def test_every_vector_is_as_likely_to_be_drawn(store: LocalStore) -> None:
    drawn = np.concatenate([queries.drawn(store, "e", 30, seed)[0] for seed in range(200)])
    counts = np.unique(drawn, return_counts=True)[1]
    assert len(counts) == COUNT  # 20 times each on average: none is left out
    assert counts.max() < 45


def test_texts_come_from_lines_and_tables(tmp_path: Path) -> None:
    lines = tmp_path / "words.txt"
    lines.write_text("a cat\n\n a dog \na cat\n", encoding="utf-8")
    assert queries.texts_of_file(lines, 9, 0) == ["a cat", "a dog"]
    table = tmp_path / "captions.tsv"
    table.write_text("file\tCaption\nx.jpg\ttwo, three\n", encoding="utf-8")
    assert queries.texts_of_file(table, 9, 0) == ["two, three"]
    bad = tmp_path / "bad.csv"
    bad.write_text("file,name\nx,y\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no column text or caption"):
        queries.texts_of_file(bad, 9, 0)
    with pytest.raises(NotFoundError):
        queries.texts_of_file(tmp_path / "none.txt", 9, 0)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(UsageError, match="no text in"):
        queries.texts_of_file(tmp_path / "empty.txt", 9, 0)


def test_texts_come_from_an_attribute(store: LocalStore) -> None:
    assert set(queries.texts_of_attribute(store, "title", 99, 0)) == {
        f"number {n}" for n in range(9)
    }
    assert len(queries.texts_of_attribute(store, "title", 4, 0)) == 4
    with pytest.raises(UsageError, match="attribute nothing"):
        queries.texts_of_attribute(store, "nothing", 9, 0)
