"""What becomes of pictures that are new, known, changed, moved, copied or gone."""

import os
import shutil
import threading
from functools import partial

import numpy as np
import pytest
from ingest_parts import TinyEncoder, draw

from lookalike.encoders import registry
from lookalike.errors import FetchError, NetworkError, NotFoundError, UsageError
from lookalike.imaging import Limits
from lookalike.ingest import Item, ahead, coordinator, ingest, ingest_items, job
from lookalike.sources.uri import from_path


def record_of(store, path, tenant=""):
    return store.find([from_path(path)], tenant).get(from_path(path))


def uris(store):
    return [record.uri for record in store.scan()]


def vector_of(store, record):
    return store.vectors("tiny", [record.id])[record.id]


def test_added_with_all_facts(store, index, folder):
    assert index(folder) == {"added": 5}
    path = folder / "sub" / "d.png"
    record = record_of(store, path)
    status = path.stat()
    assert (record.size, record.modified_ns) == (status.st_size, status.st_mtime_ns)
    assert (record.width, record.height, record.format) == (16, 12, "png")
    assert (len(record.sha256), len(record.md5)) == (32, 16)
    assert store.missing("tiny") == []


def test_unchanged_is_not_even_read(store, index, folder, tiny, monkeypatch):
    index(folder)
    monkeypatch.setattr(os, "open", None)
    assert index(folder) == {"unchanged": 5}
    assert tiny.encoded == 5


def test_touched_keeps_all_but_the_time(store, index, folder, tiny):
    index(folder)
    before = record_of(store, folder / "a.png")
    os.utime(folder / "a.png", ns=(5, 5))
    assert index(folder) == {"unchanged": 5}
    after = record_of(store, folder / "a.png")
    assert after.modified_ns == 5
    assert (after.id, after.sha256, after.width) == (before.id, before.sha256, 16)
    assert tiny.encoded == 5


def test_changed_keeps_its_id(store, index, folder):
    index(folder, attributes={"keep": 1})
    before = record_of(store, folder / "a.png")
    old = vector_of(store, before)
    draw(folder / "a.png", 99, (20, 20))
    assert index(folder) == {"updated": 1, "unchanged": 4}
    after = record_of(store, folder / "a.png")
    assert (after.id, after.width, dict(after.attributes)) == (before.id, 20, {"keep": 1})
    assert after.sha256 != before.sha256
    assert not np.allclose(vector_of(store, after), old, atol=0.01)


def test_moved_keeps_id_vector_and_attributes(store, index, folder, tiny):
    index(folder, attributes={"keep": 1})
    before = record_of(store, folder / "a.png")
    vector = vector_of(store, before)
    (folder / "a.png").rename(folder / "sub" / "renamed.png")
    os.utime(folder / "sub" / "renamed.png", ns=(7, 7))
    assert index(folder) == {"moved": 1, "unchanged": 4}
    after = record_of(store, folder / "sub" / "renamed.png")
    assert (after.id, dict(after.attributes), after.modified_ns) == (before.id, {"keep": 1}, 7)
    assert np.array_equal(vector_of(store, after), vector)
    assert record_of(store, folder / "a.png") is None
    assert tiny.encoded == 5


def test_moved_folder_and_attributes_given_anew(store, index, folder, tiny):
    index(folder)
    ids = {record.id for record in store.scan()}
    folder.rename(folder.parent / "elsewhere")
    assert index(folder.parent / "elsewhere", attributes={"new": True}) == {"moved": 5}
    assert {record.id for record in store.scan()} == ids
    assert all(dict(record.attributes) == {"new": True} for record in store.scan())
    assert tiny.encoded == 5


def test_copies_are_records_of_their_own_encoded_once(store, index, folder, tiny):
    for name in ("copy1.png", "copy2.png", "sub/copy3.png"):
        shutil.copy(folder / "a.png", folder / name)
    assert index(folder) == {"added": 8}
    assert tiny.encoded == 5
    shutil.copytree(folder, folder.parent / "again")
    assert index(folder.parent / "again") == {"added": 8}
    assert tiny.encoded == 5
    first, other = (record_of(store, folder / name) for name in ("a.png", "sub/copy3.png"))
    assert first.id != other.id
    assert np.array_equal(vector_of(store, first), vector_of(store, other))
    assert (other.width, other.height, other.format) == (16, 12, "png")


def test_one_of_two_copies_moves(store, index, folder):
    shutil.copy(folder / "a.png", folder / "copy.png")
    index(folder)
    ids = {name: record_of(store, folder / name).id for name in ("a.png", "copy.png")}
    (folder / "copy.png").rename(folder / "moved1.png")
    shutil.copy(folder / "a.png", folder / "moved2.png")
    assert index(folder) == {"moved": 1, "added": 1, "unchanged": 5}
    assert record_of(store, folder / "a.png").id == ids["a.png"]
    assert ids["copy.png"] in {
        record_of(store, folder / name).id for name in ("moved1.png", "moved2.png")
    }


def test_two_files_trade_places(store, index, folder, tiny):
    index(folder, attributes=lambda uri: {"name": os.path.basename(uri)})
    a, b = (record_of(store, folder / name) for name in ("a.png", "b.png"))
    vector = vector_of(store, b)
    (folder / "a.png").rename(folder / "x")
    (folder / "b.png").rename(folder / "a.png")
    (folder / "x").rename(folder / "b.png")
    for name in ("a.png", "b.png"):
        os.utime(folder / name, ns=(9, 9))
    assert index(folder) == {"updated": 2, "unchanged": 3}
    after = record_of(store, folder / "a.png")
    assert (after.id, after.sha256, after.attributes) == (a.id, b.sha256, {"name": "a.png"})
    assert np.array_equal(vector_of(store, after), vector)
    assert tiny.encoded == 5


def test_a_row_of_renamings_leaves_ids_and_attributes_with_the_names(store, index, folder, tiny):
    index(folder, attributes=lambda uri: {"name": os.path.basename(uri)})
    a, b = (record_of(store, folder / name) for name in ("a.png", "b.png"))
    vectors = [vector_of(store, record) for record in (a, b)]
    (folder / "b.png").rename(folder / "bb.png")
    (folder / "a.png").rename(folder / "b.png")
    assert index(folder) == {"updated": 1, "added": 1, "unchanged": 3}
    after, new = (record_of(store, folder / name) for name in ("b.png", "bb.png"))
    assert (after.id, after.sha256, after.attributes) == (b.id, a.sha256, {"name": "b.png"})
    assert (new.sha256, new.attributes) == (b.sha256, {})
    assert np.array_equal(vector_of(store, after), vectors[0])
    assert np.array_equal(vector_of(store, new), vectors[1])
    assert tiny.encoded == 5
    assert index(folder, prune=True) == {"unchanged": 5, "removed": 1}


def test_changed_into_a_known_picture(store, index, folder, tiny):
    index(folder)
    shutil.copy(folder / "b.png", folder / "a.png")
    assert index(folder) == {"updated": 1, "unchanged": 4}
    a, b = (record_of(store, folder / name) for name in ("a.png", "b.png"))
    assert np.array_equal(vector_of(store, a), vector_of(store, b))
    assert tiny.encoded == 5


def test_many_identical_files_cost_no_more_each(store, index, folder, tiny):
    """Counted, not timed: what the store is asked to hand out, and the looks at files."""
    shutil.rmtree(folder)
    first = draw(folder / "0000.png", 1)
    for i in range(1, 600):
        shutil.copy(first, folder / f"{i:04}.png")

    class Counting:
        path = store.path
        records = 0

        def __getattr__(self, name):
            return getattr(store, name)

        def find_digests(self, *args, **options):
            found = store.find_digests(*args, **options)
            self.records += sum(map(len, found.values()))
            return found

    counting = Counting()
    looks = 0
    lstat = os.lstat

    def counted(path, **options):
        nonlocal looks
        looks += 1
        return lstat(path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "lstat", counted)
        assert ingest(counting, [tiny], [folder]).added == 600
        folder.rename(folder.parent / "moved")
        assert ingest(counting, [tiny], [folder.parent / "moved"]).moved == 600
    assert tiny.encoded == 1
    assert counting.records <= 2 * 600
    assert looks <= 5 * 600


def test_a_picture_is_copied_from_its_first_vectors_whatever_happens_to_its_record(
    store, index, folder, tiny
):
    """Within one run the record that bytes were known from gets other bytes."""
    index(folder / "a.png")
    old = (folder / "a.png").read_bytes()
    vector = vector_of(store, record_of(store, folder / "a.png"))
    new = draw(folder / "a.png", 70).read_bytes()
    a = from_path(folder / "a.png")
    items = [Item("x", old), Item(a, new), Item(a, new), Item("y", old), Item("z", new)]
    report = ingest_items(store, [tiny], items, batch=1)
    assert (report.added, report.updated, report.unchanged) == (3, 1, 1)
    found = store.find([a, "x", "y", "z"])
    for name in ("x", "y"):
        assert np.array_equal(vector_of(store, found[name]), vector)
    assert np.array_equal(vector_of(store, found["z"]), vector_of(store, found[a]))


def test_attributes_for_all_by_uri_and_changed(store, index, folder):
    assert index(folder, attributes={"colour": "red"}) == {"added": 5}
    assert index(folder, attributes={"colour": "red"}) == {"unchanged": 5}
    named = {from_path(folder / "a.png"): {"colour": "blue"}}
    assert index(folder, attributes=named.get) == {"updated": 1, "unchanged": 4}
    assert index(folder) == {"unchanged": 5}
    assert dict(record_of(store, folder / "a.png").attributes) == {"colour": "blue"}
    assert dict(record_of(store, folder / "b.png").attributes) == {"colour": "red"}


def test_attributes_given_later_leave_the_others(store, index, folder):
    index(folder, attributes={"colour": "red", "size": 1})
    assert index(folder, attributes={"size": 2}) == {"updated": 5}
    assert all(record.attributes == {"colour": "red", "size": 2} for record in store.scan())


def test_touched_with_new_attributes_is_updated(store, index, folder):
    index(folder)
    os.utime(folder / "a.png", ns=(5, 5))
    assert index(folder / "a.png", attributes={"x": 1}) == {"updated": 1}
    assert dict(record_of(store, folder / "a.png").attributes) == {"x": 1}


def test_tenants_keep_apart(store, index, folder, tiny):
    assert index(folder, tenant="ann") == {"added": 5}
    assert index(folder, tenant="bob") == {"added": 5}
    assert tiny.encoded == 10
    (folder / "a.png").rename(folder / "z.png")
    assert index(folder, tenant="bob", prune=True) == {"moved": 1, "unchanged": 4}
    assert record_of(store, folder / "a.png", "ann") is not None
    assert record_of(store, folder / "z.png", "ann") is None


def test_bad_pictures_are_listed_and_the_rest_added(store, index, folder):
    (folder / "bad1.jpg").write_bytes(b"no picture")
    (folder / "bad2.jpg").write_bytes(b"no picture")
    (folder / "empty.jpg").touch()
    report = index(folder)
    assert report.pop("added") == 5
    reasons = {os.path.basename(failed["uri"]): failed["reason"] for failed in report["failed"]}
    assert set(reasons) == {"bad1.jpg", "bad2.jpg", "empty.jpg"}
    assert reasons["bad1.jpg"] == reasons["bad2.jpg"]
    assert "empty" in reasons["empty.jpg"]


def test_changed_into_something_bad_keeps_the_record(store, index, folder):
    index(folder)
    (folder / "a.png").write_bytes(b"no picture")
    report = index(folder)
    assert report.pop("unchanged") == 4
    assert len(report["failed"]) == 1
    assert record_of(store, folder / "a.png") is not None


def test_picture_over_the_limits(store, index, folder):
    report = index(folder, limits=Limits(max_pixels=100))
    assert len(report["failed"]) == 5
    assert all("16" in failed["reason"] for failed in report["failed"])


def test_several_encoders_share_one_decode(store, folder, tiny, monkeypatch):
    from lookalike.ingest import job

    other, phash = TinyEncoder("other", min_side=32), registry.load("phash")
    sides = []
    decode = job.decode
    monkeypatch.setattr(
        job, "decode", lambda *a, min_side, **k: sides.append(min_side) or decode(*a, **k)
    )
    for encoder in (other, phash):
        store.add_encoder(encoder.spec)
    ingest(store, [tiny, other, phash], [folder])
    assert sides == [max(32, phash.min_side)] * 5
    for name in ("tiny", "other", "phash"):
        assert store.missing(name) == []


def test_copy_of_a_record_that_lacks_a_vector_is_encoded(store, index, folder, tiny):
    index(folder)
    other = TinyEncoder("other")
    store.add_encoder(other.spec)
    shutil.copy(folder / "a.png", folder / "copy.png")
    report = ingest(store, [tiny, other], [folder])
    assert (report.added, report.unchanged) == (1, 5)
    assert len(store.vectors("other", [record_of(store, folder / "copy.png").id])) == 1


def test_same_picture_by_two_names_on_the_command_line(index, folder):
    assert index(folder / "a.png", folder, folder / "sub", folder / "a.png") == {"added": 5}


def test_own_collection_in_the_folder(store, index, folder, tmp_path):
    draw(store.path / "stray.png", 1)
    assert index(tmp_path) == {"added": 5}


def test_names_that_are_not_utf8_are_found_again(store, index, folder):
    name = folder / os.fsdecode(b"caf\xe9.png")
    draw(folder / "a.png", 77).rename(name)
    assert index(folder) == {"added": 5}
    assert index(folder) == {"unchanged": 5}
    name.rename(folder / os.fsdecode(b"\xff\xfe.png"))
    assert index(folder) == {"moved": 1, "unchanged": 4}
    (folder / os.fsdecode(b"\xff\xfe.png")).unlink()
    assert index(folder, prune=True) == {"removed": 1, "unchanged": 4}


def test_urls(store, tiny, index, folder, monkeypatch):
    data = {"http://a.example/1": (folder / "a.png").read_bytes(), "http://a.example/2": b"no"}

    def fetch(url, **options):
        if url.endswith("4"):
            raise NetworkError(f"{url}: no connection to the host; check the name and the network")
        if url not in data:
            raise FetchError(f"{url}: the server answers 404; check the URL in a browser")
        return data[url]

    monkeypatch.setattr("lookalike.sources.url.fetch", fetch)
    urls = [f"http://a.example/{n}" for n in (1, 2, 3, 4)]
    report = index(*urls, folder, prune=True)
    assert report.pop("added") == 6
    assert [failed["uri"] for failed in report["failed"]] == urls[1:]
    assert "answers 404" in report["failed"][1]["reason"]
    assert "no connection" in report["failed"][2]["reason"]
    assert store.find(urls)[urls[0]].width == 16
    assert index(urls[0], prune=True) == {"unchanged": 1}
    data[urls[0]] = draw(folder / "b.png", 88).read_bytes()
    assert index(urls[0]) == {"updated": 1}


def test_wrong_use(store, tiny, folder):
    with pytest.raises(NotFoundError, match="nowhere"):
        ingest(store, [tiny], [folder / "nowhere"])
    with pytest.raises(UsageError, match="at least one encoder"):
        ingest(store, [], [folder])
    with pytest.raises(UsageError, match="nothing to index"):
        ingest(store, [tiny], [])


class TestItems:
    def test_bytes(self, store, tiny, folder):
        data = {name: (folder / name).read_bytes() for name in ("a.png", "b.png")}
        items = [
            Item("one", data["a.png"], {"n": 1}),
            Item("two", data["b.png"]),
            Item("three", lambda: data["a.png"]),
            Item("four", b"no picture"),
        ]
        report = ingest_items(store, [tiny], iter(items), attributes={"n": 0})
        assert (report.added, [failed.uri for failed in report.failed]) == (3, ["four"])
        assert tiny.encoded == 2
        found = store.find(["one", "two", "three"])
        assert [found[uri].attributes["n"] for uri in ("one", "two", "three")] == [1, 0, 0]
        report = ingest_items(store, [tiny], items[:1])
        assert (report.unchanged, tiny.encoded) == (1, 2)

    def test_same_uri_again_in_one_run_is_an_update(self, store, tiny, folder):
        data = [draw(folder / "x.png", n).read_bytes() for n in range(40, 43)]
        report = ingest_items(store, [tiny], [Item("one", d) for d in (*data, data[0])])
        assert (report.added, report.updated) == (1, 3)
        assert store.count() == 1
        import hashlib

        assert store.find(["one"])["one"].sha256 == hashlib.sha256(data[0]).digest()

    def test_memory_does_not_grow_with_the_bytes_that_wait(self, store, folder, monkeypatch):
        monkeypatch.setattr(ahead, "MOST_BYTES", 1 << 20)
        alive = most = 0

        class Tracked(bytes):
            def __del__(self):
                nonlocal alive
                alive -= 1

        def items():
            nonlocal alive, most
            for n in range(250):
                data = Tracked(draw(folder / "x.bmp", n, (300, 200)).read_bytes())
                alive += 1
                most = max(most, alive)
                yield Item(f"item {n}", data)

        assert ingest_items(store, [TinyEncoder(seconds=0.002)], items()).added == 250
        assert most < 100

    def test_memory_is_bounded_for_sizes_that_are_not_known_before(
        self, store, folder, monkeypatch
    ):
        monkeypatch.setattr(coordinator, "WINDOW_BYTES", 1 << 20)
        monkeypatch.setattr(job, "UNKNOWN_BYTES", 256 << 10)
        alive = most = 0
        lock = threading.Lock()

        class Tracked(bytes):
            def __del__(self):
                nonlocal alive
                with lock:
                    alive -= 1

        pictures = [draw(folder / "x.bmp", n, (300, 200)).read_bytes() for n in range(100)]

        def read(n):
            nonlocal alive, most
            data = Tracked(pictures[n])
            with lock:
                alive += 1
                most = max(most, alive)
            return data

        items = [Item(f"item {n}", partial(read, n)) for n in range(100)]
        # The pictures have 180 kB each.
        assert ingest_items(store, [TinyEncoder(seconds=0.002)], items, workers=8).added == 100
        assert most < 12

    def test_names_that_look_like_paths_neither_move_nor_are_pruned(
        self, store, tiny, index, folder
    ):
        data = draw(folder / "x.png", 60).read_bytes()
        (folder / "x.png").unlink()
        first, second = from_path(folder / "one.png"), from_path(folder / "two.png")
        assert ingest_items(store, [tiny], [Item(first, data)]).added == 1
        assert ingest_items(store, [tiny], [Item(second, data)]).added == 1
        assert tiny.encoded == 1
        assert uris(store) == [first, second]
        # Nor does a file take over the record of a picture that never was one.
        (folder / "file.png").write_bytes(data)
        assert index(folder, prune=True) == {"added": 6}
        assert set(uris(store)) >= {first, second}

    def test_bytes_do_not_take_over_the_record_of_a_file_that_is_gone(
        self, store, tiny, index, folder
    ):
        index(folder)
        data = (folder / "a.png").read_bytes()
        (folder / "a.png").unlink()
        assert ingest_items(store, [tiny], [Item(from_path(folder / "b2.png"), data)]).added == 1
        assert record_of(store, folder / "a.png") is not None

    def test_none(self, store, tiny):
        assert ingest_items(store, [tiny], []).added == 0


class TestPrune:
    def test_only_what_is_gone_under_the_folder(self, store, index, folder):
        index(folder, draw(folder.parent / "outside" / "x.png", 50))
        for name in ("a.png", "sub/d.png", "../outside/x.png"):
            (folder / name).unlink()
        assert index(folder) == {"unchanged": 3}
        assert index(folder / "sub", prune=True) == {"unchanged": 1, "removed": 1}
        assert index(folder, prune=True) == {"unchanged": 3, "removed": 1}
        assert store.count() == 4

    def test_folder_within_that_is_gone(self, store, index, folder):
        index(folder)
        shutil.rmtree(folder / "sub")
        assert index(folder, prune=True) == {"unchanged": 3, "removed": 2}

    def test_ignored_now_is_not_gone(self, index, folder):
        index(folder)
        assert index(folder, prune=True, ignore=["sub/"]) == {"unchanged": 3}

    def test_missing_folder_loses_nothing(self, store, index, folder):
        index(folder)
        shutil.rmtree(folder / "sub")
        report = index(folder / "sub", folder / "a.png", prune=True)
        assert report.pop("unchanged") == 1
        (failure,) = report["failed"]
        assert failure["reason"] == "no such file or directory; nothing under it was removed"
        assert store.count() == 5

    def test_empty_folder_loses_nothing(self, store, index, folder):
        index(folder)
        shutil.rmtree(folder)
        folder.mkdir()
        (failure,) = index(folder, prune=True)["failed"]
        assert "not mounted" in failure["reason"]
        assert "nothing under it was removed" in failure["reason"]
        assert store.count() == 5

    def test_folder_within_that_is_empty_loses_nothing(self, store, index, folder):
        draw(folder / "sub" / "deep" / "er" / "f.png", 60)
        index(folder)
        (folder / "a.png").unlink()
        shutil.rmtree(folder / "sub")
        (folder / "sub").mkdir()
        report = index(folder, prune=True)
        (failure,) = report.pop("failed")
        assert failure["uri"] == from_path(folder / "sub")
        assert failure["reason"] == (
            "the folder is empty, as if not mounted; nothing under it was removed"
        )
        assert report == {"unchanged": 2, "removed": 1}
        (folder / "sub").rmdir()
        assert index(folder, prune=True) == {"unchanged": 2, "removed": 3}

    def test_folder_within_that_cannot_be_read_loses_nothing(
        self, store, index, folder, monkeypatch
    ):
        index(folder)
        for name in ("d.png", "e.png"):
            (folder / "sub" / name).unlink()
        scandir = os.scandir

        def refuse(path):
            if os.fspath(path) == os.fspath(folder / "sub"):
                raise PermissionError(13, "Permission denied")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        report = index(folder, prune=True)
        assert report.pop("unchanged") == 3
        assert store.count() == 5
        (failure,) = report["failed"]
        assert failure["reason"].endswith("nothing under it was removed")

    def test_unreadable_folder_loses_nothing(self, store, index, folder, monkeypatch):
        index(folder)
        (folder / "a.png").unlink()
        scandir = os.scandir

        def refuse(path):
            # Permissions do not bind root, under whom tests may run.
            if os.fspath(path) == os.fspath(folder):
                raise PermissionError(13, "Permission denied")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        (failure,) = index(folder, prune=True)["failed"]
        assert failure["reason"].endswith("nothing under it was removed")
        assert store.count() == 5

    def test_file_that_cannot_be_looked_at_is_kept(self, store, index, folder, monkeypatch):
        index(folder)
        (folder / "a.png").unlink()
        lstat = os.lstat

        def refuse(path, **more):
            if os.fspath(path) == os.fspath(folder / "a.png"):
                raise OSError(5, "Input/output error")
            return lstat(path, **more)

        monkeypatch.setattr(os, "lstat", refuse)
        assert index(folder, prune=True) == {"unchanged": 4}
        assert store.count() == 5

    def test_moved_is_not_removed(self, store, index, folder):
        index(folder)
        (folder / "a.png").rename(folder / "sub" / "a.png")
        assert index(folder, prune=True) == {"moved": 1, "unchanged": 4}
        assert store.count() == 5
