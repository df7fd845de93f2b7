"""Whatever fails in the middle, the run ends, what was committed stays, and the next goes on."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from ingest_parts import TinyEncoder, draw

from lookalike.errors import (
    EnvironmentFailure,
    NetworkError,
    PictureError,
    StoreError,
    UsageError,
    WeightsError,
    ZeroEmbeddingError,
)
from lookalike.ingest import Item, crew, embed_missing, ingest, ingest_items
from lookalike.sources.uri import from_path

COUNT = 150


@pytest.fixture
def folder(tmp_path):
    """More pictures than fit into the pipeline at once."""
    for i in range(COUNT):
        draw(tmp_path / "pictures" / f"{i // 50}" / f"{i:03}.png", i)
    return tmp_path / "pictures"


@pytest.fixture(autouse=True)
def nothing_left_running():
    """A thread that is still there after the run has not been ended."""
    yield
    left = [thread.name for thread in threading.enumerate() if "lookalike" in thread.name]
    assert left == []


class Faulty:
    """A store whose method fails at its nth call."""

    def __init__(self, store, method, at, error):
        self._store, self._method, self._left, self._error = store, method, at, error
        self.path = store.path

    def __getattr__(self, name):
        method = getattr(self._store, name)
        if name != self._method:
            return method

        def call(*args, **kwargs):
            self._left -= 1
            if self._left == 0:
                raise self._error
            return method(*args, **kwargs)

        return call


def complete(store, tiny, folder):
    """Run again, undisturbed; everything is there once, with its vector."""
    tiny.fail_at = None
    before = store.count()
    report = ingest(store, [tiny], [folder])
    assert (report.added, report.unchanged, report.failed) == (COUNT - before, before, ())
    assert store.count() == COUNT
    assert store.missing("tiny") == []


@pytest.mark.parametrize(
    ("method", "at"),
    [
        ("find", 1),
        ("find_digests", 1),
        ("find_digests", 3),
        ("upsert", 1),
        ("upsert", 2),
        ("optimize", 1),
    ],
)
def test_store_fails(store, tiny, folder, method, at):
    error = StoreError("the disk is full")
    with pytest.raises(StoreError, match="the disk is full"):
        ingest(Faulty(store, method, at, error), [tiny], [folder], batch=16)
    assert store.count() % 16 == 0 or method in {"find_digests", "optimize"}
    complete(store, tiny, folder)


def test_store_fails_while_copying_and_moving(store, tiny, folder):
    ingest(store, [tiny], [folder])
    folder.rename(folder.parent / "moved")
    for method in ("move", "find_digests", "find"):
        with pytest.raises(StoreError, match="gone"):
            ingest(Faulty(store, method, 1, StoreError("gone")), [tiny], [folder.parent / "moved"])
    report = ingest(store, [tiny], [folder.parent / "moved"], tenant="other")
    assert report.added == COUNT
    assert ingest(store, [tiny], [folder.parent / "moved"]).moved == COUNT


@pytest.mark.parametrize("at", [1, 2, 5])
def test_encoder_fails(store, tiny, folder, at):
    tiny.fail_at = at
    with pytest.raises(EnvironmentFailure, match="the encoder tiny failed: the model fell over"):
        ingest(store, [tiny], [folder])
    assert store.count() == tiny.encoded
    complete(store, tiny, folder)


@pytest.mark.parametrize("error", [WeightsError("no weights"), MemoryError("no memory")])
def test_encoder_fails_for_a_reason_of_its_own(store, tiny, folder, error):
    tiny.fail_at, tiny.error = 3, error
    with pytest.raises(type(error), match=str(error)):
        ingest(store, [tiny], [folder])
    assert store.count() == tiny.encoded
    complete(store, tiny, folder)


def test_pictures_in_which_an_encoder_sees_nothing_fail_alone(store, tiny, tmp_path):
    encode_prepared = tiny.encode_prepared

    def encode(batch):
        if zero := [row for row, one in enumerate(batch) if one[0] in {20, 22}]:
            raise ZeroEmbeddingError("it sees nothing", zero)
        return encode_prepared(batch)

    tiny.prepare = lambda picture: np.full(12, picture.width, np.float32)
    tiny.encode_prepared = encode
    for n in range(4):
        draw(tmp_path / "pictures" / f"{n}.png", n, (20 + n, 12))
    report = ingest(store, [tiny], [tmp_path / "pictures"])
    assert report.added == 2
    assert [os.path.basename(failure.uri) for failure in report.failed] == ["0.png", "2.png"]
    assert {failure.reason for failure in report.failed} == {"it sees nothing"}
    tiny.encode_prepared = encode_prepared
    assert ingest(store, [tiny], [tmp_path / "pictures"]).added == 2


def test_out_of_memory_while_decoding(store, tiny, folder, monkeypatch):
    from lookalike.ingest import job

    left = iter(range(60))
    decode = job.decode

    def fail(*args, **kwargs):
        if next(left, None) is None:
            raise MemoryError("no memory for this picture")
        return decode(*args, **kwargs)

    monkeypatch.setattr(job, "decode", fail)
    with pytest.raises(MemoryError, match="no memory"):
        ingest(store, [tiny], [folder])
    monkeypatch.undo()
    complete(store, tiny, folder)


def test_decoder_is_surprised_by_one_picture(store, tiny, folder):
    prepare = tiny.prepare

    def surprised(picture):
        if picture.getpixel((0, 0))[:2] == (7, 0):
            raise ZeroDivisionError("never thought of this")
        return prepare(picture)

    tiny.prepare = surprised
    report = ingest(store, [tiny], [folder])
    assert report.added == COUNT - 1
    (failure,) = report.failed
    assert failure.uri == from_path(folder / "0" / "007.png")
    assert failure.reason == "ZeroDivisionError: never thought of this"


@pytest.mark.parametrize("error", [RuntimeError("cut off"), StoreError("gone")])
def test_source_fails(store, tiny, folder, error):
    def items():
        for path in sorted(folder.rglob("*.png"))[:100]:
            yield Item(from_path(path), path.read_bytes)
        raise error

    with pytest.raises(type(error), match=str(error)):
        ingest_items(store, [tiny], items())


def test_reading_fails(store, tiny, folder):
    def refuse():
        raise PictureError("the link is down")

    def crash():
        raise PermissionError(13, "Permission denied")

    good = draw(folder / "x.png", 777).read_bytes
    items = [Item("a", refuse), Item("b", crash), Item("c", good)]
    report = ingest_items(store, [tiny], items)
    assert report.added == 1
    reasons = {failure.uri: failure.reason for failure in report.failed}
    assert reasons == {"a": "the link is down", "b": "permission denied"}


def test_attributes_function_fails_for_one_picture(store, tiny, folder):
    def attributes(uri):
        if uri.endswith("120.png"):
            raise KeyError("no such row")
        return {}

    report = ingest(store, [tiny], [folder], attributes=attributes)
    assert report.added == COUNT - 1
    (failure,) = report.failed
    assert failure.uri == from_path(folder / "2" / "120.png")
    assert failure.reason == "the attributes function failed: KeyError: 'no such row'"
    complete(store, tiny, folder)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"a": {1, 2}}, "attribute a: set cannot be stored"),
        ({"a": float("nan")}, "attribute a: nan is not a number"),
        (["a"], "attributes are a mapping, not list"),
    ],
)
def test_bad_attributes_of_one_picture(store, tiny, folder, attributes, reason):
    bad = from_path(folder / "0" / "007.png")
    report = ingest(store, [tiny], [folder], attributes={bad: attributes}.get)
    assert report.added == tiny.encoded == COUNT - 1
    (failure,) = report.failed
    assert failure.uri == bad
    assert failure.reason.startswith(reason)
    data = draw(folder / "x.png", 777).read_bytes()
    report = ingest_items(store, [tiny], [Item("bad", data, attributes), Item("good", data)])
    assert (report.added, [failure.uri for failure in report.failed]) == (1, ["bad"])


def test_bad_attributes_of_all_pictures_are_wrong_use(store, tiny, folder):
    with pytest.raises(UsageError, match="attribute a: set cannot be stored"):
        ingest(store, [tiny], [folder], attributes={"a": {1, 2}})
    with pytest.raises(UsageError, match="the tenant"):
        ingest(store, [tiny], [folder], tenant="a\0b")
    assert tiny.prepared == 0


def test_attributes_that_are_stored_as_something_else_are_unchanged(store, tiny, folder):
    attributes = {"list": (1, 2), "array": np.array([0.5, 1.5])}
    assert ingest(store, [tiny], [folder], attributes=attributes).added == COUNT
    assert ingest(store, [tiny], [folder], attributes=attributes).unchanged == COUNT


@pytest.mark.parametrize("uri", ["a\0b", "\ud800"])
def test_bad_uri(store, tiny, folder, uri):
    data = draw(folder / "x.png", 777).read_bytes()
    report = ingest_items(store, [tiny], [Item("one", data), Item(uri, data), Item("two", data)])
    assert report.added == 2
    (failure,) = report.failed
    assert failure.uri == uri
    assert "not valid Unicode text" in failure.reason


class TestDeletedMeanwhile:
    """Another thread deletes a record while it is being brought up to date."""

    @pytest.fixture
    def deleting(self, store, tiny, folder):
        """ingest(), during which the records of some files are deleted after they are looked up."""
        ingest(store, [tiny], [folder])

        def run(victims, attributes=None):
            class Deleting:
                path = store.path

                def __getattr__(self, name):
                    return getattr(store, name)

                def find(self, uris, tenant=""):
                    found = store.find(uris, tenant)
                    # However the files are handed over: after their own look-up, not before.
                    store.delete([each.id for uri, each in found.items() if uri in victims])
                    return found

            report = ingest(Deleting(), [tiny], [folder], attributes=attributes)
            reasons = {failure.reason for failure in report.failed}
            assert reasons == {"its record was deleted meanwhile; index it again"}
            return report

        return run

    def test_attributes_change(self, store, tiny, folder, deleting):
        victims = [from_path(path) for path in sorted(folder.rglob("*.png"))[3:5]]
        report = deleting(victims, {"n": 1})
        assert report.updated == COUNT - 2
        assert [failure.uri for failure in report.failed] == victims
        assert all(record.attributes == {"n": 1} for record in store.scan())
        complete(store, tiny, folder)

    def test_file_was_touched_or_changed(self, store, tiny, folder, deleting):
        touched, changed, other = sorted(folder.rglob("*.png"))[3:6]
        for path in (touched, other):
            os.utime(path, ns=(5, 5))
        draw(changed, 999)
        report = deleting([from_path(touched), from_path(changed)])
        assert report.unchanged == COUNT - 2
        assert store.count() == COUNT - 2
        assert store.find([from_path(other)])[from_path(other)].modified_ns == 5
        complete(store, tiny, folder)

    def test_file_was_moved(self, store, tiny, folder, deleting):
        old = sorted(folder.rglob("*.png"))[3]
        ids = store.find([from_path(old)])[from_path(old)].id
        old.rename(folder / "new.png")
        real = store.move

        def move(moves):
            store.delete([ids])
            return real(moves)

        store.move = move
        report = deleting([])
        del store.move
        assert [failure.uri for failure in report.failed] == [from_path(folder / "new.png")]
        complete(store, tiny, folder)

    def test_embed_missing_brings_nothing_back(self, store, tiny, folder):
        ingest(store, [tiny], [folder])
        other = TinyEncoder("other")
        store.add_encoder(other.spec)
        victim = next(iter(store.scan()))
        prepare = other.prepare

        def deleting(picture):
            store.delete([victim.id])
            return prepare(picture)

        other.prepare = deleting
        report = embed_missing(store, other)
        assert report.updated == store.count() == COUNT - 1
        assert [failure.uri for failure in report.failed] == [victim.uri]


def test_progress_fails(store, folder):
    tiny = TinyEncoder(seconds=0.005)

    def progress(stage, done, total):
        if done > 20:
            raise ValueError("no such terminal")

    with pytest.raises(ValueError, match="no such terminal"):
        ingest(store, [tiny], [folder], progress=progress)
    assert 20 < store.count() < COUNT
    complete(store, tiny, folder)


def test_ctrl_c_keeps_what_is_encoded(store, folder):
    tiny = TinyEncoder(seconds=0.005)

    def interrupt():
        while tiny.encoded < 40:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    report = ingest(store, [tiny], [folder], prune=True)
    thread.join()
    assert report.interrupted
    assert 40 <= report.added < COUNT
    assert report.added == store.count() == tiny.encoded
    assert ingest(store, [tiny], [folder]).added == COUNT - report.added
    complete(store, tiny, folder)


def test_ctrl_c_while_the_source_waits(store, tiny, folder):
    """A source may sit in a call that does not come back; what came before is kept."""
    release = threading.Event()

    def items():
        yield Item("one", draw(folder / "x.png", 777).read_bytes())
        while not release.wait(0.05):
            if tiny.encoded:
                os.kill(os.getpid(), signal.SIGINT)
                release.wait(0.5)
                return

    report = ingest_items(store, [tiny], items())
    assert report.interrupted
    assert report.added == store.count() == 1


def test_ctrl_c_while_a_read_does_not_come_back(store, tiny, folder, monkeypatch):
    monkeypatch.setattr(crew, "JOIN_SECONDS", 0.2)
    release, came_back = threading.Event(), threading.Event()

    def hang():
        os.kill(os.getpid(), signal.SIGINT)
        release.wait(10)
        came_back.set()
        return b""

    report = ingest_items(store, [tiny], [Item("one", hang)])
    assert report.interrupted
    assert not came_back.is_set()
    release.set()
    for thread in threading.enumerate():
        if "lookalike" in thread.name:
            thread.join()


def test_ctrl_c_while_the_index_is_built(store, tiny, folder):
    report = ingest(Faulty(store, "optimize", 1, KeyboardInterrupt()), [tiny], [folder])
    assert report.interrupted
    assert report.added == COUNT
    complete(store, tiny, folder)


def test_file_vanishes_and_folder_too(store, tiny, folder):
    source = sorted(folder.rglob("*.png"))

    def vanish(uri):
        # Asked when a picture is looked up, after it was found and before it is read.
        if uri == from_path(source[3]):
            source[3].unlink()
            source[4].write_bytes(b"something else entirely")

    report = ingest(store, [tiny], [folder], attributes=vanish)
    assert report.added == COUNT - 2
    reasons = {failure.uri: failure.reason for failure in report.failed}
    assert reasons == {
        from_path(source[3]): "no such file or directory",
        from_path(source[4]): "the file changed while it was being read; index it again",
    }


def test_progress_is_told_from_this_thread_and_ends_complete(store, folder):
    told = []

    def progress(*what):
        assert threading.current_thread() is threading.main_thread()
        told.append(what)

    (folder / "bad.jpg").write_bytes(b"no picture")
    ingest(store, [TinyEncoder(seconds=0.002)], [folder], progress=progress)
    told = [(done, total) for stage, done, total in told if stage == "index"]
    assert told[-1] == (COUNT + 1, COUNT + 1)
    assert told == sorted(told)
    assert len(told) >= 3


def test_workers_and_batches(store, tiny, folder):
    sizes = []

    class Noting:
        path = store.path

        def __getattr__(self, name):
            return getattr(store, name)

        def upsert(self, entries):
            sizes.append(len(entries))
            return store.upsert(entries)

    report = ingest(Noting(), [tiny], [folder], workers=7, batch=10)
    assert report.added == COUNT
    assert max(sizes) == 10
    assert sum(sizes) == COUNT


class TestEmbedMissing:
    def test_completes_what_is_there(self, store, tiny, folder):
        ingest(store, [tiny], [folder], tenant="ann")
        other = TinyEncoder("other")
        store.add_encoder(other.spec)
        paths = sorted(folder.rglob("*.png"))
        paths[0].unlink()
        draw(paths[1], 999)
        before = {record.id: record for record in store.scan()}
        report = embed_missing(store, other)
        assert report.updated == COUNT - 2
        reasons = {failure.uri: failure.reason for failure in report.failed}
        assert reasons == {
            from_path(paths[0]): "no such file or directory",
            from_path(paths[1]): "the file has changed since it was indexed; index it again",
        }
        assert len(store.missing("other")) == 2
        for record in store.scan():
            old = before[record.id]
            assert (record.sha256, record.modified_ns) == (old.sha256, old.modified_ns)
            assert (record.width, record.tenant) == (old.width, "ann")
        assert embed_missing(store, other).updated == 0

    def test_goes_on_where_it_stopped(self, store, tiny, folder):
        ingest(store, [tiny], [folder])
        other = TinyEncoder("other")
        store.add_encoder(other.spec)
        other.fail_at = 4
        with pytest.raises(EnvironmentFailure):
            embed_missing(store, other)
        done = other.encoded
        assert 0 < done == COUNT - len(store.missing("other"))
        assert embed_missing(store, other).updated == COUNT - done
        assert store.missing("other") == []

    def test_what_cannot_be_read_again(self, store, tiny, folder):
        from lookalike.stores.base import Entry

        ingest_items(store, [tiny], [Item("sha256:1", draw(folder / "x.png", 777).read_bytes())])
        store.upsert([Entry(uri="id:7", id=700)])
        other = TinyEncoder("other")
        store.add_encoder(other.spec)
        (failure,) = embed_missing(store, other).failed
        assert failure.uri == "sha256:1"
        assert "add it again" in failure.reason

    def test_files_only(self, store, tiny, folder, monkeypatch):
        from lookalike.stores.base import Entry

        def unreachable(url, **options):
            raise NetworkError("no connection to the host")

        monkeypatch.setattr("lookalike.sources.url.fetch", unreachable)

        ingest(store, [tiny], [folder])
        data = draw(folder.parent / "x.png", 777).read_bytes()
        made_up = from_path(folder / "made up.png")
        ingest_items(store, [tiny], [Item(made_up, data), Item("http://a.example/b", data)])
        store.upsert([Entry(uri="id:7", id=700), Entry(uri=made_up + "2")])
        other = TinyEncoder("other")
        store.add_encoder(other.spec)
        report = embed_missing(store, other, files_only=True)
        assert (report.updated, report.failed) == (COUNT, ())
        assert len(store.missing("other")) == 4
        # Nothing is left to do, and nothing is done, though four lack a vector.
        faulty = Faulty(store, "optimize", 1, AssertionError("a run was started"))
        assert embed_missing(faulty, other, files_only=True).updated == 0
        failures = embed_missing(store, other).failed
        assert {failure.uri for failure in failures} == {made_up, "http://a.example/b"}
        reasons = {failure.uri: failure.reason for failure in failures}
        assert "add it again" in reasons[made_up]

    def test_same_uri_of_two_tenants(self, store, tiny, folder):
        for tenant in ("ann", "bob"):
            ingest(store, [tiny], [folder], tenant=tenant)
        other = TinyEncoder("other")
        store.add_encoder(other.spec)
        assert embed_missing(store, other).updated == 2 * COUNT
        assert store.missing("other") == []

    def test_nothing_missing(self, store, tiny, folder):
        assert embed_missing(store, tiny).updated == 0
