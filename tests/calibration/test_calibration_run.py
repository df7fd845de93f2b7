"""Calibrating a collection: on its own pictures, and on a table of pairs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drawn import invoice
from PIL import Image, ImageOps

import lookalike
from lookalike.calibration import Calibration, read, stored, synthetic
from lookalike.calibration import pairs as own_pairs
from lookalike.calibration.kept import Kept
from lookalike.calibration.report import measured_on
from lookalike.calibration.twins import OwnTwins, Told
from lookalike.collection import Collection
from lookalike.errors import UsageError
from lookalike.records import Decision, Verdict
from lookalike.stores.local import LocalStore


@pytest.fixture(autouse=True)
def without_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local features have tests of their own."""
    monkeypatch.setattr("lookalike.proof.available", lambda: False)


def test_edited_copies_of_the_collection(collection: Collection) -> None:
    stages: list[tuple[str, int, int]] = []
    outcome = collection.calibrate(
        count=12, edits="basic", progress=lambda *stage: stages.append(stage)
    )
    assert stages[-1] == ("looking for edited pictures", 12, 12)
    measured = outcome.measured
    assert (measured.queries, measured.copies) == (12, 12)
    assert sum(pair.same for pair in measured.pairs) == 12
    assert any(pair.same and pair.score > 0.5 for pair in measured.pairs)
    assert outcome.stored
    assert read(collection._store).made == outcome.calibration.made
    assert any("too few pairs to promise 99%" in notice for notice in outcome.notices)


def test_what_was_calibrated_counts_for_copies_and_not_for_calibrating(
    collection: Collection, pictures: Path
) -> None:
    def asked() -> Verdict:
        with Image.open(pictures / "raccoon.jpg") as image:
            return collection.copies(image.resize((300, 200)))[0].verdict

    before = collection.calibrate(count=6, edits="basic", cache=False, dry_run=True).measured
    assert asked() is Verdict.COPY
    stored.write(collection._store, Calibration(copy_score=1.0, copy_radius=0))
    assert asked() is Verdict.SIMILAR
    after = collection.calibrate(count=6, edits="basic", cache=False, dry_run=True).measured
    assert after == before


def test_a_dry_run_keeps_nothing(collection: Collection) -> None:
    outcome = collection.calibrate(count=3, edits="basic", dry_run=True)
    assert not outcome.stored
    assert read(collection._store).made is None


def test_the_same_seed_is_the_same_measurement(collection: Collection) -> None:
    one = collection.calibrate(count=6, cache=False, dry_run=True).measured
    assert collection.calibrate(count=6, cache=False, dry_run=True).measured == one
    other = collection.calibrate(count=6, cache=False, dry_run=True, seed=1).measured
    assert other.pairs != one.pairs


def test_an_interrupted_run_goes_on(
    store: LocalStore, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    real = synthetic.find

    def interrupted(store: LocalStore, data: bytes, **options: Any) -> Any:
        if len(asked) == 4:
            raise KeyboardInterrupt
        asked.append(data)
        return real(store, data, **options)

    monkeypatch.setattr(synthetic, "find", interrupted)
    with pytest.raises(KeyboardInterrupt):
        collection.calibrate(count=8, edits="basic")
    assert read(store).made is None
    asked.clear()

    def rest(store: LocalStore, data: bytes, **options: Any) -> Any:
        asked.append(data)
        return real(store, data, **options)

    monkeypatch.setattr(synthetic, "find", rest)
    resumed = collection.calibrate(count=8, edits="basic", dry_run=True)
    assert len(asked) == 4
    assert resumed.measured == collection.calibrate(count=8, edits="basic", cache=False).measured


def test_pictures_that_cannot_be_read_are_left_out_and_named(
    collection: Collection, pictures: Path
) -> None:
    (pictures / "raccoon.jpg").unlink()
    (pictures / "coral.jpg").write_bytes(b"no picture")
    outcome = collection.calibrate(count=20, edits="basic", dry_run=True)
    assert outcome.measured.queries == 20
    left_out = {one.uri.rsplit("/")[-1]: one.reason for one in outcome.measured.left_out}
    assert left_out.keys() == {"raccoon.jpg", "coral.jpg"}
    assert "gone" in left_out["raccoon.jpg"]


def test_edits_that_are_no_picture_any_more_are_left_out_and_named(
    store: LocalStore, collection: Collection, pictures: Path
) -> None:
    for name in ("one.png", "two.png"):
        Image.effect_noise((1000, 6), 90).save(pictures / name)
    collection.add(pictures)
    store.delete([record.id for record in collection.list() if "jpg" in record.uri])
    measured = collection.calibrate(count=25, edits="basic", dry_run=True).measured
    assert 0 < measured.queries < 25
    assert all("thin" in one.reason for one in measured.left_out)
    assert len(measured.left_out) == 25 - measured.queries


def test_too_few_pictures_and_wrong_arguments_are_said(
    collection: Collection, pictures: Path
) -> None:
    for arguments, message in (
        ({"precision": 1.0}, "from 0.5 up to below 1, got 1.0"),
        ({"count": 0}, "at least one edited picture, got 0"),
        ({"edits": "some"}, "basic, hard, all, got 'some'"),
        ({"pairs": 5}, "pairs are a table's path, not int"),
    ):
        with pytest.raises(UsageError, match=message):
            collection.calibrate(**arguments)
    shutil.rmtree(pictures)
    with pytest.raises(UsageError, match="of 5 only 0 can be read"):
        collection.calibrate(count=4)


def test_the_collections_own_duplicates_are_no_wrong_answers(
    collection: Collection, pictures: Path
) -> None:
    shutil.copy(pictures / "raccoon.jpg", pictures / "again.jpg")
    with Image.open(pictures / "raccoon.jpg") as image:
        image.resize((200, 140)).save(pictures / "small.jpg")
    collection.add(pictures)
    outcome = collection.calibrate(count=24, edits="basic", dry_run=True)
    assert not [pair for pair in outcome.measured.pairs if not pair.same and pair.score > 0.5]
    names = {frozenset((Path(t.first).name, Path(t.second).name)): t.why
             for t in outcome.measured.twins}  # fmt: skip
    assert names[frozenset(("raccoon.jpg", "again.jpg"))] == "same bytes"
    small = names[frozenset(("raccoon.jpg", "small.jpg"))]
    assert small.endswith("and the same lines in the same places")


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Collection]:
    """Pages that differ in their words alone, with one of them twice."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for number in range(4):
        invoice(number).resize((400, 550)).save(folder / f"{number}.png")
    invoice(0).resize((320, 440)).save(folder / "small.png")
    with lookalike.open(tmp_path / "pages.lookalike", encoder="phash") as opened:
        assert not opened.add(folder).failed
        yield opened


def test_near_hashes_of_other_pages_are_wrong_answers(pages: Collection) -> None:
    outcome = pages.calibrate(count=16, edits="basic", dry_run=True)
    assert {frozenset(Path(uri).name for uri in (twin.first, twin.second))
            for twin in outcome.measured.twins} <= {frozenset(("0.png", "small.png"))}  # fmt: skip
    assert not outcome.measured.undecided
    radius = outcome.choices[1]
    assert radius.before is not None
    assert radius.before.wrong > 0
    assert outcome.calibration.copy_radius < 8


def test_what_cannot_be_told_counts_neither_way_and_is_said(
    pages: Collection, tmp_path: Path
) -> None:
    for number in range(2, 4):
        (tmp_path / "pages" / f"{number}.png").unlink()
    outcome = pages.calibrate(count=10, edits="basic", dry_run=True)
    undecided = outcome.measured.undecided
    assert undecided
    assert {pair.why for pair in undecided} == {"a file cannot be read"}
    assert any(
        notice.startswith(f"of {len(undecided)} pairs of pictures it cannot be told")
        for notice in outcome.notices
    )


def test_what_a_user_decided_about_a_pair_counts(store: LocalStore, pictures: Path) -> None:
    collection = Collection(store, pictures, ["phash"])
    shutil.copy(pictures / "raccoon.jpg", pictures / "again.jpg")
    collection.add(pictures)
    one, other = (collection.find(pictures / name) for name in ("raccoon.jpg", "again.jpg"))
    coral = collection.find(pictures / "coral.jpg")
    assert one is not None
    assert other is not None
    assert coral is not None
    assert OwnTwins(store).told(one, other) == Told(True, "same bytes")
    assert not OwnTwins(store).told(one, coral).same
    store.decide(
        [
            Decision("different", min(one.id, other.id), max(one.id, other.id), 1.0),
            Decision("keep", min(one.id, coral.id), max(one.id, coral.id), 1.0),
        ]
    )
    assert OwnTwins(store).told(other, one).same is False
    assert OwnTwins(store).told(one, coral) == Told(True, "decided to be duplicates")


def test_mixed_in_pictures_are_neither_right_nor_wrong(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(synthetic.EDITS, "hard", ("half-covered",))  # type: ignore[misc]
    found = collection.calibrate(count=5, edits="hard", dry_run=True).measured
    # Of five pictures one is asked for, three may be mixed in: one is left to be wrong about.
    assert sum(not pair.same for pair in found.pairs) <= 5


@pytest.fixture
def table(tmp_path: Path, pictures: Path, collection: Collection) -> Path:
    """Pairs of all three kinds: a path, an absolute path, an id."""
    with Image.open(pictures / "raccoon.jpg") as image:
        ImageOps.grayscale(image).save(tmp_path / "grey.jpg")
    coral = collection.find(pictures / "coral.jpg")
    assert coral
    path = tmp_path / "pairs.csv"
    path.write_text(
        "a,b,label\n"
        "grey.jpg,pictures/raccoon.jpg,copy\n"
        f"grey.jpg,{pictures / 'coral.jpg'},different\n"
        f"{coral.id},pictures/flower-meadow.jpg,Similar\n"
        "grey.jpg,gone.jpg,copy\n"
    )
    return path


def test_a_table_of_pairs(collection: Collection, table: Path) -> None:
    outcome = collection.calibrate(table)
    copy, different, similar = outcome.measured.pairs
    assert (copy.label, different.label, similar.label) == ("copy", "different", "similar")
    assert copy.score > 0.5 > different.score
    assert copy.distance is not None
    assert copy.distance <= 4
    assert copy.alike["phash"] > 0.8 > different.alike["phash"]
    (lost,) = outcome.measured.left_out
    assert lost.reason == "there is no such file"
    assert outcome.calibration.pairs == {"copy": 1, "different": 1, "similar": 1}
    words = "on a table of pairs: 1 copy, 1 different, 1 similar"
    assert measured_on(read(collection._store)) == words
    assert outcome.measured.copies == 1
    again = collection.calibrate(table, dry_run=True)
    assert again.measured == outcome.measured


def test_json_lines_are_a_table_too(store: LocalStore, pictures: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [{"a": 1, "b": 2, "label": 1}, {"a": "pictures/coral.jpg", "b": 99, "label": "no"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    given, left_out = own_pairs.read(path, store)
    assert [pair.label for pair in given] == ["copy"]
    assert left_out[0].reason == "there is no record with that id, and no such file"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,label\nx.jpg,y.jpg,maybe\n", "row 2: the label is 'maybe'; write copy, similar or"),
        ("a,b\nx.jpg,y.jpg\n", "row 2 has no 'label'; a table of pairs has the columns a, b"),
        (
            "a,b,label\nx.jpg,y.jpg,copy\n",
            "no pair of which both pictures are there; .*x.jpg: there is no",
        ),
        ("a,b,label\nx.jpg,copy\n", "row 2: it has 2 fields, the header 3"),
    ],
)
def test_wrong_tables(text: str, message: str, tmp_path: Path, store: LocalStore) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        own_pairs.read(path, store)


def test_pairs_are_measured_once(
    store: LocalStore, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, left_out = own_pairs.read(table, store)
    kept = Kept({"test": 1}, tmp_path / "kept")
    first = own_pairs.measure(store, given, left_out, kept=kept)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(own_pairs, "find", never)
    again = own_pairs.measure(store, given, left_out, kept=Kept({"test": 1}, tmp_path / "kept"))
    assert again == first
