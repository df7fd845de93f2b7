"""Which projection a collection's embeddings are compared through."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lookalike
from lookalike import projecting
from lookalike.encoders import registry, shipped
from lookalike.encoders.card import ProjectionFile
from lookalike.encoders.projection import Projection, fit, write
from lookalike.errors import UnknownEncoderError, UsageError, WeightsError
from lookalike.records import EncoderSpec

RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((1200, 300)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
FITTED = fit(VECTORS, 20, 0.5, version="a test's")
MODEL = "mobilenet-v3-large"


def version(collection: lookalike.Collection, encoder: str) -> str:
    (found,) = [one for one in collection.stats().encoders if one.spec.name == encoder]
    return found.projection


@pytest.fixture
def collection(tmp_path: Path):
    with lookalike.open(tmp_path / "c") as opened:
        opened.add_embeddings(np.arange(1200), VECTORS)
        yield opened


class TestChoosing:
    def test_one_is_fitted_on_the_collections_own_embeddings(self, collection):
        told = []
        collection.set_projection("external", "fit", progress=lambda *what: told.append(what))
        (stats,) = collection.stats().encoders
        assert (stats.projection, stats.dimensions) == ("fitted-1200", 256)
        assert ("read external", 1200, 1200) in told
        assert ("load external", 1200, 1200) in told
        own = fit(VECTORS.astype(np.float16).astype(np.float32), 256, 0.25)
        scores = own.project(VECTORS) @ own.project(VECTORS[:1])[0]
        best = collection.search(vector=VECTORS[0], limit=20)
        assert [hit.score for hit in best] == pytest.approx(np.sort(scores)[:-21:-1], abs=1e-3)
        assert best[0].score > 0.999

    def test_a_file_an_object_and_none(self, collection, tmp_path):
        write(FITTED, tmp_path / "fitted.npz")
        for chosen in (tmp_path / "fitted.npz", str(tmp_path / "fitted.npz"), FITTED):
            collection.set_projection("external", chosen)
            assert version(collection, "external") == "a test's"
            for nothing in ("none", None):
                collection.set_projection("external", nothing)
                assert version(collection, "external") == ""

    def test_raw_embeddings_stay(self, collection):
        before = collection.vectors_of(5)["external"]
        collection.set_projection("external", FITTED)
        assert (collection.vectors_of(5)["external"] == before).all()

    def test_too_few_to_fit_one(self, tmp_path):
        with lookalike.open(tmp_path / "d") as few:
            few.add_embeddings(np.arange(700), VECTORS[:700])
            with pytest.raises(UsageError, match=r"at least 1,000 embeddings.*has 700"):
                few.set_projection("external", "fit")
            few.add_embeddings(np.arange(1100), np.tile(VECTORS[:1100], 3), encoder="long")
            with pytest.raises(UsageError, match=r"at least 1,800 embeddings.*has 1,100"):
                few.set_projection("long", "fit")

    def test_it_is_fitted_on_what_there_is_of_a_rare_encoder(self, collection, monkeypatch):
        monkeypatch.setattr(projecting, "MOST", 300)
        monkeypatch.setattr(projecting, "FEWEST", 100)
        monkeypatch.setattr(projecting, "_ROWS", 64)
        collection.add_embeddings(np.arange(0, 1200, 8), VECTORS[:150, :40], encoder="rare")
        collection.set_projection("rare", "fit")
        assert version(collection, "rare") == "fitted-150"
        collection.add_embeddings(np.arange(1200), VECTORS[:, :40], encoder="rare")
        collection.set_projection("rare", "fit")
        assert version(collection, "rare") == "fitted-300"

    def test_words_are_not_centred_by_pictures(self, tmp_path):
        with lookalike.open(tmp_path / "c") as own:
            spec = EncoderSpec("clip-vit-b-32", "embedding", 512)
            own._store.add_encoder(spec)
            rows = RNG.standard_normal((1100, 512))
            own.add_embeddings(np.arange(1100), rows, encoder="clip-vit-b-32")
            own.set_projection("clip-vit-b-32", "fit")
            fitted = own.projection("clip-vit-b-32")
            assert fitted.mean.any()
            assert not fitted.mean_text.any()

    def test_a_model_answers_to_its_alias(self, tmp_path):
        with lookalike.open(tmp_path / "c") as own:
            own._store.add_encoder(EncoderSpec("vgg16-max", "embedding", 300))
            own.add_embeddings(np.arange(1200), VECTORS, encoder="vgg16")
            assert [spec.name for spec in own.encoders] == ["vgg16-max"]
            own.set_projection("vgg16", FITTED)
            assert own.projection("vgg16").version == "a test's"
            assert own.export_embeddings(tmp_path / "e.npy", encoder="vgg16") == 1200
            again = own.import_embeddings(tmp_path / "e.npy", encoder="vgg16")
            assert again.failed == ()
            assert [spec.name for spec in own.encoders] == ["vgg16-max"]

    def test_what_cannot_be(self, collection, tmp_path):
        with pytest.raises(UnknownEncoderError, match="no encoder 'other'; it has external"):
            collection.set_projection("other")
        with pytest.raises(UsageError, match="no projection comes with external"):
            collection.set_projection("external")
        for nothing in (5, b"none", ["none"]):
            with pytest.raises(UsageError, match="named by a text or a path"):
                collection.set_projection("external", nothing)
        for version_ in ("", "a\n", "a" * 101):
            with pytest.raises(UsageError, match="version must be 1 to 100 printable"):
                collection.set_projection("external", replace(FITTED, version=version_))
        with pytest.raises(UsageError, match=r"no projection '.*nowhere.npz'"):
            collection.set_projection("external", tmp_path / "nowhere.npz")
        (tmp_path / "bad.npz").write_bytes(b"PK nothing")
        with pytest.raises(UsageError, match="not a projection"):
            collection.set_projection("external", tmp_path / "bad.npz")
        other = Projection("b", FITTED.mean[:9], FITTED.matrix[:9])
        with pytest.raises(UsageError, match="takes embeddings of 9 components"):
            collection.set_projection("external", other)

    def test_hashes_have_none(self, indexed):
        with pytest.raises(UsageError, match="phash makes hashes"):
            indexed.set_projection("phash", "fit")

    def test_a_reader_may_not_change_it(self, collection):
        with lookalike.open(collection.path, read_only=True) as reader:
            assert len(reader) == 1200
            with pytest.raises(UsageError, match="read-only"):
                reader.set_projection("external", FITTED)


@pytest.fixture
def shipping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectionFile:
    """A projection that comes with a model, in place of the real one, if any."""
    size = registry.card(MODEL).size
    rows = np.random.default_rng(1).standard_normal((1500, size))
    path = tmp_path / "package" / "test.npz"
    path.parent.mkdir()
    write(fit(rows / np.linalg.norm(rows, axis=1, keepdims=True), 50, 0.5, version="7"), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = ProjectionFile("test.npz", digest, 7, 50, "noise")
    card = replace(registry.card(MODEL), projection=file)
    real = registry.card
    monkeypatch.setattr(registry, "card", lambda name: card if name == MODEL else real(name))
    monkeypatch.setattr(shipped, "_folder", lambda: path.parent)
    monkeypatch.setattr(shipped, "_read", shipped._read.__wrapped__)
    return file


class TestShipped:
    def test_a_new_collection_gets_it(self, shipping, tmp_path, photos):
        registry.load(MODEL)
        with lookalike.open(tmp_path / "new", encoder=f"{MODEL},phash") as collection:
            collection.add(photos / "animals")
            assert version(collection, MODEL) == "7"
            picture = next(iter(collection.list()))
            best = collection.search(picture.uri)[0]
            assert (best.id, best.score > 0.999) == (picture.id, True)

    def test_so_does_an_encoder_that_joins_and_one_whose_vectors_come_from_elsewhere(
        self, shipping, tmp_path, photos
    ):
        size = registry.card(MODEL).size
        with lookalike.open(tmp_path / "joins", encoder="phash") as collection:
            collection.add(photos / "animals")
            collection.add_encoder(MODEL)
            assert version(collection, MODEL) == "7"
        with lookalike.open(tmp_path / "given") as collection:
            collection.add_embeddings([1], np.ones((1, size)), encoder=MODEL)
            assert version(collection, MODEL) == "7"

    def test_a_collection_that_is_there_keeps_what_it_has(self, indexed_path, request):
        with lookalike.open(indexed_path) as collection:
            collection.set_projection(MODEL, "none")
        request.getfixturevalue("shipping")
        with lookalike.open(indexed_path) as collection:
            collection.add_embeddings([10**6], np.ones((1, registry.card(MODEL).size)))
            assert version(collection, MODEL) == ""
            collection.set_projection(MODEL)
            assert version(collection, MODEL) == "7"

    def test_a_file_that_is_not_the_one_named(self, shipping):
        other = replace(shipping, sha256="0" * 64)
        with pytest.raises(WeightsError, match="has SHA-256"):
            shipped._read(other, MODEL)
        with pytest.raises(WeightsError, match="leaves 50 components"):
            shipped._read(replace(shipping, size=51), MODEL)
        with pytest.raises(WeightsError, match="is missing"):
            shipped._read(replace(shipping, file="nowhere.npz"), MODEL)

    def test_a_users_own_lies_beside_the_weights(self, shipping, tmp_path, monkeypatch):
        monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path / "models"))
        own = tmp_path / "models" / "mine" / "own.npz"
        own.parent.mkdir(parents=True)
        (tmp_path / "package" / "test.npz").rename(own)
        projection = shipped._read(replace(shipping, file="own.npz"), "mine")
        assert projection.version == "7"

    def test_encoders_without_one(self):
        assert shipped.shipped_projection("phash") is None
        assert shipped.shipped_projection("nobody's") is None

    @pytest.mark.parametrize("name", registry.names())
    def test_those_in_the_package_are_the_ones_named(self, name):
        file = registry.card(name).projection
        projection = shipped.shipped_projection(name)
        assert (file is None) == (projection is None)
        if file is not None and projection is not None:
            assert len(projection.mean) == registry.card(name).size
            assert projection.version.split()[-1] == str(file.version)


def test_the_spec_of_a_projected_encoder_stays(tmp_path):
    with lookalike.open(tmp_path / "c") as collection:
        collection.add_embeddings([1, 2], VECTORS[:2])
        collection.set_projection("external", FITTED)
        assert collection.encoders == (EncoderSpec("external", "embedding", 300),)
