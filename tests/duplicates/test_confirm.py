"""Plain pictures, which hashes take for each other, are linked by what their pixels say."""

from pathlib import Path

import pytest
from drawn import chart, invoice, product
from PIL import Image, ImageOps

import lookalike
from lookalike.duplicates import Duplicates, confirm


def names(found: Duplicates) -> list[set[str]]:
    return sorted(
        ({Path(group.best.uri).name, *(Path(one.record.uri).name for one in group.others)})
        for group in found
    )


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Pages, charts and products, and copies of the first of each."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    for draw in (invoice, chart, product):
        for seed in range(8):
            draw(seed).save(folder / f"{draw.__name__}{seed}.png")
        first = draw(0)
        first.save(folder / f"{draw.__name__}0.jpg", quality=60)
        first.resize((first.width // 2, first.height // 2)).save(folder / f"{draw.__name__}0h.png")
    return folder


def copies_of(kind: str) -> set[str]:
    return {f"{kind}0.png", f"{kind}0.jpg", f"{kind}0h.png"}


def test_different_ones_are_no_duplicates_and_copies_are(drawn: Path) -> None:
    with lookalike.open(drawn.parent / "c", encoder="phash") as collection:
        collection.add(drawn)
        stages = []
        found = collection.duplicates(progress=lambda stage, done, total: stages.append(stage))
        for kind in ("invoice", "chart", "product"):
            (group,) = [one for one in names(found) if f"{kind}0.png" in one]
            assert group == copies_of(kind)
        assert len(found) == 3
        assert not found.notices[:-1] or "plain" not in " ".join(found.notices)
        assert {"look for plain pictures", "compare plain pictures"} <= set(stages)


def test_a_framed_page_is_still_a_copy(tmp_path: Path) -> None:
    page = invoice(0)
    page.save(tmp_path / "page.png")
    ImageOps.expand(page, 30, "navy").save(tmp_path / "framed.png")
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(tmp_path)
        assert names(collection.duplicates()) == [{"page.png", "framed.png"}]


def test_what_cannot_be_read_is_trusted_as_its_hashes_say(tmp_path: Path) -> None:
    # Two bottles of other words, their hashes at most a few bits apart.
    for seed in range(6):
        product(seed).save(tmp_path / f"{seed}.png")
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(tmp_path)
        assert not names(collection.duplicates())
        for path in tmp_path.glob("*.png"):
            path.unlink()
        assert names(collection.duplicates())


def test_too_many_to_compare_are_left_out_and_told(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm, "MOST", 1)
    with lookalike.open(drawn.parent / "c", encoder="phash") as collection:
        collection.add(drawn)
        found = collection.duplicates()
        assert sum(len(group) for group in names(found)) <= 2
        assert "pairs of plain pictures" in found.notices[-1]


def test_photographs_are_not_compared(
    copied: lookalike.Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm, "same_ink", None)
    assert len(copied.duplicates()) == 2


def test_a_photograph_in_a_wide_white_frame_stays_linked(tmp_path: Path, photos: Path) -> None:
    with Image.open(photos / "animals" / "raccoon.jpg") as image:
        photo = image.convert("RGB")
    photo.save(tmp_path / "photo.jpg")
    frame = max(photo.size) // 3
    ImageOps.expand(photo, frame, "white").save(tmp_path / "framed.jpg", quality=85)
    with lookalike.open(tmp_path / "c", encoder="phash") as collection:
        collection.add(tmp_path)
        assert names(collection.duplicates()) == [{"photo.jpg", "framed.jpg"}]
