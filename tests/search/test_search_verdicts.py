"""Verdicts of a search and their reasons: the same pixels, and copies without their borders."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawn import invoice
from PIL import Image, ImageOps

import lookalike
from lookalike import calibration
from lookalike.collection import Collection
from lookalike.records import Hit, Verdict


@pytest.fixture
def photo(photos: Path) -> Image.Image:
    with Image.open(photos / "animals" / "canyon-wren.jpg") as image:
        return image.convert("RGB")


@pytest.fixture
def folder(tmp_path: Path, photos: Path) -> Path:
    path = tmp_path / "pictures"
    path.mkdir()
    for picture in sorted((photos / "animals").glob("*.jpg"))[:4]:
        with Image.open(picture) as image:
            image.save(path / f"{picture.stem}.png")
    return path


@pytest.fixture
def collection(tmp_path: Path, folder: Path) -> Iterator[Collection]:
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(folder)
        yield collection


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def best(collection: Collection, picture: object) -> Hit:
    return collection.search(picture, limit=1)[0]


def told(hit: Hit) -> tuple[Verdict, str]:
    return hit.verdict, hit.reason


def test_the_same_pixels_in_another_file(collection: Collection, photo: Image.Image) -> None:
    same = (Verdict.IDENTICAL, "same pixels")
    assert told(best(collection, saved(photo, "WebP", lossless=True))) == same
    changed = photo.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    verdict, reason = told(best(collection, saved(changed)))
    assert (verdict, reason) == (Verdict.COPY, "pHash distance 0")


def test_pixels_of_reduced_pictures_are_read_when_they_may_be_the_same(
    tmp_path: Path, photo: Image.Image
) -> None:
    large = photo.resize((4800, 4800))
    (tmp_path / "large.jpg").write_bytes(saved(large, "JPEG"))
    with Image.open(tmp_path / "large.jpg") as image:
        decoded = image.convert("RGB")
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(tmp_path / "large.jpg")
        assert next(collection.list()).pixels is None
        smaller = saved(large.resize((1200, 1200)))
        assert best(collection, smaller).verdict is Verdict.COPY
        assert next(collection.list()).pixels is None
        assert told(best(collection, saved(decoded, compress_level=1))) == (
            Verdict.IDENTICAL,
            "same pixels",
        )
        assert next(collection.list()).pixels is not None
        # Also of a query that is a record, whose file is read.
        collection.add(saved(decoded, compress_level=1), uri="twin")
        hits = collection.search(id=2)
        assert [told(hit) for hit in hits] == [
            (Verdict.IDENTICAL, "same pixels"),
            (Verdict.IDENTICAL, "same bytes"),
        ]


@pytest.mark.parametrize(("colour", "name"), [("black", "black"), ("#d02040", "coloured")])
def test_the_border_of_a_query_is_trimmed(
    collection: Collection, photo: Image.Image, colour: str, name: str
) -> None:
    framed = ImageOps.expand(photo, (0, 90), colour)
    verdict, reason = told(best(collection, saved(framed)))
    assert verdict is Verdict.COPY
    assert reason.endswith(f" after trimming a {name} border")


def test_the_border_of_the_original_is_trimmed(tmp_path: Path, photo: Image.Image) -> None:
    framed = ImageOps.expand(photo, 90, "white")
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(saved(framed), uri="framed")
        hit = best(collection, saved(photo))
        assert told(hit) == (
            Verdict.COPY,
            "pHash distance 0 after trimming the stored picture's white border",
        )
        assert (hit.distance, hit.record.border) == (0, "white")
        # Whole pictures that are near need no trimming.
        assert best(collection, saved(framed.resize((400, 400)))).reason.endswith("distance 0")
        wide = ImageOps.expand(photo, (0, 120), "black")
        assert best(collection, saved(wide)).reason.endswith(" after trimming both borders")


def test_a_calibrated_radius_counts(collection: Collection, photo: Image.Image) -> None:
    query = saved(photo.resize((90, 90)), "JPEG", quality=8)
    hit = best(collection, query)
    assert hit.verdict is Verdict.COPY
    assert 0 < hit.distance <= 8
    strict = calibration.Calibration(copy_radius=0, made=1.0)
    calibration.stored.write(collection._store, strict)
    assert best(collection, query).verdict is Verdict.SIMILAR


def test_identical_ones_come_first(tmp_path: Path, photo: Image.Image) -> None:
    changed = photo.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(saved(changed), uri="changed")
        collection.add(saved(photo), uri="same")
        hits = collection.search(saved(photo, "WebP", lossless=True))
        assert [(hit.uri, hit.distance) for hit in hits] == [("same", 0), ("changed", 0)]


def test_the_hash_of_a_plain_picture_makes_no_copy(tmp_path: Path) -> None:
    for seed in range(3):
        invoice(seed).save(tmp_path / f"{seed}.png")
    plain = "but the picture is mostly plain"
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(tmp_path)
        for query in (saved(invoice(1), "JPEG"), saved(ImageOps.expand(invoice(1), 40, "black"))):
            hits = collection.search(query)
            assert {hit.verdict for hit in hits} == {Verdict.SIMILAR}
            assert any(hit.reason.endswith(plain) for hit in hits)
        assert told(best(collection, saved(invoice(1), "WebP", lossless=True))) == (
            Verdict.IDENTICAL,
            "same pixels",
        )
        record = collection.find(str(tmp_path / "1.png"))
        assert record is not None
        first, *others = collection.search(id=record.id)
        assert first.verdict is Verdict.IDENTICAL
        assert all(hit.verdict is Verdict.SIMILAR for hit in others)
        (tmp_path / "1.png").unlink()
        assert len(collection.search(id=record.id)) == len(others) + 1
