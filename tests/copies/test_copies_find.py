"""Finding the original: verdicts, reasons, order and who may see what."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import lookalike
from lookalike.collection import Collection
from lookalike.errors import PictureError, UsageError
from lookalike.proof import available
from lookalike.records import Verdict

Edit = Callable[[str], bytes]

needs_opencv = pytest.mark.skipif(not available(), reason="the extra proof is not installed")


def test_the_same_file_is_identical(collection: Collection, original: Path) -> None:
    (first, *others) = collection.copies(original)
    assert (first.uri, first.verdict, first.score) == (str(original), Verdict.IDENTICAL, 1.0)
    assert first.reason == "same bytes"
    assert all(hit.verdict is Verdict.SIMILAR and hit.score < 0.5 for hit in others)


def test_other_bytes_of_the_same_pixels_are_identical(
    collection: Collection, original: Path
) -> None:
    buffer = io.BytesIO()
    Image.open(original).save(buffer, "PNG")
    best = collection.copies(buffer.getvalue())[0]
    assert (best.uri, best.verdict, best.reason) == (
        str(original),
        Verdict.IDENTICAL,
        "same pixels",
    )


@pytest.mark.parametrize(
    ("edit_name", "words"),
    [
        ("jpeg-8", "pHash distance"),
        ("black-border", "after trimming a black border"),
        ("white-border", "after trimming a white border"),
        ("mirror", "mirrored"),
        ("rotate-90", "turned by 90°"),
        ("rotate-180-mirror", "mirrored top to bottom"),
        ("invert", "colours inverted"),
    ],
)
def test_copies_are_found_and_say_why(
    collection: Collection, original: Path, edit: Edit, edit_name: str, words: str
) -> None:
    results = collection.copies(edit(edit_name))
    assert (results[0].uri, results[0].verdict) == (str(original), Verdict.COPY)
    assert words in results[0].reason
    assert all(hit.verdict is Verdict.SIMILAR for hit in results[1:])


@needs_opencv
@pytest.mark.parametrize(
    ("edit_name", "words"),
    [
        ("crop-80", "% of the picture matches"),
        ("collage", "found inside the picture: region at the"),
        ("inside-40", "40 % of its width"),
    ],
)
def test_proof_says_what_matches(
    collection: Collection, original: Path, edit: Edit, edit_name: str, words: str
) -> None:
    best = collection.copies(edit(edit_name))[0]
    assert (best.uri, best.verdict) == (str(original), Verdict.COPY)
    assert words in best.reason
    assert best.match is not None
    assert best.match.score > 0.9
    assert best.score > 0.9


def test_what_is_not_there_is_only_similar(collection: Collection, photos: Path) -> None:
    results = collection.copies(min((photos / "moon").glob("*.*")))
    assert results
    assert {hit.verdict for hit in results} == {Verdict.SIMILAR}


def test_hits_come_in_the_order_of_their_verdicts(collection: Collection, edit: Edit) -> None:
    hits = collection.copies(edit("collage")).hits
    order = [Verdict.IDENTICAL, Verdict.COPY, Verdict.SIMILAR]
    keys = [(order.index(hit.verdict), -hit.score, hit.id) for hit in hits]
    assert keys == sorted(keys)
    assert all(0 <= hit.score <= 1 for hit in hits)
    assert all(hit.distance == pytest.approx(1 - hit.score) for hit in hits)


def test_quick_looks_at_the_whole_picture_only(
    collection: Collection, original: Path, edit: Edit
) -> None:
    quick = collection.copies(edit("black-border"), effort="quick")
    assert quick[0].uri == str(original)
    assert list(quick.took_ms.steps) == [
        *("decode", "digests", "hashes", "descriptor", "compare", "ink")
    ]
    mirrored = collection.copies(edit("invert"), effort="quick")
    assert all(hit.verdict is Verdict.SIMILAR for hit in mirrored)


def test_steps_can_be_turned_on_and_off(collection: Collection, edit: Edit) -> None:
    found = collection.copies(edit("crop-80"), orientations=False, regions=False, proof=False)
    assert not [name for name in found.took_ms.steps if "orientation" in name or "region" in name]
    assert "proof" not in found.took_ms.steps
    more = collection.copies(edit("crop-80"), effort="quick", orientations=True)
    assert "7 orientations" in more.took_ms.steps


def test_a_threshold_and_a_limit_cut(collection: Collection, edit: Edit) -> None:
    picture = edit("jpeg-8")
    assert len(collection.copies(picture, threshold=0.9)) == 1
    assert len(collection.copies(picture, limit=2)) == 2
    assert len(collection.copies(picture, limit=0)) == 0


def test_filters_hold_for_every_step(
    collection: Collection, originals: Path, original: Path, edit: Edit
) -> None:
    for picture in (original, edit("mirror"), edit("crop-80")):
        elsewhere = collection.copies(picture, within=originals / "animals", proof=False)
        assert all("animals" in hit.uri for hit in elsewhere)
        assert all(hit.verdict is Verdict.SIMILAR for hit in elsewhere)
        nothing = collection.copies(picture, where="colour == 'red'", proof=False)
        assert not nothing
        assert any("colour" in notice for notice in nothing.notices)


def test_tenants_see_nothing_of_each_other(own: Collection, tmp_path: Path) -> None:
    picture = min((tmp_path / "animals").glob("*.jpg"))
    own.add(picture, tenant="other")
    mine = {hit.id for hit in own.copies(picture, tenant="") if hit.score > 0.5}
    theirs = {hit.id for hit in own.copies(picture, tenant="other")}
    both = {hit.id for hit in own.copies(picture) if hit.score > 0.5}
    assert (len(mine), len(theirs)) == (1, 1)
    assert mine.isdisjoint(theirs)
    assert both == mine | theirs
    with pytest.raises(UsageError, match="there is no record"):
        own.copies(id=min(mine), tenant="other")


def test_a_score_does_not_depend_on_what_others_have(own: Collection, tmp_path: Path) -> None:
    picture = Image.open(min((tmp_path / "animals").glob("*.jpg"))).crop((30, 30, 300, 250))
    before = [(hit.id, hit.score, hit.reason) for hit in own.copies(picture, tenant="")]
    own.add(picture, tenant="other", uri="cut")
    assert [(hit.id, hit.score, hit.reason) for hit in own.copies(picture, tenant="")] == before


def test_a_record_is_no_copy_of_itself(own: Collection, tmp_path: Path) -> None:
    picture = min((tmp_path / "animals").glob("*.jpg"))
    shutil.copy(picture, tmp_path / "again.jpg")
    own.add(tmp_path / "again.jpg")
    first, second = own.find(picture), own.find(tmp_path / "again.jpg")
    assert first is not None
    assert second is not None
    results = own.copies(id=first.id)
    assert results[0].id == second.id
    assert first.id not in {hit.id for hit in results}


def test_a_record_whose_file_is_gone(own: Collection, tmp_path: Path) -> None:
    picture = min((tmp_path / "animals").glob("*.jpg"))
    record = own.find(picture)
    assert record is not None
    cut = ImageOps.mirror(Image.open(picture)).crop((40, 30, 360, 240))
    picture.unlink()
    hit = own.copies(cut)[0]
    assert hit.id == record.id
    assert hit.match is None
    assert "no proof: the file is gone" in hit.reason or hit.verdict is Verdict.SIMILAR
    asked = own.copies(id=record.id)
    assert any("cannot be read (the file is gone)" in notice for notice in asked.notices)
    assert {hit.verdict for hit in asked} == {Verdict.SIMILAR}


def test_a_file_that_is_another_by_now_proves_nothing(own: Collection, tmp_path: Path) -> None:
    picture, other = sorted((tmp_path / "animals").glob("*.jpg"))[:2]
    record = own.find(picture)
    assert record is not None
    cut = ImageOps.mirror(Image.open(picture)).crop((40, 30, 360, 240))
    shutil.copy(other, picture)
    hit = own.copies(cut)[0]
    assert (hit.id, hit.match) == (record.id, None)
    asked = own.copies(id=record.id, proof=False)
    assert any("changed after it was indexed" in notice for notice in asked.notices)


def test_hashes_alone_and_a_descriptor_that_is_none_say_so(
    tmp_path: Path, indexed: Collection, originals: Path, edit: Edit, original: Path
) -> None:
    with lookalike.open(tmp_path / "hashes.lookalike", encoder="phash") as hashes:
        hashes.add(originals / "buildings")
        found = hashes.copies(edit("rotate-180-mirror"))
    assert (found[0].uri, found[0].verdict) == (str(original), Verdict.COPY)
    assert "looked for by hashes alone" in found.notices[0]
    by_network = indexed.copies(edit("mirror"))
    assert by_network[0].verdict is Verdict.COPY
    assert "by mobilenet-v3-large" in by_network.notices[0]


def test_a_flat_picture_is_a_copy_of_nothing(collection: Collection) -> None:
    for colour in ("white", "black"):
        results = collection.copies(Image.new("RGB", (300, 200), colour))
        assert all(hit.verdict is Verdict.SIMILAR for hit in results)


def test_pictures_of_one_pixel(collection: Collection) -> None:
    assert all(
        hit.verdict is Verdict.SIMILAR for hit in collection.copies(Image.new("RGB", (1, 1)))
    )


def test_wrong_use_is_said(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give one picture, or one id"):
        collection.copies()
    with pytest.raises(UsageError, match="give one picture, or one id"):
        collection.copies(b"x", id=1)
    with pytest.raises(UsageError, match="quick, full"):
        collection.copies(b"x", effort="much")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="score from 0 to 1"):
        collection.copies(b"x", threshold=2)
    with pytest.raises(PictureError, match="does not exist"):
        collection.copies(tmp_path / "nowhere.jpg")
    with lookalike.open(tmp_path / "empty.lookalike") as empty:
        with pytest.raises(UsageError, match="empty"):
            empty.copies(b"x")
        empty.add_embeddings([1, 2], np.eye(2, 8))
        with pytest.raises(UsageError, match="sscd-distilled,phash"):
            empty.copies(b"x")


def test_a_read_only_collection_answers_the_same(
    copies_once: Path, collection: Collection, edit: Edit
) -> None:
    picture = edit("crop-50")
    with lookalike.open(copies_once, read_only=True) as reader:
        assert reader.copies(picture)[0].id == collection.copies(picture)[0].id
