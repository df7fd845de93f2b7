"""Copying between local stores: everything comes along, again and again, and parts."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from filled import (
    COUNT,
    EMBEDDING,
    HASH,
    PROJECTION,
    WORDS,
    add_encoders,
    decided,
    entry,
    fill,
    known,
    passed_over,
)
from killed_copies import MOST_KILLS, copy_with_kills

import lookalike
from lookalike.errors import NotFoundError, UsageError
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore
from lookalike.transfer import copy, part, writing


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches, and progress kept after each."""
    monkeypatch.setattr(part, "ROWS", 25)
    monkeypatch.setattr(writing, "_KEEP_EVERY_S", 0.0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    with LocalStore.open(path) as store:
        fill(store)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def stores(source: Path, target: Path) -> Iterator[tuple[LocalStore, LocalStore]]:
    with LocalStore.open(source) as one, LocalStore.open(target) as other:
        yield one, other


def test_everything_comes_along_with_its_ids(source: Path, target: Path) -> None:
    report = copy(source, target)
    assert report.ok
    assert (report.records, report.decisions, report.skipped) == (COUNT, 2, 1)
    assert report.notices == ()
    for one, other in stores(source, target):
        assert known(other) == known(one)
        assert other.encoders() == one.encoders() == (EMBEDDING, WORDS, HASH)
        assert other.decisions() == one.decisions()
        assert list(other.all_skipped()) == list(one.all_skipped())
        assert other.setting("thresholds") == {"radius": 7, "similar": {"looks": 0.5}}
        found = other.projection("looks")
        assert found is not None
        assert found.version == PROJECTION.version


def test_new_ids_keep_links_decisions_and_skipped_files(source: Path, target: Path) -> None:
    with LocalStore.open(target) as store:
        add_encoders(store)
        store.upsert([replace(entry(1000 + number), id=number + 1) for number in range(3)])
    assert not set(_uris(source)) & set(_uris(target))
    report = copy(source, target, ids="new")
    assert report.ok
    assert report.verification is not None
    assert report.verification.extra == 3
    for one, other in stores(source, target):
        there = known(other, ids=False)
        assert {key: there[key] for key in known(one)} == known(one, ids=False)
        assert len(there) == COUNT + 3
        assert decided(other) == decided(one)
        assert passed_over(other) == passed_over(one)


def test_ids_that_clash_are_refused_before_anything_is_written(source: Path, target: Path) -> None:
    with LocalStore.open(target) as store:
        store.upsert([Entry("file:///other.jpg", id=7)])
    with pytest.raises(UsageError, match=r"1 record cannot keep the id: 7 is .*--ids new"):
        copy(source, target)
    with LocalStore.open(target) as store:
        assert [record.uri for record in store.scan()] == ["file:///other.jpg"]
        assert store.settings() == {}
        assert store.encoders() == ()


def test_a_picture_with_another_id_there_is_refused(source: Path, target: Path) -> None:
    with LocalStore.open(target) as store:
        store.upsert([replace(entry(3), id=5000, vectors={}, qualities={}, trimmed={})])
    with pytest.raises(UsageError, match="and 5000 in the target"):
        copy(source, target)


def test_an_encoder_that_is_another_is_refused(source: Path, target: Path) -> None:
    with LocalStore.open(target) as store:
        store.add_encoder(EncoderSpec("phash", "hash", 64, "other"))
    with pytest.raises(UsageError, match="phash"):
        copy(source, target)
    with LocalStore.open(target) as store:
        assert [spec.name for spec in store.encoders()] == ["phash"]


def test_a_second_copy_brings_only_what_changed(source: Path, target: Path) -> None:
    copy(source, target)
    with LocalStore.open(source) as store:
        ids = [record.id for record in store.scan()]
        store.upsert([entry(3, version=1), entry(500)])
        store.update_attributes({ids[8]: {"n": -1}})
        store.delete([ids[20], ids[21]])
    report = copy(source, target)
    assert report.records == 3
    assert report.verification is not None
    assert report.verification.extra == 2
    assert report.ok
    swept = copy(source, target, delete=True)
    assert swept.deleted == 2
    for one, other in stores(source, target):
        assert known(other) == known(one)
        assert decided(other) == decided(one)


def test_pictures_that_trade_ids_between_copies(source: Path, target: Path) -> None:
    copy(source, target)
    with LocalStore.open(source) as store:
        first, second, *_ = [record.id for record in store.scan() if record.tenant == "a"]
        uris = [record.uri for record in store.get([first, second]) if record is not None]
        moves = {first: Entry(uris[1], tenant="a"), second: Entry(uris[0], tenant="a")}
        store.move(moves)
        # Deleted and added again: the same picture under another id.
        gone = store.find([entry(33).uri], entry(33).tenant)[entry(33).uri].id
        store.delete([gone])
        store.upsert([entry(33)])
    assert copy(source, target).ok
    for one, other in stores(source, target):
        assert known(other) == known(one)


def test_a_part_is_copied(source: Path, target: Path) -> None:
    report = copy(source, target, where='colour == "red"', tenant="a", encoder="phash")
    assert report.ok
    assert report.verification is not None
    for one, other in stores(source, target):
        wanted = {
            key: fields
            for key, fields in known(one).items()
            if key[0] == "a" and fields["attributes"]["colour"] == "red"
        }
        there = known(other)
        assert there.keys() == wanted.keys()
        assert other.encoders() == (HASH,)
        for key, fields in there.items():
            assert fields["vector phash"] == wanted[key]["vector phash"]
        # The record that these duplicate was not copied.
        assert all(fields["duplicate_of"] is None for fields in there.values())
    assert any("not linked any more" in notice for notice in report.notices) == bool(
        sum(fields["duplicate_of"] is not None for fields in wanted.values())
    )


def test_encoders_may_come_one_after_the_other(source: Path, target: Path) -> None:
    for name in ("phash", "looks", "words"):
        assert copy(source, target, encoder=name).ok
    for one, other in stores(source, target):
        assert known(other) == {
            key: {name: fields[name] for name in known(other)[key]}
            for key, fields in known(one).items()
        }


def test_an_interrupted_copy_goes_on(source: Path, target: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "copy" and done >= 75:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, progress=stop)
    with LocalStore.open(target) as store:
        assert store.count() == 75
    written: list[tuple[str, int, int]] = []
    report = copy(source, target, progress=lambda *told: written.append(told))
    assert report.ok
    assert report.records < COUNT
    assert next(told for told in written if told[0] == "copy")[2] == COUNT - 75
    for one, other in stores(source, target):
        assert known(other) == known(one)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_copy_that_is_killed_goes_on(source: Path, target: Path) -> None:
    assert copy_with_kills(str(source), str(target), seed=1) == MOST_KILLS
    for one, other in stores(source, target):
        assert known(other) == known(one)
        assert decided(other) == decided(one)
        assert passed_over(other) == passed_over(one)


def test_what_the_source_gets_meanwhile_is_copied(source: Path, target: Path) -> None:
    with lookalike.open(source) as opened:
        changed = False

        def change(stage: str, done: int, total: int) -> None:
            nonlocal changed
            if stage == "copy" and not changed:
                changed = True
                opened._store.upsert([entry(0, version=3), entry(900)])

        assert copy(opened, target, progress=change).ok
    for one, other in stores(source, target):
        assert known(other) == known(one)
        assert len(known(other)) == COUNT + 1


def test_differences_are_found(source: Path, target: Path) -> None:
    copy(source, target)
    with LocalStore.open(target) as store:
        ids = [record.id for record in store.scan()]
        changed = replace(entry(1), sha256=None, vectors={"looks": entry(2).vectors["looks"]})
        store.upsert([replace(changed, qualities={}, trimmed={}, updated=1.0)])
        store.delete([ids[10]])
        store.upsert([replace(entry(7), duplicate_of=ids[0])])
        before = known(store)
    report = copy(source, target, verify_only=True)
    assert not report.ok
    found = report.verification
    assert found is not None
    assert (found.records, found.missing, found.extra) == (COUNT, 1, 0)
    assert found.different == 2
    assert found.links == 1
    assert found.encoders["looks"].sampled.different == 1
    with LocalStore.open(target) as store:
        assert known(store) == before


def test_what_was_changed_in_the_target_is_brought_again(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MARGIN_S", 0.0)
    copy(source, target)
    with LocalStore.open(target) as store:
        ids = [record.id for record in store.scan()]
        store.delete([ids[10]])
        store.update_attributes({ids[11]: {}})
    report = copy(source, target)
    assert report.ok
    assert report.records == COUNT
    for one, other in stores(source, target):
        assert known(other) == known(one)


def test_vectors_that_are_not_there_are_found_for_their_tenant(source: Path, target: Path) -> None:
    copy(source, target)
    with LocalStore.open(target) as store:
        only = replace(entry(1, version=9), vectors={"phash": entry(1).vectors["phash"]})
        store.upsert([replace(only, trimmed={})])
    found = copy(source, target, verify_only=True).verification
    assert found is not None
    check = found.encoders["words"]
    assert check.tenants == ("a",)
    assert check.target == check.source - 1
    assert not found.ok


def test_wrong_use_is_refused(source: Path, target: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="itself"):
        copy(source, source)
    with pytest.raises(NotFoundError):
        copy(tmp_path / "nothing", target)
    with pytest.raises(UsageError, match="no encoder"):
        copy(source, target, encoder="vgg16")
    with pytest.raises(UsageError, match="ids are"):
        copy(source, target, ids="other")  # type: ignore[arg-type]
    assert not target.exists()
    with pytest.raises(NotFoundError):
        copy(source, target, verify_only=True)
    assert not target.exists()


def _uris(path: Path) -> list[str]:
    with LocalStore.open(path) as store:
        return [record.uri for record in store.scan()]


def test_a_new_target_declares_what_the_source_does(tmp_path: Path, target: Path) -> None:
    with LocalStore.open(tmp_path / "one", attributes={"price": "number"}) as store:
        add_encoders(store)
        store.upsert([entry(0)])
    assert copy(tmp_path / "one", target).ok
    with LocalStore.open(target) as store:
        assert store.declared() == {"price": "number"}
        assert store.count() == 1
