"""Packages that are damaged or meant to do harm give an error, and never what they like."""

import gzip
import io
import random
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lookalike.encoders.sources import archive, cache

CONTENT = bytes(range(256)) * 2


def package(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tar_gz(path: Path, *blocks: tuple[bytes, int]) -> Path:
    """A tar of headers, each with so many zeros after it, packed."""
    with gzip.open(path, "wb", 1) as out:
        for header, zeros in blocks:
            out.write(header)
            for start in range(0, zeros, 1 << 20):
                out.write(bytes(min(1 << 20, zeros - start)))
    return path


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_fills_the_memory_is_refused(tmp_path, kind):
    size = 200_000_000
    bomb = tar_gz(tmp_path / "p.tar.gz", (header("x", size, kind), size))
    tracemalloc.start()
    try:
        with pytest.raises(cache.SourceError, match="a header of 200000"):
            archive.take(bomb, "m", 1, tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_package_of_files_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_MOST_FILES", 1000)
    many = tar_gz(tmp_path / "p.tar.gz", (header("x", 0) * 1001 + header("m", 0), 1024))
    with pytest.raises(cache.SourceError, match="more than 1000 files"):
        archive.take(many, "m", 0, tmp_path / "out")


def test_a_package_that_unpacks_without_end_is_refused(tmp_path):
    endless = tar_gz(tmp_path / "p.tar.gz", (header("big", 1 << 40), 1 << 20))
    with pytest.raises(cache.SourceError, match="unpacks to more"):
        archive.take(endless, "m", 1, tmp_path / "out")


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.99])
def test_a_package_cut_short_is_refused(tmp_path, part):
    whole = package("other", random.Random(0).randbytes(500))
    (tmp_path / "p.tar.gz").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(cache.SourceError, match=r"p\.tar\.gz: "):
        archive.take(tmp_path / "p.tar.gz", "gone", 1, tmp_path / "out")


def wheel(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        packed.writestr("other.txt", b"text" * 9)
        packed.writestr("m", CONTENT)
    return out.getvalue()


PLAIN = gzip.decompress(package("m", CONTENT))
PACKAGES = {
    "p.whl": (wheel(), bytes),
    "stored.whl": (wheel(zipfile.ZIP_STORED), bytes),
    "p.tar.gz": (package("m", CONTENT), bytes),
    "inside.tar.gz": (PLAIN, lambda data: gzip.compress(data, 1)),
}


@pytest.mark.parametrize("name", sorted(PACKAGES))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=4))
@example(changes=[(-1, 0)])
def test_no_damage_makes_it_crash(tmp_path, name, changes):
    content, packed = PACKAGES[name]
    damaged = bytearray(content)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    (tmp_path / name).write_bytes(packed(bytes(damaged)))
    try:
        archive.take(tmp_path / name, "m", len(CONTENT), tmp_path / "out")
    except cache.SourceError:
        return
    assert (tmp_path / "out").stat().st_size == len(CONTENT)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_wheel_packed_as_none_is_refused(tmp_path, method):
    (tmp_path / "p.whl").write_bytes(wheel(method))
    with pytest.raises(cache.SourceError, match="packed as no wheel is"):
        archive.take(tmp_path / "p.whl", "m", len(CONTENT), tmp_path / "out")


def test_a_directory_of_a_wheel_that_names_what_is_no_text_is_refused(tmp_path):
    content = bytearray(wheel())
    name = content.rindex(b"other.txt")
    content[name] = 0xFF
    content[content.rindex(b"PK\1\2", 0, name) + 9] |= 8  # names are UTF-8
    (tmp_path / "p.whl").write_bytes(content)
    with pytest.raises(cache.SourceError, match=r"p\.whl: "):
        archive.take(tmp_path / "p.whl", "m", len(CONTENT), tmp_path / "out")


def test_a_wheel_with_a_place_before_its_beginning_is_refused(tmp_path):
    content = bytearray(wheel())
    content[content.rindex(b"PK\5\6") + 19] = 0x70  # where its directory begins
    (tmp_path / "p.whl").write_bytes(content)
    with pytest.raises(cache.SourceError, match=r"p\.whl"):
        archive.take(tmp_path / "p.whl", "m", len(CONTENT), tmp_path / "out")
