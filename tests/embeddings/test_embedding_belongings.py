"""What belongs to records besides their vectors goes through files, too."""

from pathlib import Path

import numpy as np
import pytest

import lookalike
from lookalike.ingest.complete import UNTRIMMED
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore

HASHES = np.random.default_rng(0).integers(0, 256, (6, 8)).astype(np.uint8)


def filled(path: Path) -> list[int]:
    """Six pictures: the first bordered, the second a duplicate of the last, the rest plain."""
    with LocalStore.open(path) as store:
        store.add_encoder(EncoderSpec("phash", "hash", 64))
        ids = store.upsert(
            [
                Entry(
                    f"file:///{number}.jpg",
                    tenant="t",
                    sha256=bytes([number]) * 32,
                    modified_ns=1,
                    vectors={"phash": HASHES[number]},
                    trimmed={} if number else {"phash": ~HASHES[0]},
                    border=None if number else "white",
                    pixels=bytes([number]) * 16,
                )
                for number in range(6)
            ]
        )
        second = Entry("file:///1.jpg", tenant="t", modified_ns=1, duplicate_of=ids[5])
        store.upsert([second])
    return ids


@pytest.mark.parametrize("ending", [".parquet", ".npy", ".h5"])
def test_trimmed_hashes_pixels_borders_and_links_come_back(tmp_path: Path, ending: str) -> None:
    filled(tmp_path / "one")
    file = tmp_path / f"hashes{ending}"
    with lookalike.open(tmp_path / "one") as opened:
        assert opened.export_embeddings(file, encoder="phash") == 6
    with LocalStore.open(tmp_path / "two") as store:
        # In the way of the ids.
        store.upsert([Entry("file:///other.jpg", id=1), Entry("file:///another.jpg", id=6)])
    with lookalike.open(tmp_path / "two") as opened:
        for _ in range(2):
            report = opened.import_embeddings(file)
            found = [opened.find(f"file:///{number}.jpg", tenant="t") for number in range(6)]
            first, second, *_, last = found
            assert first is not None
            assert second is not None
            assert last is not None
            assert first.id not in {1, 6}
            assert (first.border, second.border) == ("white", None)
            assert first.pixels == bytes(16)
            assert opened.trimmed_of(first.id)["phash"].tolist() == (~HASHES[0]).tolist()
            assert opened.trimmed_of(second.id) == {}
            assert second.duplicate_of == last.id
            assert [one.duplicate_of for one in found if one is not None].count(None) == 5
        assert report.unchanged == 6
        # The others may have borders that nobody has looked for.
        assert opened._store.setting(UNTRIMMED) == min(one.id for one in found[1:] if one) - 1


def test_a_part_of_a_file_lacks_what_it_is_linked_to(tmp_path: Path) -> None:
    filled(tmp_path / "one")
    file = tmp_path / "hashes.parquet"
    with lookalike.open(tmp_path / "one") as opened:
        opened.export_embeddings(file, encoder="phash", where="id < 4")
    with lookalike.open(tmp_path / "two") as opened:
        opened.import_embeddings(file)
        assert all(record.duplicate_of is None for record in opened.list())
