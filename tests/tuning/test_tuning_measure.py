"""Steps, what they find, which one is chosen, and what is said of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import pytest

from lookalike.indexes import IndexSpec
from lookalike.indexes.parameters import Value
from lookalike.stores.base import Neighbour, QueryPart
from lookalike.tuning.advice import advice
from lookalike.tuning.exact import Truth
from lookalike.tuning.ladder import ladder
from lookalike.tuning.measure import measure
from lookalike.tuning.queries import NOBODY, Queries
from lookalike.tuning.report import columns, rows, to_dict
from lookalike.tuning.results import Asked, Step, Tried, Tuning

SIZE = 64
EYE = np.eye(SIZE, dtype=np.float32)


class FakeStore:
    """Finds of the true ten one for each eight of `ef`, and of words half of those."""

    place = "milvus"

    def __init__(self) -> None:
        self.search: Mapping[str, Value] = {}

    def index(self, _: str) -> IndexSpec:
        return IndexSpec("HNSW")

    @contextmanager
    def searching(self, _: str, parameters: Mapping[str, Value]) -> Iterator[None]:
        before, self.search = self.search, parameters
        yield
        self.search = before

    def nearest(self, _: str, query: Sequence[QueryPart], limit: int) -> list[Neighbour]:
        (part,) = query
        right = min(int(self.search["ef"]) // 8, 10)
        if part.vector[0] == 0:  # words
            right //= 2
        return [Neighbour(one if one < right else 40 + one, 0.5) for one in range(limit)]

    def compared(self, _: str, ids: Sequence[int]) -> dict[int, np.ndarray]:
        return {key: EYE[key] for key in ids}


def asked(kind: Asked) -> tuple[Queries, Truth]:
    vectors = np.full((3, SIZE), 0.01, np.float32)
    if kind == "words":
        vectors[:, 0] = 0
    truth = Truth(np.tile(np.arange(10), (3, 1)), np.full((3, 10), 0.9, np.float32))
    return Queries(kind, vectors, np.full(3, NOBODY)), truth


def test_the_first_step_that_reaches_the_recall_for_all_is_chosen() -> None:
    pictures, words = asked("pictures"), asked("words")
    store = FakeStore()
    steps, chosen = measure(store, "e", [pictures], 10, recall=0.8)  # type: ignore[arg-type]
    assert chosen is not None
    assert chosen.search["ef"] == 64
    assert chosen.recall == pytest.approx({"pictures": 0.8})
    assert len(steps) <= steps.index(chosen) + 3
    steps, chosen = measure(store, "e", [pictures, words], 10, recall=0.8)  # type: ignore[arg-type]
    assert chosen is None
    assert max(step.recall["words"] for step in steps) == 0.5


def test_what_is_as_near_as_the_last_counts() -> None:
    class Copies(FakeStore):
        def compared(self, _: str, ids: Sequence[int]) -> dict[int, np.ndarray]:
            return dict.fromkeys(ids, EYE[0] * 90.0)  # cosine 0.9 to every query

    steps, _ = measure(Copies(), "e", [asked("pictures")], 10, recall=0.9)  # type: ignore[arg-type]
    assert steps[0].recall["pictures"] == 1


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("HNSW:ef=100", {"ef": 10}, {"ef": 4096}),
        ("IVF_FLAT:nlist=100,nprobe=7", {"nprobe": 7}, {"nprobe": 50}),
        ("SCANN:nlist=64", {"nprobe": 8, "reorder_k": 200}, {"nprobe": 32, "reorder_k": 800}),
        ("FLAT", {}, {}),
    ],
)
def test_the_ladder_goes_from_fast_to_thorough(
    text: str, least: dict[str, int], most: dict[str, int]
) -> None:
    steps = ladder(IndexSpec.parse(text), "milvus", 10)
    assert (dict(steps[0]), dict(steps[-1])) == (least, most)


def test_the_kept_setting_is_a_step() -> None:
    steps = ladder(IndexSpec.parse("IVF_PQ:nlist=1024,m=8,nprobe=20"), "milvus", 10)
    assert {"nprobe": 20} in [dict(step) for step in steps]


def tried(text: str, *recalls: dict[Asked, float], vectors: int = 1000) -> Tried:
    steps = []
    for recall in recalls:
        ms = dict.fromkeys(recall, 1.0)
        steps.append(Step({"nprobe": 8}, recall, ms, ms))
    reaching = next((step for step in steps if step.reaches(0.95)), None)
    return Tried(IndexSpec.parse(text), vectors, tuple(steps), reaching)


def notices(tuning: Tuning, *, words: bool = True, memory: int | None = None) -> str:
    return "\n".join(advice(tuning, "milvus", (2, 3, 5), dimensions=64, words=words, memory=memory))


def test_an_index_that_fails_words_is_told_of_with_one_that_does_not() -> None:
    queries: dict[Asked, int] = {"pictures": 9, "words": 9}
    failing = tried(
        "IVF_PQ:nlist=64,m=8", {"pictures": 0.96, "words": 0.5}, {"pictures": 0.96, "words": 0.6}
    )
    said = notices(Tuning("clip", 10, 0.95, queries, failing))
    assert "does not reach a recall of 0.95 for words" in said
    assert "lost in its codes" not in said
    assert "lookalike rebuild --index-type clip=HNSW`" in said
    good = tried("IVF_FLAT:nlist=64", {"pictures": 0.97, "words": 0.96})
    said = notices(Tuning("clip", 10, 0.95, queries, failing, (good,)))
    assert "IVF_FLAT:nlist=64 reached it on the sample" in said


def test_what_no_search_parameter_mends_is_the_codes_fault() -> None:
    recalls: list[dict[Asked, float]] = [{"pictures": 0.768}, {"pictures": 0.77}]
    for text, is_told in (("IVF_PQ:nlist=64,m=8", True), ("IVF_FLAT:nlist=64", False)):
        said = notices(Tuning("clip", 10, 0.95, {"pictures": 9}, tried(text, *recalls)))
        assert "at most 0.770 for pictures" in said
        assert ("lost in its codes" in said) == is_told


def test_the_choice_for_the_memory_there_is_is_told() -> None:
    good = tried("HNSW", {"pictures": 1.0}, vectors=10**7)
    tuning = Tuning("e", 10, 0.95, {"pictures": 9}, good)
    assert "choice" not in notices(tuning)
    said = notices(tuning, memory=3 * 2**30)
    assert "HNSW takes 3.7 GiB of 3.0 GiB of memory, 70% of which it may" in said
    assert "the choice is IVF_SQ8" in said
    other = Tuning("e", 10, 0.95, {"pictures": 9}, tried("FLAT", {"pictures": 1.0}, vectors=10**7))
    assert "3.7 GiB of 64.0 GiB of memory (assumed)" in notices(other)


def test_words_that_were_not_measured_are_told_of() -> None:
    good = tried("HNSW", {"pictures": 1.0})
    tuning = Tuning("e", 10, 0.95, {"pictures": 9}, good)
    assert "give words with --words" in notices(tuning)
    assert "e does not understand them" in notices(tuning, words=False)


def test_rows_and_json_hold_every_step() -> None:
    queries: dict[Asked, int] = {"pictures": 9, "words": 9}
    good = tried("HNSW:M=8", {"pictures": 1.0, "words": 0.97})
    tuning = Tuning("e", 10, 0.95, queries, good, (good,))
    table = list(rows(tuning))
    assert all(len(row) == len(columns(tuning)) for row in table)
    assert table[0] == [
        "HNSW:M=8",
        "nprobe=8",
        "1.000",
        "1.00",
        "1.00",
        "0.970",
        "1.00",
        "1.00",
        "*",
    ]
    assert to_dict(tuning)["current"]["chosen"]["recall"] == {"pictures": 1.0, "words": 0.97}
