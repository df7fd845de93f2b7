"""pHashes of turned and mirrored pictures, out of the hash of the picture as it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.copies.orientation import ORIENTATIONS, turned, words
from lookalike.duplicates import find
from lookalike.duplicates.edges import Evidence, edges
from lookalike.duplicates.hashes import Hashes
from lookalike.duplicates.turned import alike, in_all_orientations, least_bits
from lookalike.encoders import registry
from lookalike.records import EncoderSpec
from lookalike.stores.base import Entry
from lookalike.stores.local import LocalStore


def hashes_of(images: list[Image.Image]) -> np.ndarray:
    return registry.load("phash").encode_images(images)


def test_the_hash_of_a_turned_picture_is_known_but_for_few_bits(photos: Path) -> None:
    images = []
    for path in sorted(photos.rglob("*.jpg"))[::3]:
        with Image.open(path) as image:
            images.append(image.convert("RGB"))
    told = in_all_orientations(hashes_of(images))
    for orientation in ORIENTATIONS:
        own = hashes_of([turned(image, orientation) for image in images])
        apart = np.bitwise_count(told[orientation] ^ own.view(np.uint64)[:, 0])
        assert np.median(apart) <= 4
        assert np.percentile(apart, 90) <= 6
        bits, found = least_bits(hashes_of(images), own)
        assert (bits <= apart).all()
        assert (found == orientation).mean() > 0.9


def test_edges_are_alike_where_whole_or_trimmed_hashes_are_near_as_the_pictures_lie() -> None:
    random = np.random.default_rng(0)
    one, other, trimmed = random.integers(0, 256, (3, 1, 8), np.uint8)
    mirrored = in_all_orientations(one)[4].view(np.uint8)[None]
    # Row 3 has no hash; row 2 is like row 0 but for its border.
    hashes = Hashes(np.array([0, 1, 2, 4, 2]), np.concatenate([one, mirrored, other, trimmed, one]))
    some = edges(np.array([0, 0, 0, 0, 1]), np.array([1, 2, 3, 4, 2]), Evidence.EMBEDDING, 0.8)
    assert alike(some, hashes, 5, 0).tolist() == [True, True, False, False, True]


@pytest.mark.parametrize(("cosine", "copies"), [(0.75, True), (0.65, False)])
def test_a_mirrored_picture_is_a_copy_where_hash_and_embedding_agree(
    tmp_path: Path, photos: Path, cosine: float, copies: bool
) -> None:
    with Image.open(photos / "animals" / "otters.jpg") as image:
        picture = image.convert("RGB")
    hashes = hashes_of([picture, turned(picture, 4)])
    vectors = np.zeros((3, 512), np.float32)
    vectors[0, 0] = 1.0
    vectors[1:, 0], vectors[1, 1], vectors[2, 2] = cosine, *[np.sqrt(1 - cosine**2)] * 2
    with LocalStore.open(tmp_path / "c") as store:
        store.add_encoder(EncoderSpec("sscd-distilled", "embedding", 512))
        store.add_encoder(EncoderSpec("phash", "hash", 64))
        far = np.random.default_rng(0).integers(0, 256, 8, np.uint8)
        for place, hash_ in enumerate([*hashes, far]):
            given = {"sscd-distilled": vectors[place], "phash": hash_}
            store.upsert([Entry(f"/{place}.jpg", size=9 - place, vectors=given)])
        found = find(store)
        assert [group.ids for group in found] == ([(1, 2)] if copies else [])
        for group in found:
            assert group.others[0].reason.startswith(f"sscd-distilled {cosine:.2f}, pHash distance")
            assert group.others[0].reason.endswith(f", {words(4)}")
        assert not find(store, threshold=0.9)
