"""Searching by segments of a hash, from Python and the command."""

import pytest
from click.testing import CliRunner
from PIL import Image

import lookalike
from lookalike.cli import cli
from lookalike.errors import UsageError
from lookalike.records import Verdict


@pytest.fixture(scope="module")
def hashed(tmp_path_factory, photos):
    folder = tmp_path_factory.mktemp("segments")
    with Image.open(photos / "animals" / "otters.jpg") as image:
        image.save(folder / "again.jpg", quality=40)
    with lookalike.open(folder / "c", encoder="phash,dhash") as collection:
        assert not collection.add([photos / "animals", folder / "again.jpg"]).failed
        yield collection


def test_hits_say_how_many_segments_are_equal(hashed, photos):
    hits = hashed.search(photos / "animals" / "otters.jpg", segments="6/8")
    assert hits.encoder == "phash"
    assert hits[0].verdict == Verdict.IDENTICAL
    assert hits[0].reason == "8 of 8 segments equal, same bytes"
    assert hits[1].uri.endswith("again.jpg")
    assert " of 8 segments equal, pHash distance " in hits[1].reason
    assert int(hits[1].reason[0]) >= 6
    assert len(hits) == 2
    # One segment that is equal is little: more than look alike have it.
    more = hashed.search(photos / "animals" / "otters.jpg", segments="1/16", encoder="dhash")
    assert len(more) > 2
    assert more.encoder == "dhash"
    high = hashed.search(photos / "animals" / "otters.jpg", segments="1/16", threshold=0.99)
    assert len(high) <= 2


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"segments": "six"}, "such as 6/8"),
        ({"segments": "6/7"}, "cannot be cut into 7"),
        ({"segments": "9/8"}, "1 to 8 can be equal"),
        ({"segments": 6}, "such as 6/8"),
        ({"segments": "6/8", "encoder": "phash,dhash"}, "only one hash"),
    ],
)
def test_wrong_segments_are_refused(hashed, photos, options, word):
    with pytest.raises(UsageError, match=word):
        hashed.search(photos / "animals" / "otters.jpg", **options)


def test_embeddings_have_no_segments(tmp_path):
    import numpy as np

    with lookalike.open(tmp_path / "c") as collection:
        vectors = np.eye(4, dtype=np.float32)
        collection.add_embeddings(np.arange(4), vectors, encoder="mine")
        with pytest.raises(UsageError, match="only hashes have segments"):
            collection.search(vector=vectors[0], segments="6/8")
        with pytest.raises(UsageError, match="only one hash"):
            collection.search(vector=vectors[0], segments="6/8", encoder="mine")


def test_the_command_takes_them(hashed, photos):
    picture = str(photos / "animals" / "otters.jpg")
    folder = str(hashed.path)
    ran = CliRunner().invoke(
        cli, ["search", picture, "-c", folder, "--segments", "6/8"], catch_exceptions=False
    )
    assert ran.exit_code == 0
    assert "8 of 8 segments equal" in " ".join(ran.output.split())
