"""Invoices, charts and product drawings are copies by their ink alone."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from drawn import chart, invoice, product
from PIL import Image, ImageOps

import lookalike
from lookalike.collection import Collection
from lookalike.copies.evidence import Evidence, HashDistance, Likeness, Look
from lookalike.copies.judge import judge
from lookalike.proof import available
from lookalike.records import Verdict

DRAWN = {"invoice": invoice, "chart": chart, "product": product}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    folder = tmp_path_factory.mktemp("drawn")
    for name, draw in DRAWN.items():
        for seed in range(3):
            draw(seed).save(folder / f"{name}{seed}.png")
    with lookalike.open(folder / "c.lookalike", encoder="sscd-distilled,phash") as collection:
        assert not collection.add(folder).failed
        yield collection


def saved(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=70)
    return file.getvalue()


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("proof", [None, False, True])
def test_another_is_no_copy(drawn: Collection, name: str, proof: bool | None) -> None:
    if proof and not available():
        pytest.skip("the extra proof is not installed")
    for effort in ("quick", "full"):
        found = drawn.copies(saved(DRAWN[name](9)), effort=effort, proof=proof)
        assert {hit.verdict for hit in found} == {Verdict.SIMILAR}
        assert found[0].reason.endswith("but the picture is mostly plain")
        assert found[0].score <= 0.5


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(
    "edit",
    [
        lambda image: image.resize((image.width // 2, image.height // 2)),
        ImageOps.mirror,
        lambda image: ImageOps.expand(image, 60, "black"),
    ],
)
def test_a_copy_is_one(
    drawn: Collection, name: str, edit: Callable[[Image.Image], Image.Image]
) -> None:
    first, second = drawn.copies(saved(edit(DRAWN[name](2))), proof=False)[:2]
    assert (first.verdict, Path(first.uri).name) == (Verdict.COPY, f"{name}2.png")
    assert first.reason.endswith("and the ink is the same")
    assert second.verdict is Verdict.SIMILAR


def test_what_cannot_be_read_any_more_is_not_called_a_copy(tmp_path: Path) -> None:
    invoice(1).save(tmp_path / "one.png")
    with lookalike.open(tmp_path / "c.lookalike", encoder="sscd-distilled,phash") as collection:
        collection.add(tmp_path)
        (tmp_path / "one.png").unlink()
        (hit,) = collection.copies(saved(invoice(1)))
    assert hit.verdict is Verdict.SIMILAR


def alike(cosine: float, look: Look) -> Likeness:
    return Likeness("sscd-distilled", cosine, cosine - 0.05, look)


PART = Look(box=(0.0, 0.0, 0.5, 0.5))


def test_no_proof_says_little_of_small_parts_and_few_features() -> None:
    def verdict(likeness: Likeness, **more: bool) -> Verdict:
        return judge(Evidence(likeness=likeness, proved=True, **more))[0]

    assert verdict(alike(0.88, PART)) is Verdict.COPY
    assert verdict(alike(0.7, PART)) is Verdict.SIMILAR
    assert verdict(alike(0.88, Look())) is Verdict.SIMILAR
    assert verdict(alike(0.88, Look()), few=True) is Verdict.COPY
    near = {"phash": HashDistance(2, 64)}
    assert judge(Evidence(hashes=near, proved=True))[0] is Verdict.SIMILAR
    assert judge(Evidence(hashes=near, proved=True, few=True))[0] is Verdict.COPY


def test_ink_decides_what_is_plain() -> None:
    near = {"phash": HashDistance(0, 64)}
    assert judge(Evidence(hashes=near, plain=True)) == (Verdict.SIMILAR, 0.5)
    assert judge(Evidence(hashes=near, plain=True, same_ink=True))[0] is Verdict.COPY
    assert judge(Evidence(same_bytes=True, plain=True))[0] is Verdict.IDENTICAL
