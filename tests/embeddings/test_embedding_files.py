"""Embeddings out of a collection and back: nothing is lost, and no bad file does harm."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lookalike
from lookalike import filters
from lookalike.collection import Collection
from lookalike.embeddings import export_embeddings, import_embeddings
from lookalike.encoders.projection import Projection
from lookalike.errors import NotFoundError, UnknownEncoderError, UsageError
from lookalike.records import EncoderSpec, Record
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

SIZE = 12
SPEC = EncoderSpec("house-model", "embedding", SIZE, "abc")
HASH = EncoderSpec("house-hash", "hash", 64, "1")
NAMES = ["a.parquet", "a.npy", "a.h5", "a.hdf5"]

formats = pytest.mark.parametrize("name", NAMES[:3])


def unit(seed: int, count: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, SIZE))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def entry(n: int, **fields: Any) -> Entry:
    vectors = {
        "house-model": unit(n)[0],
        "house-hash": np.random.default_rng(n).integers(0, 256, 8, np.uint8),
    }
    return Entry(f"/pictures/{n}.jpg", vectors=vectors, **fields)


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[[], LocalStore]]:
    """Makes empty stores."""
    made: list[LocalStore] = []

    def make() -> LocalStore:
        made.append(LocalStore.open(tmp_path / f"store {len(made)}"))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(new: Callable[[], LocalStore]) -> LocalStore:
    """Twenty records with everything a record can have, two of another tenant."""
    store = new()
    store.add_encoder(SPEC)
    store.add_encoder(HASH)
    store.upsert(
        [
            entry(
                n,
                id=10 * n,
                tenant="ann" if n < 2 else "",
                sha256=bytes([n]) * 32,
                md5=bytes([n]) * 16,
                size=1000 + n,
                modified_ns=1_700_000_000_123_456_789 + n,
                width=640,
                height=480,
                format="jpeg",
                attributes={"n": n, "name": "Größe \n", "price": n / 3, "tags": ["x"], "no": None},
                qualities={"house-hash": n},
            )
            for n in range(20)
        ]
    )
    return store


def facts(store: LocalStore) -> list[dict[str, Any]]:
    def of(record: Record) -> dict[str, Any]:
        slots = {name: getattr(record, name) for name in Record.__slots__}
        return {name: value for name, value in slots.items() if name not in {"added", "updated"}}

    return [of(record) for record in store.scan()]


@pytest.mark.parametrize("float16", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_collection_is_made_again(
    store: LocalStore, new: Any, tmp_path: Path, name: str, float16: bool
) -> None:
    other = new()
    for spec in (SPEC, HASH):
        path = tmp_path / f"{spec.name}{name}"
        assert export_embeddings(store, path, encoder=spec.name, float16=float16) == 20
        report = import_embeddings(other, path)
        assert report.added + report.updated == 20
    assert other.encoders() == store.encoders()
    assert facts(other) == facts(store)
    ids = [record.id for record in store.scan()]
    for spec in (SPEC, HASH):
        there, here = store.vectors(spec.name, ids), other.vectors(spec.name, ids)
        assert all(np.array_equal(there[one], here[one]) for one in ids)
    assert other.qualities("house-hash", ids) == store.qualities("house-hash", ids)
    query = unit(99)[0]
    assert other.nearest("house-model", query, 20) == store.nearest("house-model", query, 20)


attributes = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
        str.strip
    ),
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    max_size=3,
)  # fmt: skip


@given(
    rows=st.dictionaries(st.integers(0, 2**63 - 1000), attributes, min_size=1, max_size=8),
    name=st.sampled_from(NAMES),
    seed=st.integers(0, 1000),
)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_searches_give_the_same_answers(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[int, Any], name: str, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("round")
    with LocalStore.open(folder / "one") as one, LocalStore.open(folder / "two") as two:
        one.add_encoder(SPEC)
        one.upsert(
            [
                Entry(f"u{i}", id=i, attributes=own, vectors={SPEC.name: unit(seed + place)[0]})
                for place, (i, own) in enumerate(rows.items())
            ]
        )
        assert export_embeddings(one, folder / name) == len(rows)
        import_embeddings(two, folder / name)
        import_embeddings(two, folder / name)
        assert facts(two) == facts(one)
        query = unit(seed - 1 if seed else 5000)[0]
        assert two.nearest(SPEC.name, query, 10) == one.nearest(SPEC.name, query, 10)
    shutil.rmtree(folder)


@formats
def test_a_projection_goes_with_the_vectors(
    store: LocalStore, new: Any, tmp_path: Path, name: str
) -> None:
    matrix = np.eye(SIZE, 4, dtype=np.float16).astype(np.float32)
    store.set_projection("house-model", Projection("mine", unit(7)[0], matrix))
    export_embeddings(store, tmp_path / name)
    other = new()
    import_embeddings(other, tmp_path / name)
    there = other.projection("house-model")
    assert there is not None
    assert there.version == "mine"
    query = unit(99)[0]
    assert other.nearest("house-model", query, 5) == store.nearest("house-model", query, 5)


@formats
def test_only_what_matches_is_written(
    store: LocalStore, new: Any, tmp_path: Path, name: str
) -> None:
    where = filters.parse("n < 5 and not n == 3")
    assert export_embeddings(store, tmp_path / name, where=where) == 4
    other = new()
    assert import_embeddings(other, tmp_path / name, tenant="bob").added == 4
    assert {record.tenant for record in other.scan()} == {"bob"}
    assert [record.id for record in other.scan()] == [0, 10, 20, 40]


@formats
def test_nothing_matches(store: LocalStore, new: Any, tmp_path: Path, name: str) -> None:
    where = filters.parse("n > 500")
    assert export_embeddings(store, tmp_path / name, where=where) == 0
    assert import_embeddings(new(), tmp_path / name).added == 0


@formats
def test_records_keep_their_ids_and_taken_ids_are_replaced(
    store: LocalStore, new: Any, tmp_path: Path, name: str
) -> None:
    export_embeddings(store, tmp_path / name)
    other = new()
    other.add_encoder(SPEC)
    other.add_encoder(HASH)
    other.upsert([entry(5, id=7, attributes={"old": 1}), entry(500, id=60, tenant="bob")])
    report = import_embeddings(other, tmp_path / name)
    assert (report.added, report.updated) == (19, 1)
    assert report.notices == ("1 record got new ids, since theirs were taken",)
    assert other.get([7])[0].uri == "/pictures/5.jpg"
    assert other.get([60])[0].tenant == "bob"
    assert other.count() == 21
    again = import_embeddings(other, tmp_path / name)
    assert (again.added, again.updated, again.unchanged, again.notices) == (0, 0, 20, ())


@formats
def test_vectors_of_other_weights_are_refused_or_kept_apart(
    store: LocalStore, new: Any, tmp_path: Path, name: str
) -> None:
    export_embeddings(store, tmp_path / name)
    other = new()
    other.add_encoder(EncoderSpec("house-model", "embedding", SIZE, "xyz"))
    other.add_encoder(EncoderSpec("small", "embedding", 3, ""))
    with pytest.raises(UsageError, match=r"made by other weights \(abc\).*\(xyz\)"):
        import_embeddings(other, tmp_path / name)
    with pytest.raises(UsageError, match="small makes embeddings of 3"):
        import_embeddings(other, tmp_path / name, encoder="small")
    with pytest.raises(UsageError, match="mobilenet"):
        import_embeddings(other, tmp_path / name, encoder="mobilenet-v3-large")
    assert other.count() == 0
    import_embeddings(other, tmp_path / name, encoder="apart")
    assert other.encoders()[-1] == EncoderSpec("apart", "embedding", SIZE, "")


def test_what_says_nothing_new_changes_nothing(store: LocalStore, tmp_path: Path) -> None:
    for spec in (SPEC, HASH):
        export_embeddings(store, tmp_path / f"{spec.name}.npy", encoder=spec.name)
    before = list(store.scan())
    for spec in (SPEC, HASH):
        report = import_embeddings(store, tmp_path / f"{spec.name}.npy")
        assert (report.updated, report.unchanged) == (0, 20)
    assert list(store.scan()) == before
    qualities = store.qualities("house-hash", [80, 90])
    # One of everything that a row can say is another now; true is not 1.
    store.update_attributes({20: {**before[2].attributes, "n": 3}})
    store.update_attributes({10: {**before[1].attributes, "n": True}})
    hashed = store.vectors("house-hash", [90])[90]
    store.upsert(
        [
            Entry("/pictures/6.jpg", id=60, vectors={"house-model": unit(1)[0]}),
            Entry("/pictures/7.jpg", id=70, width=641),
            Entry("/pictures/8.jpg", id=80, vectors={"house-hash": ~hashed}),
            Entry(
                "/pictures/9.jpg",
                id=90,
                vectors={"house-hash": hashed},
                qualities={"house-hash": 1},
            ),
        ]
    )
    counts = [import_embeddings(store, tmp_path / f"{s.name}.npy").updated for s in (SPEC, HASH)]
    assert counts == [4, 2]
    assert store.qualities("house-hash", [80, 90]) == qualities
    assert facts(store) == [
        {name: getattr(record, name) for name in facts(store)[0]} for record in before
    ]


def test_an_interrupted_import_goes_on(store: LocalStore, new: Any, tmp_path: Path) -> None:
    export_embeddings(store, tmp_path / "a.parquet")
    other = new()

    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_embeddings(other, tmp_path / "a.parquet", progress=stop)
    assert other.count() == 20
    assert import_embeddings(other, tmp_path / "a.parquet").unchanged == 20


@formats
def test_a_file_is_there_whole_or_not_at_all(store: LocalStore, tmp_path: Path, name: str) -> None:
    def fail(stage: str, done: int, total: int) -> None:
        raise RuntimeError("stopped")

    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).write_bytes(b"old")
    with pytest.raises((RuntimeError, OSError), match="stopped"):
        export_embeddings(store, folder / name, progress=fail)
    assert [path.read_bytes() for path in folder.iterdir()] == [b"old"]


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_full_disk_leaves_nothing_half(store: LocalStore, tmp_path: Path, name: str) -> None:
    resource = pytest.importorskip("resource")
    store.upsert([entry(n) for n in range(100, 1500)])
    folder = tmp_path / "out"
    folder.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"(?i)too large"):
            export_embeddings(store, folder / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(folder.iterdir())


def test_hdf5_asks_for_room_first(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(OSError, match="No space left"):
        export_embeddings(store, folder / "a.h5")
    assert not list(folder.iterdir())


# -- files that other programs made


def foreign(folder: Path, name: str, ids: list[int], vectors: np.ndarray) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.table({"id": ids, "embedding": vectors.tolist()}), path)
    elif name.endswith(".npy"):
        np.save(path, vectors)
        path.with_suffix(".jsonl").write_text("".join(f'{{"id": {one}}}\n' for one in ids))
    else:
        with h5py.File(path, "w") as file:
            file["vectors"], file["ids"] = vectors, ids
    return path


@formats
def test_another_programs_file(store: LocalStore, new: Any, tmp_path: Path, name: str) -> None:
    path = foreign(tmp_path, name, [3, 4], 5 * unit(1, 2).astype(np.float64))
    other = new()
    import_embeddings(other, path)
    assert other.encoders() == (EncoderSpec("external", "embedding", SIZE),)
    assert [record.uri for record in other.scan()] == ["id:3", "id:4"]
    assert np.allclose(other.vectors("external", [4])[4], unit(1, 2)[1], atol=1e-3)
    # An id that is there is that record.
    path = foreign(tmp_path, name, [20, 30], unit(1, 2))
    report = import_embeddings(store, path, encoder="second")
    assert (report.added, report.updated) == (0, 2)
    assert store.get([20])[0].attributes["n"] == 2


@formats
@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_vector_that_is_none_is_refused(
    new: Any, tmp_path: Path, name: str, value: float
) -> None:
    vectors = unit(1, 3)
    vectors[1] = value
    vectors[0] *= 2  # of another length, which is no fault
    with pytest.raises(UsageError, match="the vector of row 1 is zero or not finite"):
        import_embeddings(new(), foreign(tmp_path, name, [1, 2, 3], vectors))


@formats
def test_ids_that_are_none_are_refused(new: Any, tmp_path: Path, name: str) -> None:
    path = foreign(tmp_path, name, [1, -5], unit(1, 2))
    with pytest.raises(UsageError, match=r"row 1: "):
        import_embeddings(new(), path)


# -- damaged and hostile files


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_is_an_error_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    name = data.draw(st.sampled_from(NAMES[:2]))
    path = foreign(folder, name, list(range(9)), unit(1, 9))
    damaged = path
    if name.endswith(".npy") and data.draw(st.booleans()):
        damaged = path.with_suffix(".jsonl")
    whole = bytearray(damaged.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    damaged.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with LocalStore.open(folder / "store") as store, contextlib.suppress(UsageError):
        import_embeddings(store, path)
    shutil.rmtree(folder)


def test_a_parquet_file_with_a_text_that_is_none(new: Any, tmp_path: Path) -> None:
    table = pa.table({"uri": pa.array([b"abc", b"xyz"]), "vector": unit(1, 2).tolist()})
    pq.write_table(
        table.set_column(0, "uri", table["uri"].cast(pa.string())), tmp_path / "a.parquet"
    )
    data = (tmp_path / "a.parquet").read_bytes()
    assert b"xyz" in data
    (tmp_path / "a.parquet").write_bytes(data.replace(b"xyz", b"x\xff\xff"))
    with pytest.raises(UsageError, match="damaged"):
        import_embeddings(new(), tmp_path / "a.parquet")


def test_an_hdf5_file_that_is_cut_off(store: LocalStore, new: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    export_embeddings(store, path)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(UsageError, match="damaged"):
        import_embeddings(new(), path)


def test_a_picture_that_is_in_a_file_twice_is_one_record(new: Any, tmp_path: Path) -> None:
    vectors = unit(1, 5)
    np.save(tmp_path / "a.npy", vectors)
    rows = [{"uri": "a"}, {"uri": "a", "id": 9}, {"uri": "b", "id": 7}, {"uri": "c", "id": 7}]
    lines = map(json.dumps, [*rows, {"uri": "c"}])
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    target = new()
    report = import_embeddings(target, tmp_path / "a.npy")
    assert (report.added, report.updated) == (3, 2)
    assert "1 record got new ids" in report.notices[0]
    found = {record.uri: record.id for record in target.scan()}
    assert (set(found), found["b"]) == ({"a", "b", "c"}, 7)
    last = target.vectors("external", [found["a"]])[found["a"]]
    assert last @ vectors[1] > 0.999


@pytest.mark.parametrize("name", ["\x1b[31mred", "x" * 1000, "nul\0", "\ud800"])
def test_an_encoders_name_is_one_that_can_be_shown(new: Any, tmp_path: Path, name: str) -> None:
    header = {"version": 1, "kind": "embedding", "size": SIZE, "encoder": name}
    np.save(tmp_path / "a.npy", unit(1))
    (tmp_path / "a.jsonl").write_text(f'{json.dumps({"lookalike": header})}\n{{"id": 1}}\n')
    with pytest.raises(UsageError, match="what it says of its encoder cannot be read"):
        import_embeddings(new(), tmp_path / "a.npy")


def test_nothing_is_unpickled(new: Any, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(tmp_path / "sprung"), "w"))

    array = np.empty((1, 1), object)
    array[0, 0] = Trap()
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(UsageError):
        import_embeddings(new(), tmp_path / "a.npy")
    assert not (tmp_path / "sprung").exists()


def test_an_hdf5_file_cannot_read_other_files(new: Any, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    unit(1, 2).tofile(secret)
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["v"] = unit(1, 2)
    path = tmp_path / "external.h5"
    with h5py.File(path, "w") as file:
        file["ids"] = [1, 2]
        file.create_dataset("vectors", (2, SIZE), "f4", external=[(str(secret), 0, 8 * SIZE)])
    with pytest.raises(UsageError, match="no dataset in the file itself"):
        import_embeddings(new(), path)
    with h5py.File(path, "w") as file:
        file["ids"] = [1, 2]
        file["vectors"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "v")
    with pytest.raises(UsageError, match="no dataset in the file itself"):
        import_embeddings(new(), path)
    layout = h5py.VirtualLayout((2, SIZE), "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "v", (2, SIZE))
    with h5py.File(path, "w") as file:
        file["ids"] = [1, 2]
        file.create_virtual_dataset("vectors", layout)
    with pytest.raises(UsageError, match="no dataset in the file itself"):
        import_embeddings(new(), path)


def test_an_array_needs_its_own_sidecar(store: LocalStore, new: Any, tmp_path: Path) -> None:
    export_embeddings(store, tmp_path / "a.npy")
    lines = (tmp_path / "a.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(UsageError, match=r"has 20 rows, a\.jsonl 19"):
        import_embeddings(new(), tmp_path / "a.npy")
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(UsageError, match="is not beside it"):
        import_embeddings(new(), tmp_path / "a.npy")


def test_another_file_is_not_taken_for_a_sidecar(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"sku": 1}\n')
    with pytest.raises(UsageError, match="give the array another name"):
        export_embeddings(store, tmp_path / "a.npy")
    assert [path.name for path in tmp_path.glob("a.*")] == ["a.jsonl"]
    export_embeddings(store, tmp_path / "b.npy")
    export_embeddings(store, tmp_path / "b.npy")


def test_a_newer_file_says_so(store: LocalStore, new: Any, tmp_path: Path) -> None:
    export_embeddings(store, tmp_path / "a.npy")
    lines = (tmp_path / "a.jsonl").read_text().splitlines(keepends=True)
    head = json.loads(lines[0])
    for key, value, says in [
        ("version", 2, "newer"),
        ("size", 13, "not those"),
        ("kind", "x", "read"),
    ]:
        changed = {"lookalike": {**head["lookalike"], key: value}}
        (tmp_path / "a.jsonl").write_text(json.dumps(changed) + "\n" + "".join(lines[1:]))
        with pytest.raises(UsageError, match=says):
            import_embeddings(new(), tmp_path / "a.npy")


# -- the collection's methods


def test_wrong_use(indexed: Collection, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"end in \.parquet, \.npy"):
        indexed.export_embeddings(tmp_path / "a.csv")
    with pytest.raises(UsageError, match="no folder"):
        indexed.export_embeddings(tmp_path / "none" / "a.npy")
    with pytest.raises(UnknownEncoderError, match=r"it has mobilenet-v3-large \(960 .*, phash"):
        indexed.export_embeddings(tmp_path / "a.npy", encoder="clip-vit-b-16")
    with pytest.raises(NotFoundError):
        indexed.import_embeddings(tmp_path / "missing.parquet")


def test_a_real_collection_answers_as_before(
    indexed: Collection, photos: Path, tmp_path: Path
) -> None:
    indexed.export_embeddings(tmp_path / "cnn.parquet", within=photos / "animals")
    indexed.export_embeddings(tmp_path / "hash.h5", encoder="phash", within=photos / "animals")
    with lookalike.open(tmp_path / "copy") as copy:
        copy.import_embeddings(tmp_path / "cnn.parquet")
        copy.import_embeddings(tmp_path / "hash.h5")
        picture = photos / "animals" / "otters.jpg"
        for encoder in ("mobilenet-v3-large", "phash"):
            there = indexed.search(picture, encoder=encoder, within=photos / "animals")
            here = copy.search(picture, encoder=encoder)
            assert [(hit.id, hit.score) for hit in here] == [(hit.id, hit.score) for hit in there]
            assert here[0].verdict == "identical"
        # The pictures are still known to be the ones that were indexed.
        assert copy.add(photos / "animals").unchanged == 7
