"""A folder full of what can go wrong, with real pictures among it."""

import os
import stat

import broken_pictures
import pytest
from ingest_parts import draw

from lookalike.encoders import registry
from lookalike.ingest import ingest
from lookalike.sources.uri import from_path, to_path


def test_broken_files_are_listed_with_reasons_and_the_rest_is_indexed(store, tiny, tmp_path):
    phash = registry.load("phash")
    store.add_encoder(phash.spec)
    top = tmp_path / "mixed"
    broken = broken_pictures.write_broken(top)
    assert len(broken) >= 40
    good = {draw(top / name, i) for i, name in enumerate(("a.png", "deep/b.png", "z.png"))}
    report = ingest(store, [tiny, phash], [top])
    failed = {os.fspath(to_path(failure.uri)): failure.reason for failure in report.failed}
    assert set(failed) == {
        os.path.join(top, name) for name in broken if not _is_hidden(name) and _is_picture(name)
    }
    for reason in failed.values():
        assert len(reason) > 5
        assert "Traceback" not in reason
    assert {to_path(record.uri) for record in store.scan()} == good
    assert ingest(store, [tiny, phash], [top]).unchanged == len(good)


def test_what_is_no_file_is_passed_over(store, tiny, tmp_path):
    top = tmp_path / "special"
    special = broken_pictures.write_special(top)
    draw(top / "a.png", 1)
    report = ingest(store, [tiny], [top])
    assert report.added == 1
    assert {os.path.basename(failure.uri) for failure in report.failed} <= set(special)


def test_names_that_are_not_utf8_are_indexed_and_found_again(store, tiny, tmp_path):
    top = tmp_path / os.fsdecode(b"h\xf4tel")
    names = [os.fsdecode(name) for name in (b"caf\xe9.png", b"\xf0\x9f\x92\xa9.png", b"\xff.png")]
    for i, name in enumerate(names):
        draw(top / name, i)
    assert ingest(store, [tiny], [top]).added == 3
    assert ingest(store, [tiny], [top]).unchanged == 3
    uris = [from_path(top / name) for name in names]
    assert set(store.find(uris)) == set(uris)
    for uri in uris:
        uri.encode("utf-8")
        assert stat.S_ISREG(to_path(uri).stat().st_mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_listed(store, tiny, tmp_path):
    top = tmp_path / "forbidden"
    forbidden = broken_pictures.write_unreadable(top)
    draw(top / "a.png", 1)
    report = ingest(store, [tiny], [top])
    assert report.added == 1
    assert {os.path.basename(failure.uri) for failure in report.failed} == set(forbidden)
    assert all("permission denied" in failure.reason for failure in report.failed)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _is_picture(name: str) -> bool:
    from lookalike.imaging import PICTURE_SUFFIXES

    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES
