"""`lookalike copies`."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image, ImageOps

import lookalike
from lookalike.proof import available

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    path = tmp_path_factory.mktemp("animals") / "animals.lookalike"
    with lookalike.open(path, encoder="sscd-distilled,phash") as collection:
        collection.add(photos / "animals")
    return path


@pytest.fixture(scope="module")
def otters(photos: Path) -> Path:
    return photos / "animals" / "otters.jpg"


@pytest.fixture
def cut(otters: Path, tmp_path: Path) -> Path:
    """The otters mirrored and cropped."""
    image = ImageOps.mirror(Image.open(otters))
    width, height = image.size
    path = tmp_path / "cut.png"
    image.crop((width // 8, height // 8, width, height)).save(path)
    return path


def test_table_and_times(run: Run, animals: Path, otters: Path, cut: Path) -> None:
    found = run("copies", str(cut), "-c", str(animals))
    header, *rows = found.stdout.splitlines()
    assert header.split() == ["#", "score", "verdict", "id", "picture", "reason"]
    assert len(rows) == 1
    assert " copy " in rows[0]
    assert str(otters) in rows[0]
    assert "mirrored" in rows[0]
    for step in ("hashes", "descriptor", "7 orientations", "regions"):
        assert step in found.stderr


def test_json(run: Run, animals: Path, otters: Path, cut: Path) -> None:
    answer = json.loads(run("copies", str(cut), "-c", str(animals), "--json").stdout)
    (hit,) = answer["hits"]
    assert (hit["uri"], hit["verdict"]) == (str(otters), "copy")
    assert 0.5 < hit["score"] <= 1
    assert "descriptor" in answer["took_ms"]["steps"]
    if available():
        assert hit["match"]["mirrored"] is True
        assert len(hit["match"]["record_region"]) == 4


def test_quick_and_without_steps(run: Run, animals: Path, otters: Path) -> None:
    quick = json.loads(run("copies", str(otters), "-c", str(animals), "--quick", "--json").stdout)
    assert quick["hits"][0]["verdict"] == "identical"
    assert set(quick["took_ms"]["steps"]) == {
        "decode",
        "digests",
        "hashes",
        "descriptor",
        "compare",
        "ink",
    }
    options = ["--no-orientations", "--no-regions", "--no-proof"]
    some = json.loads(run("copies", str(otters), "-c", str(animals), *options, "--json").stdout)
    assert not any("orient" in step or "region" in step for step in some["took_ms"]["steps"])


def test_no_copy_is_status_1(run: Run, animals: Path, photos: Path) -> None:
    other = min((photos / "moon").glob("*.*"))
    found = run("copies", str(other), "-c", str(animals), status=1)
    assert "no copy found" in found.stderr
    assert 1 < len(found.stdout.splitlines()) <= 4
    none = run("copies", str(other), "-c", str(animals), "--no-similar", "--no-proof", status=1)
    assert none.stdout == ""
    assert "nothing found" in none.stderr


def test_similar_ones_on_demand(run: Run, animals: Path, otters: Path) -> None:
    alone = json.loads(run("copies", str(otters), "-c", str(animals), "--json").stdout)
    more = json.loads(
        run("copies", str(otters), "-c", str(animals), "--similar", "-n", "3", "--json").stdout
    )
    assert len(alone["hits"]) == 1
    assert [hit["verdict"] for hit in more["hits"]] == ["identical", "similar", "similar"]


def test_a_record_and_standard_input(run: Run, animals: Path, cut: Path) -> None:
    record = json.loads(run("list", "-c", str(animals), "-n", "1", "--json").stdout)
    alone = run("copies", "--id", str(record["id"]), "-c", str(animals), status=1)
    assert record["uri"] not in alone.stdout
    assert " copy " in run("copies", cut.as_uri(), "-c", str(animals)).stdout
    piped = run("copies", "--stdin", "-c", str(animals), input=cut.read_bytes())
    assert " copy " in piped.stdout


def test_page_and_overlay(run: Run, animals: Path, cut: Path, tmp_path: Path) -> None:
    if not available():
        pytest.skip("the extra proof is not installed")
    page, png = tmp_path / "proof.html", tmp_path / "proof.png"
    found = run("copies", str(cut), "-c", str(animals), "--html", str(page), "--overlay", str(png))
    assert f"wrote {page}" in found.stderr
    assert Image.open(io.BytesIO(png.read_bytes())).format == "PNG"
    html = page.read_text(encoding="utf-8")
    assert html.count('<figure class="proof">') == 1
    assert "of the picture matches" in html


def test_no_overlay_without_a_copy(run: Run, animals: Path, photos: Path, tmp_path: Path) -> None:
    other = min((photos / "moon").glob("*.*"))
    png = tmp_path / "none.png"
    found = run("copies", str(other), "-c", str(animals), "--overlay", str(png), status=1)
    assert "there is no copy" in found.stderr
    assert not png.exists()


def test_wrong_use(run: Run, animals: Path, otters: Path, tmp_path: Path) -> None:
    both = run("copies", str(otters), "--id", "1", "-c", str(animals), status=2)
    assert "give one picture" in both.stderr
    gone = run("copies", str(tmp_path / "gone.jpg"), "-c", str(animals), status=2)
    assert "there is no file" in gone.stderr
    assert "--overlay" in run("copies", "--help").stdout
    (tmp_path / "text.jpg").write_text("no picture")
    broken = run("copies", str(tmp_path / "text.jpg"), "-c", str(animals), status=1)
    assert "text.jpg" in broken.stderr
    run("copies", str(otters), "-c", str(animals), "--overlay", "x.jpg", status=2)
    run("copies", str(otters), "-c", str(tmp_path / "nowhere"), status=2)
