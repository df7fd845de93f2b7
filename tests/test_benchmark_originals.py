"""The parts of benchmarks/originals.py that its numbers stand on."""

from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image, ImageOps

import lookalike
from lookalike.sources.uri import from_path

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The crowd and the queries."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import copy_queries

    return copy_queries


@pytest.fixture
def answers(queries: ModuleType) -> ModuleType:
    """What is made of answers."""
    import copy_answers

    return copy_answers


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Three folders of small pictures."""
    counts = {"originals": 5, "labelled/kind": 20, "captions": 28}
    for name, count in counts.items():
        (tmp_path / name).mkdir(parents=True)
        for number in range(count):
            image = Image.new("RGB", (40, 30), (number * 8, 50, 90))
            image.save(tmp_path / name / f"{number:03}.jpg")
    return tmp_path / "originals", tmp_path / "labelled", tmp_path / "captions"


def test_what_is_asked_in_vain_or_mixed_in_is_in_no_crowd(
    queries: ModuleType, folders: tuple[Path, Path, Path]
) -> None:
    options = {"count": 3, "edits": "all", "seed": 1, "crowded": True}
    found = queries.pictures(*folders, **options)
    known = [query for query in found.queries if query.original]
    vain = [query for query in found.queries if not query.original]
    assert len(known) == 3 * len(queries.EDITS["all"])
    assert all(query.path in found.crowd for query in known)
    assert vain
    assert not {query.path for query in vain} & set(found.crowd)
    assert not {other for query in found.queries for other in query.others} & set(found.crowd)
    assert len(found.crowd) == 5 + 18 + 21
    again = queries.pictures(*folders, **options)
    assert again == found
    some = [query for query in found.queries if query.edit in {"collage", "chain-5", ""}]
    assert [one.data for one in some] == [
        other.data for other in again.queries if other.edit in {"collage", "chain-5", ""}
    ]


def test_recall_counts_every_hit_of_every_answer(queries: ModuleType, answers: ModuleType) -> None:
    one, two = Path("/a/1.jpg"), Path("/a/2.jpg")

    def answer(original: Path | None, *hits: tuple[Path, float]) -> object:
        query = queries.Query(one, "mirror", 1, original, ())
        shown = tuple(answers.Shown(from_path(path), score, "copy") for path, score in hits)
        return answers.Answer(query, shown, 1.0)

    first = answer(one, (one, 0.9), (two, 0.2))
    second = answer(two, (two, 0.5))
    vain = answer(None, (two, 0.7))
    assert answers.recall_at([first, second], 0.99) == 1
    assert answers.recall_at([first, second, vain], 0.99) == 0.5
    assert answers.recall_at([first, second, vain], 0.6) == 1
    assert answers.recall_at([vain], 0.99) == 0
    told = answers.report("title", [first, second, vain], "basic")
    assert told["basic recall@1"] == 1
    assert (told["copies called"], told["copies wrong"]) == (4, 2)


def test_steps_are_taken_from_the_evidence_of_one_search(
    answers: ModuleType, tmp_path: Path, photos: Path
) -> None:
    import copy_steps

    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(photos / "animals")
        with Image.open(photos / "animals" / "raccoon.jpg") as image:
            framed = ImageOps.expand(image.convert("RGB"), 150, "white")
            mirrored = ImageOps.mirror(image)
        watch = copy_steps.Watch()

        def first(query: Image.Image) -> dict[str, bool]:
            collection.copies(query)
            kept = watch.parts
            watch.parts = {}
            return {
                step: bool(hits) and hits[0].uri.endswith("raccoon.jpg") and hits[0].score > 0.5
                for step, hits in kept.items()
            }

        with watch.watching():
            assert first(framed) == {
                "pHash": False,
                "+ other hashes": False,
                "+ borders": True,
                "+ orientations": True,
                "+ photographs within": True,
            }
            assert first(mirrored)["+ borders"] is False
            assert first(mirrored)["+ orientations"] is True
        assert first(mirrored) == {}
