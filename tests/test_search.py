import numpy as np
import pytest
from PIL import Image

from lookalike.errors import PictureError, UnknownEncoderError, UsageError
from lookalike.records import EncoderSpec, Verdict
from lookalike.search import Term, choose_encoders, describe

CLIP = EncoderSpec("clip-vit-b-16", "embedding", 512)
DINO = EncoderSpec("dinov2-vits14", "embedding", 384)
PHASH = EncoderSpec("phash", "hash", 64)
EXTERNAL = EncoderSpec("external", "embedding", 384)
IMAGE = Term("image", "cat.jpg")
TEXT = Term("text", "a cat")


class Shelf:
    """As much of a store as choosing an encoder asks for."""

    def __init__(self, *specs, incomplete=(), has=()):
        self.specs, self.incomplete, self.has = specs, incomplete, has

    def encoders(self):
        return self.specs

    def missing(self, name, limit, files_only):
        return [None] * (name in {s.name for s in self.incomplete})

    def compared(self, name, ids):
        return {i: None for i in ids if name in {s.name for s in self.has}}


def choose_encoder(shelf, terms, wished):
    """The only one that answers."""
    (spec,) = choose_encoders(shelf, terms, wished).specs
    return spec


class TestChooseEncoder:
    def test_pictures_use_the_best_for_pictures(self):
        assert choose_encoder(Shelf(PHASH, CLIP, DINO), [IMAGE], None) is DINO

    def test_words_use_the_one_with_a_text_tower(self):
        assert choose_encoder(Shelf(PHASH, DINO, CLIP), [TEXT], None) is CLIP
        assert choose_encoder(Shelf(PHASH, DINO, CLIP), [IMAGE, TEXT], None) is CLIP

    def test_a_vector_uses_the_one_of_its_size_and_kind(self):
        eight = EncoderSpec("eight", "embedding", 8)
        shelf = Shelf(CLIP, PHASH, DINO, eight)
        assert choose_encoder(shelf, [Term("vector", np.ones(512))], None) is CLIP
        assert choose_encoder(shelf, [Term("vector", np.ones(8, np.uint8))], None) is PHASH
        assert choose_encoder(shelf, [Term("vector", [1] * 8)], None) is eight

    def test_embeddings_before_hashes(self):
        assert choose_encoder(Shelf(PHASH, EXTERNAL), [Term("id", 3)], None) is EXTERNAL

    def test_an_id_needs_a_vector_there(self):
        shelf = Shelf(PHASH, EXTERNAL, has=[PHASH])
        assert choose_encoder(shelf, [Term("id", 3)], None) is PHASH

    def test_pictures_need_a_model_of_ours(self):
        assert choose_encoder(Shelf(PHASH, EXTERNAL), [IMAGE], None) is PHASH

    def test_what_is_still_being_filled_comes_last(self):
        shelf = Shelf(CLIP, DINO, PHASH, incomplete=[DINO])
        assert choose_encoder(shelf, [IMAGE], None) is CLIP
        assert choose_encoder(Shelf(DINO, PHASH, incomplete=[DINO]), [IMAGE], None) is DINO

    def test_the_wished_one(self):
        assert choose_encoder(Shelf(CLIP, PHASH), [IMAGE], "phash") is PHASH

    def test_what_cannot_be(self):
        with pytest.raises(UsageError, match="collection is empty"):
            choose_encoder(Shelf(), [IMAGE], None)
        with pytest.raises(UnknownEncoderError, match="no encoder 'vgg'; it has clip-vit-b-16"):
            choose_encoder(Shelf(CLIP), [IMAGE], "vgg")
        with pytest.raises(UsageError, match="words need an encoder with a text tower"):
            choose_encoder(Shelf(PHASH, DINO, EXTERNAL), [TEXT], None)
        with pytest.raises(UsageError, match=r"float64 of \(3,\)"):
            choose_encoder(Shelf(CLIP), [Term("vector", np.ones(3))], None)
        with pytest.raises(UsageError, match="needs a model"):
            choose_encoder(Shelf(EXTERNAL), [IMAGE], None)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ([TEXT], "a cat"),
        ([IMAGE], "cat.jpg"),
        ([Term("id", 7)], "id 7"),
        (
            [IMAGE, Term("text", "at night", 0.5), Term("text", "people", -1.0)],
            'cat.jpg + 0.5 "at night" - "people"',
        ),
        ([Term("id", 7, 2.0), Term("vector", [1.0])], "2 id 7 + vector"),
    ],
)
def test_describe(terms, words):
    assert describe(terms) == words


@pytest.fixture
def some(indexed):
    """A record of the collection with the path of its picture."""
    return next(iter(indexed.list(limit=1)))


class TestPicture:
    def test_finds_itself_first(self, indexed, some):
        results = indexed.search(some.uri)
        assert results[0].id == some.id
        assert results[0].verdict is Verdict.IDENTICAL
        assert results[0].score == pytest.approx(1.0, abs=2e-3)
        assert results[0].distance == pytest.approx(0.0, abs=2e-3)
        assert len(results) == 10
        assert [h.score for h in results] == sorted((h.score for h in results), reverse=True)
        assert all(0 <= h.score <= 1 for h in results)

    def test_bytes_and_image_give_the_same_answer(self, indexed, some):
        from pathlib import Path

        from lookalike import imaging

        data = Path(some.uri).read_bytes()
        by_path = indexed.search(some.uri)
        by_bytes = indexed.search(data)
        by_image = indexed.search(imaging.decode(data).image)
        assert [h.id for h in by_bytes] == [h.id for h in by_path]
        assert [h.id for h in by_image] == [h.id for h in by_path]
        assert by_image[0].verdict is Verdict.IDENTICAL  # other bytes, same picture
        assert by_image[0].reason == "same pixels"

    def test_recompressed_copy_is_a_copy(self, indexed, some, tmp_path):
        edited = tmp_path / "edited.jpg"
        with Image.open(some.uri) as image:
            image.convert("RGB").resize((300, 200)).save(edited, quality=20)
        best = indexed.search(edited)[0]
        assert best.id == some.id
        assert best.verdict is Verdict.COPY
        assert best.reason.startswith("pHash distance")

    def test_by_hash(self, indexed, some):
        results = indexed.search(some.uri, encoder="phash", threshold=0.7)
        assert results[0].id == some.id
        assert results[0].distance == 0
        assert results[0].score == 1
        assert all(h.distance <= 9 for h in results)
        everything = indexed.search(some.uri, encoder="phash", limit=1000)
        assert len(everything) == len(indexed)

    def test_bad_picture(self, indexed, tmp_path):
        with pytest.raises(PictureError, match="nowhere"):
            indexed.search(tmp_path / "nowhere.jpg")

    def test_flat_pictures_are_no_copies_of_each_other(self, tmp_path):
        import lookalike

        with lookalike.open(tmp_path / "c", encoder="mobilenet-v3-large,phash") as collection:
            collection.add(Image.new("RGB", (64, 64), "white"))
            assert collection.search(Image.new("RGB", (64, 64), "navy"))[0].verdict == "similar"
            assert collection.search(Image.new("RGB", (64, 64), "black"))[0].verdict == "similar"

    def test_pillow_image_is_turned_upright(self, indexed, some, tmp_path):
        turned = tmp_path / "turned.jpg"
        with Image.open(some.uri) as image:
            exif = Image.Exif()
            exif[0x0112] = 6
            image.convert("RGB").rotate(90, expand=True).save(turned, exif=exif, quality=95)
        with Image.open(turned) as image:
            assert indexed.search(image)[0].id == some.id
            assert indexed.search(image)[0].verdict is Verdict.COPY


class TestTerms:
    def test_id_equals_its_picture(self, indexed, some):
        by_id = indexed.search(id=some.id)
        assert [h.id for h in by_id] == [h.id for h in indexed.search(some.uri)]
        assert by_id[0].verdict is Verdict.IDENTICAL

    def test_vector_equals_its_id(self, indexed, some):
        vector = indexed.vectors_of(some.id)["mobilenet-v3-large"]
        found = indexed.search(vector=vector)
        assert [h.id for h in found] == [h.id for h in indexed.search(id=some.id)]
        assert found[0].verdict is Verdict.SIMILAR  # a vector has no bytes to compare

    def test_hash_as_vector(self, indexed, some):
        own = indexed.vectors_of(some.id)["phash"]
        assert indexed.search(vector=own, encoder="phash", limit=1)[0].id == some.id

    def test_weights(self, indexed):
        first, second = list(indexed.list(limit=2))
        towards_first = indexed.search(terms=[Term("id", first.id), Term("id", second.id, 0.1)])
        towards_second = indexed.search(terms=[Term("id", first.id, 0.1), Term("id", second.id)])
        assert towards_first[0].id == first.id
        assert towards_second[0].id == second.id
        assert {h.verdict for h in towards_first} == {Verdict.SIMILAR}

    def test_away_from(self, indexed):
        first, second = list(indexed.list(limit=2))
        n = len(indexed)
        plain = [h.id for h in indexed.search(id=first.id, limit=n)]
        away = [
            h.id
            for h in indexed.search(
                terms=[Term("id", first.id), Term("id", second.id, -0.9)], limit=n
            )
        ]
        assert away.index(second.id) > plain.index(second.id)

    @pytest.mark.parametrize(
        ("asked", "why"),
        [
            ({}, "nothing to search for"),
            ({"id": 10**9}, "no record with id"),
            ({"terms": [Term("foo", "x")]}, "none is of 'foo'"),
            ({"terms": ["cat.jpg"]}, r"made with Term\(kind, value\), not str"),
            ({"terms": Term("id", 1)}, "terms is a list of Term, not Term"),
            ({"text": 3}, "words to search for are a text, not int"),
            ({"text": "a cat", "template": 3}, "template is a text, or a list of texts, not int"),
            ({"id": 1, "encoder": 3}, "a name or a list of names"),
            ({"id": 1, "encoder": ["phash", 3]}, "a name or a list of names"),
            ({"id": 1, "within": 3}, "within is the path of a folder, not int"),
            ({"terms": [Term("id", 1, -1.0)]}, "at least one term to search towards"),
            ({"terms": [Term("id", 1), Term("id", 1, -1.0)]}, "cancel each other out"),
            ({"terms": [Term("id", 1), Term("id", 2)], "encoder": "phash"}, "cannot be added up"),
            ({"vector": np.zeros(960)}, "zero or not finite"),
            ({"vector": np.ones(960) * np.nan}, "zero or not finite"),
            ({"vector": 5.0}, "shape|of "),
            ({"vector": "abc"}, "list of numbers"),
            ({"vector": [[1.0], [1.0, 2.0]]}, "list of numbers"),
            ({"vector": np.ones(960, complex)}, "list of numbers"),
            ({"id": 2**70}, "no record with id"),
            ({"id": 1.5}, "integer"),
            ({"id": 1, "where": 5}, "a filter expression, not int"),
            ({"id": 1, "tenant": "\udcff"}, "not valid Unicode"),
            ({"terms": [Term("id", 1), Term("id", 2, float("nan"))]}, "finite number"),
            ({"id": 1, "limit": "5"}, "whole numbers"),
            ({"vector": np.ones(3), "encoder": "mobilenet-v3-large"}, "shape"),
            ({"vector": np.ones(8), "encoder": "phash"}, "must be uint8"),
            ({"text": "a cat"}, "words need an encoder with a text tower"),
            ({"text": "a cat", "encoder": "phash"}, "does not understand words"),
            ({"id": 1, "limit": -1}, "must not be negative"),
            ({"id": 1, "offset": -1}, "must not be negative"),
            ({"id": 1, "threshold": 1.5}, "score from 0 to 1"),
            ({"id": 1, "threshold": float("nan")}, "score from 0 to 1"),
        ],
    )
    def test_wrong_use(self, indexed, asked, why):
        with pytest.raises(UsageError, match=why):
            indexed.search(**asked)


class TestPages:
    def test_pages_make_up_the_whole(self, indexed, some):
        n = len(indexed)
        whole = [h.id for h in indexed.search(id=some.id, limit=n)]
        assert len(set(whole)) == n
        pages = [
            h.id
            for offset in range(0, n, 7)
            for h in indexed.search(id=some.id, limit=7, offset=offset)
        ]
        assert pages == whole
        assert len(indexed.search(id=some.id, offset=n)) == 0
        assert len(indexed.search(id=some.id, limit=0)) == 0

    def test_a_picture_passes_every_threshold_for_itself(self, indexed):
        for record in indexed.list():
            hits = indexed.search(id=record.id, threshold=1.0)
            assert record.id in {hit.id for hit in hits}

    def test_attributes_that_no_record_has_are_named(self, indexed, some):
        indexed.update(some.id, {"price": 3, "camera": {"maker": "x"}})
        where = "pirce < 5 or camera.makr is not null or price > 5 or width < 1"
        results = indexed.search(id=some.id, where=where)
        assert not results
        assert [notice.partition(",")[0] for notice in results.notices] == [
            "no record has the attribute 'pirce'",
            "no record has the attribute 'camera.makr'",
        ]
        (notice,) = indexed.search(some.uri, where="price > 5", tenant="ann").notices
        assert "'price'" in notice
        assert not indexed.search(id=some.id, where="pirce < 5 or price < 5").notices
        assert not indexed.search(id=some.id, where="pirce < 5", limit=0).notices

    def test_threshold_cuts_the_tail(self, indexed, some):
        n = len(indexed)
        whole = indexed.search(id=some.id, limit=n)
        cut = indexed.search(id=some.id, limit=n, threshold=0.5)
        assert [h.id for h in cut] == [h.id for h in whole if h.score >= 0.5]
        assert 0 < len(cut) < n

    @pytest.mark.parametrize("threshold", [0.0, 0.25, 0.875, 1.0])
    def test_threshold_of_hashes(self, indexed, some, threshold):
        n = len(indexed)
        whole = indexed.search(id=some.id, limit=n, encoder="phash")
        cut = indexed.search(id=some.id, limit=n, encoder="phash", threshold=threshold)
        assert [h.id for h in cut] == [h.id for h in whole if h.score >= threshold]


class TestWords:
    """Words with the stand-in text tower, through the user's folder."""

    def test_words_find_what_they_say(self, shared, photos, tmp_path, monkeypatch):
        import lookalike

        path = tmp_path / "words.lookalike"
        with lookalike.open(path, encoder="clip-vit-b-16") as collection:
            collection.add(shared / "data" / "labelled" / "clothing-dress")
            collection.add(shared / "data" / "labelled" / "grocery-banana")
            before = len(collection)
            monkeypatch.setenv("LOOKALIKE_MODELS", str(shared / "models"))
            results = collection.search(text="bananas in a shop")
            assert len(collection) == before
        assert results.encoder == "clip-vit-b-16"
        assert sum("banana" in hit.uri for hit in results) >= 9

    def test_until_then_they_say_what_is_missing(self, shared, tmp_path, monkeypatch):
        import lookalike
        from lookalike.errors import WeightsError

        monkeypatch.delenv("LOOKALIKE_MODELS", raising=False)
        monkeypatch.setenv("LOOKALIKE_OFFLINE", "1")
        with lookalike.open(tmp_path / "c", encoder="clip-vit-b-16") as collection:
            collection.add(next((shared / "data" / "originals").iterdir()))
            with pytest.raises(WeightsError, match=r"text tower[\s\S]*LOOKALIKE_MODELS"):
                collection.search(text="a dress")
