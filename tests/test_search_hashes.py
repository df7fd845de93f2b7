"""Several hashes in one collection: asked by name, each says its distance and its doubts."""

import json

import pytest
from PIL import Image

import lookalike
from lookalike.records import Verdict

HASHES = ("phash", "dhash", "ahash", "whash", "pdq")


@pytest.fixture(scope="module")
def hashed(tmp_path_factory, photos):
    """Six animals, one of them twice, a plain picture, and all five hashes; no embedding."""
    folder = tmp_path_factory.mktemp("hashed")
    Image.new("RGB", (200, 200), "teal").save(folder / "plain.png")
    with Image.open(photos / "animals" / "otters.jpg") as image:
        image.save(folder / "again.jpg", quality=40)
    with lookalike.open(folder / "c", encoder=",".join(HASHES)) as collection:
        assert not collection.add([photos / "animals", *folder.glob("*.*")]).failed
        yield collection


@pytest.mark.parametrize("name", HASHES)
def test_each_finds_a_copy_and_says_how_far_it_is(hashed, photos, name):
    hits = hashed.search(photos / "animals" / "otters.jpg", encoder=name, limit=3)
    assert hits.encoder == name
    assert hits[0].verdict == Verdict.IDENTICAL
    assert hits[1].uri.endswith("again.jpg")
    # What is a copy is decided by pHash, whichever hash found it.
    assert hits[1].verdict == Verdict.COPY
    assert hits[1].reason.startswith("pHash distance ")
    spoken = {"phash": "pHash", "dhash": "dHash", "ahash": "aHash", "whash": "wHash", "pdq": "PDQ"}
    assert hits[2].reason == f"{spoken[name]} distance {hits[2].distance:.0f}"
    bits = 256 if name == "pdq" else 64
    assert hits[2].score == pytest.approx(max(0, 1 - 2 * hits[2].distance / bits))


def test_pictures_go_to_the_hash_that_was_measured_best(hashed, photos):
    quality = {name: lookalike.encoders.registry.card(name).quality for name in HASHES}
    best = max(HASHES, key=lambda name: quality[name]["copy_recall"])
    assert hashed.search(photos / "animals" / "otters.jpg", limit=1).encoder == best


def test_a_plain_picture_is_not_to_be_trusted_by_pdq(hashed, photos):
    plain = hashed.search(Image.new("RGB", (99, 99), "red"), encoder="pdq")
    (notice,) = plain.notices
    assert "too little structure for pdq (quality 0 of 100" in notice
    (record,) = [record for record in hashed.list() if record.uri.endswith("plain.png")]
    assert hashed.search(id=record.id, encoder="pdq").notices == (notice,)
    assert hashed.search(photos / "animals" / "otters.jpg", encoder="pdq").notices == ()
    assert hashed.search(Image.new("RGB", (99, 99), "red"), encoder="dhash").notices == ()


def test_each_is_counted_shown_and_of_its_size(hashed, photos):
    stats = {one.spec.name: one for one in hashed.stats().encoders}
    assert {name: stats[name].vectors for name in HASHES} == dict.fromkeys(HASHES, len(hashed))
    record = next(hashed.list())
    sizes = {name: len(vector) for name, vector in hashed.vectors_of(record.id).items()}
    assert sizes == {"phash": 8, "dhash": 8, "ahash": 8, "whash": 8, "pdq": 32}
    assert set(hashed.qualities_of(record.id)) == {"pdq"}
    found = hashed.search(vector=hashed.vectors_of(record.id)["pdq"], limit=1)
    assert found.encoder == "pdq"
    assert found[0].id == record.id
    assert json.dumps(found.to_dict())
