"""`show`, `list`, `delete`, `info` and `rebuild`, on the example photographs."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image, ImageOps

import lookalike
from lookalike.cli import delete

Run = Callable[..., Result]


@pytest.fixture
def at(indexed_once: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The collection that nobody changes."""
    monkeypatch.chdir(photos)
    return ["-c", str(indexed_once)]


@pytest.fixture
def own(indexed_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A collection to change."""
    monkeypatch.chdir(photos)
    return ["-c", str(indexed_path)]


def first_photo(photos: Path) -> str:
    return min(photos.rglob("*.jpg")).relative_to(photos).as_posix()


def test_show(run: Run, five: Path, snapshot: Callable[..., None]) -> None:
    with lookalike.open(five, read_only=True) as collection:
        pixels = collection.get(1).pixels
    # Which depends on the version of the JPEG decoder.
    snapshot("show", run("show", "1", "-c", str(five)).stdout, (pixels.hex(), "PIXELS"))


def test_show_json(run: Run, at: list[str], photos: Path) -> None:
    [line] = run("show", first_photo(photos), "--json", *at).stdout.splitlines()
    record = json.loads(line)
    assert record["uri"] == str(photos / first_photo(photos))
    assert len(bytes.fromhex(record["sha256"])) == 32
    assert len(bytes.fromhex(record["md5"])) == 16
    assert record["format"] == "jpeg"
    assert record["encoders"]["mobilenet-v3-large"] == {"kind": "embedding", "size": 960}
    assert len(bytes.fromhex(record["encoders"]["phash"]["hash"])) == 8
    assert len(bytes.fromhex(record["pixels"])) == 16
    assert (record["border"], record["duplicate_of"]) == (None, None)
    assert run("show", str(record["id"]), "--json", *at).stdout == line + "\n"
    assert run("show", record["md5"], "--json", *at).stdout == line + "\n"
    assert run("show", record["sha256"].upper(), "--json", *at).stdout == line + "\n"


def test_show_by_digest(run: Run, tmp_path: Path, photos: Path) -> None:
    picture = min(photos.rglob("*.jpg"))
    framed = tmp_path / "pictures" / "framed.png"
    framed.parent.mkdir()
    with Image.open(picture) as image:
        ImageOps.expand(image.convert("RGB"), 60, "white").save(framed)
    shutil.copy(framed, framed.with_name("twin.png"))
    at = ["-c", str(tmp_path / "c")]
    run("index", str(framed.parent), "--encoder", "phash", "--quiet", "--tenant", "ann", *at)
    run("index", str(framed.parent), "--on-duplicate", "link", "--quiet", *at)
    digest = hashlib.md5(framed.read_bytes(), usedforsecurity=False).hexdigest()
    shown = run("show", digest, *at)
    assert shown.stderr == "lookalike: the same bytes: id 2, 3, 4\n"
    assert "without the white border" in shown.stdout
    assert run("show", digest, "--tenant", "bob", *at, status=2).stdout == ""
    assert run("show", digest[:-1], *at, status=2).stdout == ""
    linked = run("show", digest, "--tenant", "", "--json", *at)
    assert linked.stderr == "lookalike: the same bytes: id 4\n"
    assert len(json.loads(linked.stdout)["encoders"]["phash"]["trimmed"]) == 16
    assert json.loads(run("show", "4", "--json", *at).stdout)["duplicate_of"] == 3
    assert "duplicate of" in run("show", "4", *at).stdout


def test_show_a_path_that_tenants_have(run: Run, tmp_path: Path, photos: Path) -> None:
    at = ["-c", str(tmp_path / "c")]
    photo = str(photos / first_photo(photos))
    index = ["index", photo, "--encoder", "phash", "--quiet", *at]
    run(*index, "--tenant", "ann")
    assert "ann" in run("show", photo, *at).stdout
    run(*index, "--tenant", "bob")
    refused = run("show", photo, *at, status=2)
    assert f"several tenants have {photo} ('ann', 'bob'): name one with --tenant" in refused.stderr
    assert "bob" in run("show", photo, "--tenant", "bob", *at).stdout
    run("show", photo, "--tenant", "cy", *at, status=2)
    run("show", photo, "--tenant", "", *at, status=2)


def test_show_small_files_and_nested_attributes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("small.png")
    run("index", "small.png", "--encoder", "dhash", "--quiet")
    with lookalike.open(".lookalike") as collection:
        collection.update(1, {"maker": {"m": "x", "on": True}})
    text = run("show", "1", "--no-pictures").stdout
    assert re.search(r"^size +\d+ bytes$", text, re.M)
    assert '{"m": "x", "on": true}' in text


@pytest.mark.parametrize("name", ["999999", str(2**70), "gone.jpg", "-c", "https://x.org/a.jpg"])
def test_show_what_is_not_there(name: str, run: Run, at: list[str]) -> None:
    run("show", name, *at, status=2)


def test_list_json_lines(run: Run, at: list[str], photos: Path) -> None:
    records = [json.loads(line) for line in run("list", "--json", *at).stdout.splitlines()]
    ids = [record["id"] for record in records]
    assert ids == sorted(set(ids))
    assert len(ids) > 100, "all of them with --json"
    assert {"id", "uri", "sha256", "width", "attributes"} <= set(records[0])


def test_list_table(run: Run, at: list[str], five: Path, snapshot: Callable[..., None]) -> None:
    result = run("list", "-n", "3", "-c", str(five))
    snapshot("list", result.stdout)
    assert "--after 3 lists on" in result.stderr
    assert len(run("list", *at).stdout.splitlines()) == 1 + 100
    everything = run("list", "-n", "0", *at)
    assert len(everything.stdout.splitlines()) > 101
    assert everything.stderr == ""


def test_list_pages_and_filters(run: Run, at: list[str], photos: Path) -> None:
    def ids(*arguments: str) -> list[int]:
        lines = run("list", "--json", *arguments, *at).stdout.splitlines()
        return [json.loads(line)["id"] for line in lines]

    everything = ids()
    page = ids("-n", "7")
    assert page + ids("--after", str(page[-1])) == everything
    folder = first_photo(photos).rpartition("/")[0]
    here = [p for p in (photos / folder).iterdir() if p.suffix in {".jpg", ".webp", ".png"}]
    assert len(ids("--within", folder)) == len(here)
    assert len(ids("--where", "width > 500")) < len(everything)
    assert run("list", "--tenant", "nobody", *at, status=1).stdout == ""
    run("list", "--where", "width >", *at, status=2)


def test_delete_named(run: Run, own: list[str], photos: Path) -> None:
    name = first_photo(photos)
    identity = json.loads(run("show", name, "--json", *own).stdout)["id"]
    assert run("delete", name, *own).stdout == "deleted 1 record\n"
    assert (photos / name).is_file()
    run("show", str(identity), *own, status=2)
    other = json.loads(run("list", "-n", "1", "--json", *own).stdout)["id"]
    some = run("delete", str(other), str(other), str(identity), "--json", *own, status=1)
    assert json.loads(some.stdout) == {"deleted": 1}
    assert f"no record with id {identity}" in some.stderr


def test_an_id_of_another_tenant_is_not_there(
    run: Run, tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("index", str(photos / first_photo(photos)), "--encoder", "phash", "--tenant", "bob")
    [identity] = [json.loads(line)["id"] for line in run("list", "--json").stdout.splitlines()]
    missing = f"there is no record of tenant 'ann' with id {identity}"
    assert missing in run("show", str(identity), "--tenant", "ann", status=2).stderr
    refused = run("delete", str(identity), "--tenant", "ann", status=1)
    assert refused.stdout == "deleted 0 records\n"
    assert missing in refused.stderr
    run("show", str(identity), "--tenant", "\udcff", status=2)
    run("delete", str(identity), "--tenant", "\udcff", status=2)
    run("show", str(identity), "--tenant", "bob")
    run("show", str(identity))
    run("delete", str(identity), "--tenant", "bob")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--after", "9" * 20], 1),
        (["--after", "-" + "9" * 20], 2),
        (["-n", "9" * 20], 2),
        (["-n", "2147483647"], 0),
        (["--tenant", "\udcff"], 2),
    ],
)
def test_numbers_and_names_beyond_all_measure(
    arguments: list[str], status: int, run: Run, five: Path
) -> None:
    run("list", *arguments, "-c", str(five), status=status)


def test_delete_matching_asks(
    run: Run, own: list[str], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count() -> int:
        return int(json.loads(run("info", "--json", *own).stdout)["records"])

    before = count()
    folder = first_photo(photos).rpartition("/")[0]
    refused = run("delete", "--within", folder, *own, status=2)
    assert "--yes" in refused.stderr
    assert count() == before

    monkeypatch.setattr(delete, "_can_ask", lambda: True)
    run("delete", "--within", folder, *own, input="n\n", status=1)
    assert count() == before
    asked = run("delete", "--within", folder, *own, input="y\n")
    assert "Delete" in asked.stderr
    assert "Delete" not in asked.stdout
    after = count()
    assert after < before
    run("delete", "--within", folder, "--yes", *own, status=1)
    run("delete", "--where", "width > 500", "--yes", *own)
    assert count() < after


def test_info(run: Run, at: list[str], five: Path, snapshot: Callable[..., None]) -> None:
    snapshot("info", run("info", "-c", str(five)).stdout, (str(five), "COLLECTION"))
    stats = json.loads(run("info", "--json", *at).stdout)
    assert stats["records"] == stats["encoders"][0]["vectors"]
    assert stats["problems"] == []
    assert stats["bytes"] >= stats["catalogue_bytes"] > 0


def test_rebuild(run: Run, own: list[str], photos: Path) -> None:
    before = run("search", first_photo(photos), "--json", *own).stdout
    assert "rebuilt the indexes of" in run("rebuild", *own).stdout
    assert json.loads(run("rebuild", "--json", *own).stdout)["records"] > 100
    after = run("search", first_photo(photos), "--json", *own).stdout
    assert json.loads(before)["hits"] == json.loads(after)["hits"]


def test_vectors_without_pictures(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    vectors = np.eye(4, 8, dtype=np.float32)
    with lookalike.open(".lookalike") as collection:
        collection.add_embeddings([0, 1, 2, 3], vectors)
    assert "external" in run("show", "2").stdout
    assert len(run("list").stdout.splitlines()) == 5
    assert json.loads(run("search", "--id", "2", "--json").stdout)["hits"][0]["id"] == 2
    page = tmp_path / "page.html"
    run("search", "--id", "2", "--html", str(page))
    assert "no file belongs to this record" in page.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="file systems elsewhere want valid names")
@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {}])
def test_names_that_are_no_text(
    process: Callable[..., subprocess.CompletedProcess[str]],
    photos: Path,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xc3\xa9 \xff\n<b>.jpg"
    shutil.copy(photos / first_photo(photos), name)
    asked = {"cwd": tmp_path, "env": environment}
    process("index", ".", "--encoder", "phash", **asked)
    found = process("search", name, "--json", "--html", "a.html", "--png", "a.png", **asked)
    [hit] = json.loads(found.stdout)["hits"]
    assert hit["uri"].endswith("/caf%C3%A9%20%FF%0A%3Cb%3E.jpg")
    for command in (["search", name], ["list"], ["show", name], ["show", hit["uri"]]):
        assert "%FF%0A" in process(*command, **asked).stdout
    for odd in (["search", b"\xff"], ["list", "--tenant", b"\xff"], ["list", "--where", b"\xff"]):
        process(*odd, status=2 if odd[0] == "search" else None, **asked)
    assert process("delete", name, **asked).stdout == "deleted 1 record\n"


def test_a_list_of_nothing_names_misspelt_attributes(run: Run, at: list[str]) -> None:
    said = run("list", "--where", "pirce < 5 and width > 9", *at, status=1).stderr
    assert "no record has the attribute 'pirce', which the filter asks for" in said
