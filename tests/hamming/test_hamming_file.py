import os

import numpy as np
import pytest

from lookalike.errors import NotFoundError, StoreError
from lookalike.hamming import HammingIndex


def some(bits=64, count=3000):
    rng = np.random.default_rng(bits)
    hashes = rng.integers(0, 256, (count, bits // 8), dtype=np.uint8)
    hashes[count // 2 :: 3] = hashes[0]
    return hashes, rng.permutation(count * 2)[:count] - (count if bits == 128 else 0)


@pytest.mark.parametrize("bits", [8, 64, 128, 256])
def test_an_opened_index_answers_as_before_and_can_be_changed(tmp_path, bits):
    hashes, ids = some(bits)
    index = HammingIndex.build(hashes, ids)
    index.remove(ids[5:9])
    wanted = [index.within(row, bits // 5) for row in hashes[:20]]
    index.save(tmp_path / "index.lkh")
    opened = HammingIndex.open(tmp_path / "index.lkh")
    assert (opened.bits, len(opened)) == (bits, len(hashes) - 4)
    opened.add(hashes[5:9], ids[5:9] + 10**6)
    opened.remove(ids[5:9] + 10**6)
    for row, before in zip(hashes[:20], wanted, strict=True):
        found = opened.within(row, bits // 5)
        assert (found.ids == before.ids).all()
        assert (found.distances == before.distances).all()
    opened.save(tmp_path / "index.lkh")
    assert len(HammingIndex.open(tmp_path / "index.lkh")) == len(hashes) - 4
    assert os.listdir(tmp_path) == ["index.lkh"]


def test_nothing_can_be_saved_too(tmp_path):
    HammingIndex.empty(128).save(tmp_path / "none")
    opened = HammingIndex.open(tmp_path / "none")
    assert (opened.bits, len(opened)) == (128, 0)


def test_every_truncation_and_flip_of_a_byte_is_noticed(tmp_path):
    hashes, ids = some(8, 40)
    path = tmp_path / "index.lkh"
    HammingIndex.build(hashes, ids).save(path)
    whole = path.read_bytes()
    query = hashes[3]
    wanted = HammingIndex.open(path).within(query, 3)
    for length in [0, 1, 7, 8, 15, 16, 40, 200, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(StoreError, match="index"):
            HammingIndex.open(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(StoreError, match="damaged"):
        HammingIndex.open(path)
    rng = np.random.default_rng(1)
    for place in [*range(0, 400, 7), *rng.integers(0, len(whole), 200).tolist()]:
        broken = bytearray(whole)
        broken[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(broken)
        try:
            found = HammingIndex.open(path).within(query, 3)
        except StoreError:
            continue
        # Only the padding between arrays is nobody's.
        assert whole[place] == 0
        assert (found.ids == wanted.ids).all()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "not a Hamming index"),
        (b"PNG" * 30, "not a Hamming index"),
        (b"LKHAMMIX" + (9).to_bytes(4, "little") + bytes(40), "newer lookalike"),
        (b"LKHAMMIX" + (1).to_bytes(4, "little") + b"\xff" * 40, "damaged"),
    ],
)
def test_other_files_are_named(tmp_path, content, word):
    path = tmp_path / "index.lkh"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=word):
        HammingIndex.open(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(NotFoundError, match="build and save one"):
        HammingIndex.open(tmp_path / "none")
    with pytest.raises(StoreError, match="cannot be read"):
        HammingIndex.open(tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        HammingIndex.empty(64).save(tmp_path / "no" / "folder")
