import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

import lookalike
from lookalike import errors
from lookalike.records import Verdict

FAST = "mobilenet-v3-large,phash"


def picture(colour="red", size=(64, 48)):
    noise = np.random.default_rng(len(colour)).integers(0, 255, (*size[::-1], 3), np.uint8)
    return Image.blend(Image.fromarray(noise), Image.new("RGB", size, colour), 0.5)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    picture("red").save(folder / "red.png")
    picture("green").save(folder / "green.png")
    picture("blue").save(folder / "sub" / "blue.png")
    return folder


class TestOpen:
    def test_unknown_encoder(self, tmp_path):
        with pytest.raises(errors.UnknownEncoderError, match="clip-vit-b-61"):
            lookalike.open(tmp_path / "c", encoder="clip-vit-b-61")
        assert not (tmp_path / "c").exists()

    def test_not_there(self, tmp_path):
        with pytest.raises(errors.UsageError, match="index"):
            lookalike.open(tmp_path / "c", create=False)

    def test_other_addresses_are_refused(self):
        with pytest.raises(errors.UsageError, match="neither a folder nor an address"):
            lookalike.open("s3://host/products")

    @pytest.mark.parametrize(
        ("path", "encoder", "why"),
        [
            (5, None, "or its address, not int"),
            (None, None, "or its address, not NoneType"),
            ("c", 3, "named by a text, or a list of texts, not int"),
            ("c", ["phash", 3], "named by a text, or a list of texts, not int"),
        ],
    )
    def test_arguments_of_other_types(self, tmp_path, monkeypatch, path, encoder, why):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(errors.UsageError, match=why):
            lookalike.open(path, encoder=encoder)
        assert not list(tmp_path.iterdir())

    def test_reopen_keeps_all(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            collection.add(folder)
            before = [(r.id, r.uri) for r in collection.list()]
        with lookalike.open(tmp_path / "c") as collection:
            assert [(r.id, r.uri) for r in collection.list()] == before
            assert [s.name for s in collection.encoders] == FAST.split(",")
            assert "3 records, mobilenet-v3-large, phash" in repr(collection)


class TestAdd:
    def test_folder_then_nothing_to_do(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            first = collection.add(folder)
            second = collection.add([folder / "red.png", folder])
        assert (first.added, first.unchanged, first.failed) == (3, 0, ())
        assert (second.added, second.updated) == (0, 0)
        assert second.unchanged >= 3

    def test_bytes_image_and_name(self, folder, tmp_path):
        data = (folder / "red.png").read_bytes()
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            collection.add(data, uri="shop/1", attributes={"price": 3})
            collection.add(picture("green"))
            by_name = collection.find("shop/1")
            assert by_name is not None
            assert by_name.attributes == {"price": 3}
            assert (by_name.width, by_name.height, by_name.format) == (64, 48, "png")
            assert len(collection) == 2
            assert collection.search(data)[0].verdict is Verdict.IDENTICAL

    def test_attributes_from_a_function_of_the_uri(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            collection.add(folder, attributes=lambda uri: {"colour": uri.split("/")[-1][:-4]})
            assert collection.count(where='colour == "blue"') == 1
            [hit] = collection.search(folder / "red.png", where='colour == "blue"')
            assert hit.uri.endswith("blue.png")

    def test_bad_picture_is_listed(self, folder, tmp_path):
        (folder / "bad.jpg").write_bytes(b"not a picture")
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            report = collection.add(folder)
        assert report.added == 3
        [failure] = report.failed
        assert failure.uri.endswith("bad.jpg")
        assert failure.reason

    def test_wrong_use(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            with pytest.raises(errors.UsageError, match="uri names one picture"):
                collection.add(folder, uri="x")
            with pytest.raises(errors.UsageError, match="ignore, prune and shard go with"):
                collection.add(b"123", prune=True)
            with pytest.raises(errors.UsageError, match="not int"):
                collection.add(3)

    def test_list_of_pictures_in_memory(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            data = (folder / "red.png").read_bytes()
            assert collection.add([data, picture("green")], attributes={"n": 1}).added == 2
            assert collection.count(where="n == 1") == 2
            with pytest.raises(errors.UsageError, match="cannot be mixed"):
                collection.add([data, folder])

    def test_one_pattern_may_be_a_text(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            assert collection.add(folder, ignore="blue.*").added == 2

    def test_prune(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            collection.add(folder)
            (folder / "red.png").unlink()
            assert collection.add(folder).removed == 0
            assert collection.add(folder, prune=True).removed == 1
            assert len(collection) == 2

    def test_encoder_added_later_embeds_what_is_there(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder="phash") as collection:
            collection.add(folder)
            ids = [r.id for r in collection.list()]
        picture("gold").save(folder / "gold.png")
        with lookalike.open(tmp_path / "c", encoder="mobilenet-v3-large") as collection:
            report = collection.add(folder)
            assert (report.added, report.unchanged) == (1, 3)
            assert [r.id for r in collection.list()][:3] == ids
            for record in collection.list():
                assert set(collection.vectors_of(record.id)) == set(FAST.split(","))
            assert len(collection.search(folder / "red.png", encoder="mobilenet-v3-large")) == 4

    def test_add_encoder(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder="phash") as collection:
            collection.add(folder)
            collection.add_encoder("mobilenet-v3-large")
            results = collection.search(folder / "red.png")
        assert results.encoder == "mobilenet-v3-large"
        assert len(results) == 3


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda c: c.find(None), "found by its path or URL, not NoneType"),
        (lambda c: c.update(1, ["a"]), "attributes are a mapping, not list"),
        (lambda c: list(c.list(limit="2")), "limit is a whole number, not str"),
        (lambda c: list(c.list(after="2")), "after is a record's id, not str"),
        (lambda c: c.projection(3), "named by a text, not int"),
        (lambda c: c.set_projection("mobilenet-v3-large", 3), "a text or a path, not 3"),
        (lambda c: c.add_encoder(3), "named by a text, not int"),
        (lambda c: c.export_embeddings(3), "the path of a file, not int"),
        (lambda c: c.import_embeddings(None), "the path of a file, not NoneType"),
        (lambda c: c.add("photos", ignore=3), "ignore is a pattern, or a list of them, not int"),
        (lambda c: c.add_table(3, id="x"), "a table is named by its path, not int"),
    ],
)
def test_arguments_of_other_types(indexed, call, why):
    with pytest.raises(errors.UsageError, match=why):
        call(indexed)


class TestAddEmbeddings:
    def test_vectors_from_elsewhere(self, tmp_path):
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((5000, 32))
        with lookalike.open(tmp_path / "c") as collection:
            ids = np.arange(5000) * 3
            groups = [{"group": n % 10} for n in range(5000)]
            assert collection.add_embeddings(ids, vectors, attributes=groups) == 5000
            results = collection.search(vector=vectors[17])
            assert results.encoder == "external"
            assert results[0].id == 51
            assert results[0].uri == "id:51"
            filtered = collection.search(vector=vectors[17], where="group == 7", limit=50)
            assert {h.attributes["group"] for h in filtered} == {7}
            assert len(filtered) == 50

    def test_same_id_again_updates(self, tmp_path):
        with lookalike.open(tmp_path / "c") as collection:
            collection.add_embeddings([1, 2], np.eye(2))
            collection.add_embeddings([1], np.array([[0.0, 5.0]]), uris=["id:1"])
            assert len(collection) == 2
            assert {h.id for h in collection.search(vector=[0, 1], threshold=0.9)} == {1, 2}

    def test_pictures_keep_their_names(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            collection.add(folder, tenant="anna", attributes={"a": 1})
            before = list(collection.list())
            ids = np.array([record.id for record in before])
            assert collection.add_embeddings(ids, np.eye(3)) == 3
            for old, new in zip(before, collection.list(), strict=True):
                assert (new.uri, new.tenant, new.sha256) == (old.uri, old.tenant, old.sha256)
                assert new.attributes == old.attributes
            with pytest.raises(errors.UsageError, match="taken"):
                collection.add_embeddings(ids, np.eye(3), tenant="ben")
            assert collection.count(tenant="anna") == 3

    def test_sizes_of_hashes_do_not_matter(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            collection.add(folder)
            collection.add_embeddings([100], [[1.0] * 64])
            assert collection.search(vector=[1.0] * 64)[0].id == 100
            assert collection.search(folder / "red.png", encoder="phash")[0].uri.endswith("red.png")
            assert collection.search(folder / "red.png").encoder == "mobilenet-v3-large"

    def test_pictures_cannot_be_searched_in_a_foreign_space(self, tmp_path):
        with lookalike.open(tmp_path / "c") as collection:
            collection.add_embeddings([1], np.ones((1, 4)), encoder="my-model")
            with pytest.raises(errors.UsageError, match="needs a model"):
                collection.search(b"x")
            with pytest.raises(errors.UsageError, match="computed elsewhere"):
                collection.search(b"x", encoder="my-model")

    @pytest.mark.parametrize(
        ("ids", "vectors", "more", "why"),
        [
            ([1, 2], np.eye(3), {}, "2 ids, but 3 vectors"),
            ([1], np.ones(1), {}, r"shape \(n, dim\)"),
            ([1], np.eye(1), {"uris": []}, "1 ids, but 0 uris"),
            ([1], np.eye(1), {"encoder": "phash"}, "makes vectors of 64 components"),
            ([1], np.zeros((1, 2)), {}, "vector 0 is zero"),
        ],
    )
    def test_wrong_use(self, tmp_path, ids, vectors, more, why):
        with (
            lookalike.open(tmp_path / "c") as collection,
            pytest.raises(errors.UsageError, match=why),
        ):
            collection.add_embeddings(ids, vectors, **more)

    def test_nothing(self, tmp_path):
        with lookalike.open(tmp_path / "c") as collection:
            assert collection.add_embeddings([], np.zeros((0, 4))) == 0


class TestKeep:
    def test_get_find_update(self, indexed):
        record = next(iter(indexed.list(limit=1)))
        assert indexed.get(record.id) == record
        assert indexed.find(record.uri).id == record.id
        assert indexed.get(10**9) is None
        assert indexed.find("nowhere.jpg") is None
        assert indexed.find(os.fsdecode(b"nowhere-\xff.jpg")) is None
        indexed.update(record.id, {"stars": 5})
        indexed.update(record.id, {"place": "Rome"})
        assert indexed.get(record.id).attributes == {"stars": 5, "place": "Rome"}
        assert [r.id for r in indexed.list(where="stars == 5")] == [record.id]
        indexed.update(record.id, {"a": None}, replace=True)
        assert indexed.get(record.id).attributes == {"a": None}
        with pytest.raises(errors.NotFoundError):
            indexed.update(10**9, {})

    def test_within_a_folder(self, indexed, photos):
        folder = next(p for p in sorted(photos.iterdir()) if p.is_dir())
        n = len([p for p in folder.iterdir() if p.is_file()])
        assert indexed.count(within=folder) == n
        some = next(iter(indexed.list(within=folder, limit=1)))
        hits = indexed.search(id=some.id, within=folder, limit=1000)
        assert len(hits) == n
        assert all(h.uri.startswith(f"{folder}/") for h in hits)

    def test_tenants_do_not_see_each_other(self, folder, tmp_path):
        with lookalike.open(tmp_path / "c", encoder=FAST) as collection:
            collection.add(folder, tenant="anna")
            collection.add(folder / "sub", tenant="ben")
            assert collection.count(tenant="anna") == 3
            for encoder in ("mobilenet-v3-large", "phash"):
                hits = collection.search(folder / "red.png", tenant="ben", encoder=encoder)
                assert [h.record.tenant for h in hits] == ["ben"]
            others = next(iter(collection.list(tenant="anna", limit=1)))
            with pytest.raises(errors.UsageError, match=f"no record with id {others.id}$"):
                collection.search(id=others.id, tenant="ben")
            assert len(collection.search(id=others.id, tenant="anna")) == 3

    def test_ids_may_come_from_arrays(self, indexed):
        ids = np.array([record.id for record in indexed.list(limit=3)])
        assert indexed.get(ids[0]).id == ids[0]
        assert set(indexed.vectors_of(ids[0])) == set(FAST.split(","))
        assert indexed.search(id=ids[0], limit=1)[0].id == ids[0]
        assert [r.id for r in indexed.list(after=ids[1], limit=1)] == [ids[2]]
        assert indexed.delete(ids[:2]) == 2
        assert indexed.delete(ids[2]) == 1
        assert indexed.get(2**63) is None
        assert indexed.delete([2**63, -1]) == 0
        assert list(indexed.list(after=2**63)) == []
        assert len(list(indexed.list(after=-(10**20)))) == len(indexed)
        with pytest.raises(errors.UsageError, match="an id is an integer"):
            indexed.get("1")

    def test_updates_from_several_threads_all_count(self, indexed):
        first = next(iter(indexed.list(limit=1)))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: indexed.update(first.id, {f"k{n}": n}), range(40)))
        assert len(indexed.get(first.id).attributes) == 40

    def test_delete(self, indexed):
        n = len(indexed)
        first = next(iter(indexed.list(limit=1)))
        assert indexed.delete(first.id) == 1
        assert indexed.delete([first.id]) == 0
        assert first.id not in {h.id for h in indexed.search(first.uri, limit=n)}
        assert len(indexed) == n - 1
        assert indexed.delete(where="width > 0") == n - 1
        assert len(indexed) == 0
        with pytest.raises(errors.UsageError, match="either ids or a filter"):
            indexed.delete()

    def test_rebuild_changes_no_answer(self, indexed):
        first = next(iter(indexed.list(limit=1)))
        before = [h.id for h in indexed.search(id=first.id, limit=30)]
        indexed.rebuild()
        assert [h.id for h in indexed.search(id=first.id, limit=30)] == before

    def test_stats(self, indexed):
        stats = indexed.stats()
        assert stats.records == len(indexed)
        assert {e.spec.name: e.vectors for e in stats.encoders} == {
            "mobilenet-v3-large": stats.records,
            "phash": stats.records,
        }
        assert stats.problems == ()

    def test_beside_a_writer(self, indexed, indexed_path):
        with pytest.raises(errors.CollectionLockedError, match="pid"):
            lookalike.open(indexed_path)
        first = next(iter(indexed.list(limit=1)))
        with lookalike.open(indexed_path, read_only=True) as reader:
            mine = [h.id for h in reader.search(id=first.id)]
            assert mine == [h.id for h in indexed.search(id=first.id)]
            with pytest.raises(errors.UsageError):
                reader.delete(first.id)


def test_an_encoder_added_later_gives_the_embeddings_it_would_have_given(tmp_path):
    # 2,300 px high: decoded at half size for phash, at a quarter for MobileNet alone.
    noise = np.random.default_rng(1).integers(0, 255, (230, 250, 3), np.uint8)
    Image.fromarray(noise).resize((2500, 2300)).save(tmp_path / "large.jpg")
    with lookalike.open(tmp_path / "a", encoder="phash") as collection:
        collection.add(tmp_path / "large.jpg")
        collection.add_encoder("mobilenet-v3-large")
        later = collection.vectors_of(1)["mobilenet-v3-large"]
    with lookalike.open(tmp_path / "b", encoder=FAST) as collection:
        collection.add(tmp_path / "large.jpg")
        at_once = collection.vectors_of(1)["mobilenet-v3-large"]
        assert collection.search(tmp_path / "large.jpg")[0].distance < 1e-3
    np.testing.assert_array_equal(later, at_once)
