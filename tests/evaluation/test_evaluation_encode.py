"""Embeddings of a dataset: broken pictures told apart, nothing encoded twice."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.encoders import registry
from lookalike.errors import EnvironmentFailure, PictureError
from lookalike.evaluation import datasets
from lookalike.evaluation.cache import EmbeddingCache
from lookalike.evaluation.encode import digests, encode
from lookalike.imaging import decode


class Counting:
    """The pHash encoder, counting what it is given; stops like Ctrl-C when told to."""

    def __init__(self, stop_after: int | None = None) -> None:
        self._encoder = registry.load("phash")
        self.spec, self.min_side = self._encoder.spec, self._encoder.min_side
        self.prepare = self._encoder.prepare
        self.encoded = 0
        self.stop_after = stop_after

    def encode_prepared(self, batch: Sequence[Any]) -> Any:
        if self.stop_after is not None and self.encoded >= self.stop_after:
            raise KeyboardInterrupt
        self.encoded += len(batch)
        return self._encoder.encode_prepared(batch)


def test_broken_pictures_are_told_with_the_reason(labelled: Path) -> None:
    whole = next((labelled / "moon").glob("*.jpg"))
    (labelled / "moon" / "cut.jpg").write_bytes(whole.read_bytes()[:5000])
    (labelled / "moon" / "empty.jpg").write_bytes(b"")
    data = datasets.read(labelled)
    sha256, broken = digests(data.items, cache=None)
    reasons = {Path(data.items[row].uri).name: why for row, why in broken.items()}
    assert reasons == {"cut.jpg": "the JPEG is truncated", "empty.jpg": "the file is empty"}
    assert len(sha256) == len(data.items) == 14


def test_rows_are_the_encoders_own_in_order(labelled: Path) -> None:
    data = datasets.read(labelled)
    encoder = registry.load("phash")
    sha256, _ = digests(data.items, cache=None)
    rows = encode(encoder, data.items, sha256, cache=None)
    for item, row in zip(data.items, rows, strict=True):
        picture = decode(item.read(), min_side=encoder.min_side).image
        assert np.array_equal(encoder.encode_images([picture])[0], row)


def test_a_stopped_run_goes_on_where_it_was(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.evaluation.encode.BATCH", 5)
    data = datasets.read(labelled)
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    sha256, _ = digests(data.items, cache=cache)
    first = Counting(stop_after=10)
    with pytest.raises(KeyboardInterrupt):
        encode(first, data.items, sha256, cache=cache)
    assert first.encoded == 10
    assert cache.decoded(sha256) == set(sha256[:10])
    again = Counting()
    rows = encode(again, data.items, sha256, cache=cache)
    assert again.encoded == 2
    assert np.array_equal(rows, encode(Counting(), data.items, sha256, cache=None))


def test_pictures_of_the_same_bytes_are_encoded_once(labelled: Path) -> None:
    item = datasets.read(labelled).items[0]
    sha256, _ = digests([item, item, item], cache=None)
    counting = Counting()
    rows = encode(counting, [item, item, item], sha256, cache=None)
    assert (counting.encoded, rows.shape) == (1, (3, 8))


def test_another_fingerprint_is_another_encoder(labelled: Path, tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    one, other = Counting(), Counting()
    cache.put(one, {b"x": np.arange(8, dtype=np.uint8)})
    other.spec = type(one.spec)("phash", "hash", 64, "another")
    assert cache.get(one, [b"x"])[b"x"].tolist() == list(range(8))
    assert cache.get(other, [b"x"]) == {}


def test_other_code_or_another_size_makes_other_embeddings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = EmbeddingCache(tmp_path / "e.sqlite")
    one, other = Counting(), Counting()
    kept.put(one, {b"x": np.zeros(8, np.uint8)})
    other.min_side += 1
    assert kept.get(other, [b"x"]) == {}
    monkeypatch.setattr("lookalike.evaluation.cache._code", lambda: "changed")
    assert kept.get(one, [b"x"]) == {}


def test_the_cache_stays_below_its_size(tmp_path: Path) -> None:
    largest = 1_000_000
    kept = EmbeddingCache(tmp_path / "e.sqlite", largest=largest)
    encoder = Counting()
    for number in range(300):
        rows = {b"%d %d" % (number, n): np.zeros(1000, np.uint8) for n in range(16)}
        kept.put(encoder, rows)
    assert kept.path.stat().st_size < 1.2 * largest
    assert len(kept.get(encoder, list(rows))) == 16
    assert kept.get(encoder, [b"0 0"]) == {}


def test_a_picture_that_went_away_is_named(labelled: Path) -> None:
    data = datasets.read(labelled)
    sha256, _ = digests(data.items, cache=None)
    gone = Path(data.items[3].uri)
    gone.unlink()
    with pytest.raises(PictureError, match=gone.name):
        encode(registry.load("phash"), data.items, sha256, cache=None)


def test_a_cache_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite"
    path.write_bytes(b"no database, and longer than a header of one would be" * 40)
    with pytest.raises(EnvironmentFailure, match="delete") as raised:
        EmbeddingCache(path)
    assert str(path) in str(raised.value)
