"""The quality of a PDQ hash is kept beside it, however the record came to its hash."""

import shutil

from PIL import Image

from lookalike.encoders import registry
from lookalike.ingest import embed_missing, ingest

PDQ = registry.load("pdq")


def expected(path):
    with Image.open(path) as image:
        prepared = PDQ.prepare(image.convert("RGB"))
    return int(PDQ.encode_prepared_with_quality([prepared])[1][0])


def qualities(store):
    records = {record.id: record for record in store.scan()}
    found = store.qualities("pdq", list(records))
    return {records[id_].uri: quality for id_, quality in found.items()}


def test_every_way_to_a_hash_brings_its_quality(store, tiny, photos, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("cat.png", "same-run.png"):
        shutil.copy(photos / "animals" / "chelsea-the-cat.png", folder / name)
    Image.new("RGB", (90, 90), "red").save(folder / "flat.png")
    store.add_encoder(PDQ.spec)
    encoders = [tiny, PDQ]
    assert ingest(store, encoders, [folder]).added == 3
    shutil.copy(folder / "cat.png", folder / "next-run.png")
    assert ingest(store, encoders, [folder]).added == 1
    uris = {str(path): expected(path) for path in folder.iterdir()}
    assert qualities(store) == uris
    assert uris[str(folder / "flat.png")] == 0
    assert uris[str(folder / "cat.png")] > 50
    # A file that changes takes the quality of what it is now.
    shutil.copy(folder / "flat.png", folder / "cat.png")
    assert ingest(store, encoders, [folder]).updated == 1
    assert qualities(store)[str(folder / "cat.png")] == 0


def test_an_encoder_that_comes_later_brings_qualities(store, index, folder):
    index(folder)
    store.add_encoder(PDQ.spec)
    assert embed_missing(store, PDQ).updated == 5
    assert len(qualities(store)) == 5
