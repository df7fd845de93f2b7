"""What one of several workers does otherwise than one that works alone."""

import shutil
from pathlib import Path

import pytest
from ingest_parts import TinyEncoder, draw

import lookalike
from lookalike.errors import UsageError
from lookalike.imaging import DEFAULT_LIMITS
from lookalike.ingest import embed_missing, ingest, ingest_table
from lookalike.sources.shard import Shard
from lookalike.sources.table import Join, TableSource
from lookalike.stores.local import LocalStore

PARTS = [Shard(number, 3) for number in range(3)]


def test_workers_one_after_the_other_make_what_one_makes(
    store: LocalStore, tiny: TinyEncoder, folder: Path, tmp_path: Path
) -> None:
    for part in PARTS:
        assert not ingest(store, [tiny], [folder], shard=part).failed
    assert tiny.encoded == 5
    with LocalStore.open(tmp_path / "one") as one:
        one.add_encoder(tiny.spec)
        ingest(one, [tiny], [folder])
        assert uris(one) == uris(store)
    again = [ingest(store, [tiny], [folder], shard=part) for part in PARTS]
    assert sum(report.unchanged for report in again) == 5
    assert sum(report.pictures for report in again) == 5


def uris(store: LocalStore) -> list[str]:
    return sorted(record.uri for record in store.scan())


def test_what_looks_moved_is_left_for_one_that_works_alone(
    store: LocalStore, tiny: TinyEncoder, folder: Path
) -> None:
    """Two workers may each find the bytes of one record; it can only be at one place."""
    ingest(store, [tiny], [folder], attributes={"kept": True})
    before = {record.sha256: record.id for record in store.scan()}
    shutil.move(folder / "a.png", folder / "moved.png")
    shutil.copy(folder / "moved.png", folder / "twin.png")
    reports = [ingest(store, [tiny], [folder], shard=part) for part in PARTS]
    assert sum(report.left for report in reports) in {1, 2}
    assert sum(report.moved for report in reports) == 0
    assert str(folder / "a.png") in uris(store)

    alone = ingest(store, [tiny], [folder], prune=True)
    assert (alone.left, alone.removed, alone.moved) == (0, 0, 1)
    assert uris(store) == sorted(str(path) for path in folder.rglob("*.png"))
    there = {record.id: record for record in store.scan()}
    assert set(before.values()) <= set(there), "a moved file keeps its id"
    assert sum(record.attributes == {"kept": True} for record in there.values()) == 5
    assert tiny.encoded == 5


def test_known_bytes_of_another_part_are_not_encoded_again(
    store: LocalStore, tiny: TinyEncoder, folder: Path
) -> None:
    names = [folder / f"twin {n}.png" for n in range(12)]
    for name in names:
        shutil.copy(folder / "a.png", name)
    for part in PARTS:
        ingest(store, [tiny], [folder], shard=part)
    assert tiny.encoded == 5
    assert store.count() == 17


@pytest.mark.parametrize("options", [{"prune": True}, {"on_duplicate": "skip"}])
def test_what_workers_cannot_do_beside_each_other_is_refused(
    store: LocalStore, tiny: TinyEncoder, folder: Path, options: dict[str, object]
) -> None:
    with pytest.raises(UsageError, match="goes without --shard"):
        ingest(store, [tiny], [folder], shard=PARTS[0], **options)
    (folder / "t.csv").write_text("key,file\n1,a.png\n")
    source = TableSource(
        folder / "t.csv", Join("key", path_column="file"), limits=DEFAULT_LIMITS, shard=PARTS[0]
    )
    with pytest.raises(UsageError, match="goes without --shard"):
        ingest_table(store, [tiny], source, **options)
    assert store.count() == 0


def test_every_worker_embeds_what_is_its_own(
    store: LocalStore, tiny: TinyEncoder, folder: Path
) -> None:
    ingest(store, [tiny], [folder])
    later = TinyEncoder("later")
    store.add_encoder(later.spec)
    reports = [embed_missing(store, later, own=part.holds_record) for part in PARTS]
    assert [report.updated for report in reports] == [
        sum(map(part.holds, uris(store))) for part in PARTS
    ]
    assert later.encoded == 5
    assert not store.missing("later")


def test_the_store_is_told_whether_others_write(
    store: LocalStore, tiny: TinyEncoder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sweeps what has no record, which may be what another worker is about to write."""
    told = []
    monkeypatch.setattr(LocalStore, "optimize", lambda *_, alone: told.append(alone))
    ingest(store, [tiny], [folder], shard=PARTS[0])
    ingest(store, [tiny], [folder])
    assert told == [False, True]


class TestLocalCollection:
    """One process at a time writes it, so that a collection is for one part."""

    def test_a_part_goes_into_a_collection_of_its_own(self, photos: Path, tmp_path: Path) -> None:
        for number in range(2):
            with lookalike.open(tmp_path / f"part-{number}", encoder="phash") as part:
                first = part.add(photos, shard=f"{number}/2")
                assert first.added
                assert part.add(photos, shard=f"{number}/2").unchanged == first.added

    def test_another_part_is_refused(self, photos: Path, tmp_path: Path) -> None:
        with lookalike.open(tmp_path / "part", encoder="phash") as part:
            part.add(photos, shard="0/2")
            with pytest.raises(UsageError, match=r"has part 0/2, .*-c part-1.*lookalike copy"):
                part.add(photos, shard="1/2")
            with pytest.raises(UsageError, match="has part 0/2"):
                part.add(photos, shard="0/3")

    def test_a_collection_of_other_pictures_is_refused(self, photos: Path, tmp_path: Path) -> None:
        with lookalike.open(tmp_path / "part", encoder="phash") as part:
            part.add(photos / "animals")
            with pytest.raises(UsageError, match="has other pictures"):
                part.add(photos, shard="0/2")
            # The only part is all there is.
            assert part.add(photos, shard="0/1").added

    def test_pictures_in_memory_have_no_part(self, tmp_path: Path) -> None:
        picture = draw(tmp_path / "a.png", 1).read_bytes()
        with (
            lookalike.open(tmp_path / "part", encoder="phash") as part,
            pytest.raises(UsageError, match="shard go with"),
        ):
            part.add(picture, shard="0/2")
