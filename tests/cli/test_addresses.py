"""Addresses of collections on the command line: mistyped ones, and what is never printed."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from milvus_server import MilvusProcess
from PIL import Image

import lookalike
from lookalike.doctor import examine
from lookalike.errors import UsageError

Run = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]

MISTYPED = [
    "http://u:geheim@127.0.0.1:18311/shop",
    "https://u:geheim@127.0.0.1:18311/shop",
    "milvuss://u:geheim@127.0.0.1:18311/shop",
    "milvus:/u:geheim@127.0.0.1:18311/shop",
    "milvus//u:geheim@127.0.0.1:18311/shop",
    "milvus:u:geheim@127.0.0.1/shop",
    "u:geheim@127.0.0.1:18311/shop",
    "u:x@geheim@127.0.0.1:18311/shop",
    "u:ge heim@127.0.0.1:18311/shop",
]
UNREADABLE = [
    "milvus://u:geheim@127.0.0.1:18311/a-b",
    "milvus://u:/geheim@127.0.0.1:18311/shop",
    "milvus://u:1?geheim@127.0.0.1:18311/shop",
    "milvus://u:#geheim@127.0.0.1:18311/shop",
]
COMMANDS = [
    ("info", "-c", "{}"),
    ("index", "{here}", "-c", "{}"),
    ("doctor", "-c", "{}"),
    ("search", "words", "-c", "{}"),
    ("evaluate", "-c", "{}"),
    ("import", "x.parquet", "-c", "{}"),
    ("drop", "{}"),
    ("drop", "{}", "--yes"),
    ("copy", "{}", "other"),
    ("copy", "there", "{}"),
    ("export", "{}"),
    ("import", "{}"),
    ("info", "{}"),
    ("plan", "-c", "{}"),
    ("plan", "--pictures", "1", "{}"),
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lookalike.open("there", encoder="phash").close()
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_password_is_printed_and_nothing_made(
    run: Run, here: Path, command: tuple[str, ...]
) -> None:
    for text in MISTYPED + UNREADABLE:
        result = run(
            *(text if part == "{}" else part.format(here=here) for part in command), status=None
        )
        assert result.exit_code in (1, 2), result.output
        assert "heim" not in result.output
        assert [path.name for path in here.iterdir()] == ["there"]


@pytest.mark.parametrize("text", [*MISTYPED, "milvus:/db/shop", "milvuss://db/shop", "milvus:shop"])
def test_python_refuses_what_was_meant_as_an_address(here: Path, text: str) -> None:
    for use in (
        lookalike.open,
        lookalike.drop,
        lambda place: lookalike.copy("there", place),
        lambda place: lookalike.copy(place, "other"),
    ):
        with pytest.raises(UsageError, match="milvus://HOST:19530/NAME") as refused:
            use(text)
        assert "heim" not in str(refused.value)
    assert [path.name for path in here.iterdir()] == ["there"]


def test_a_look_at_what_was_meant_as_an_address_shows_no_password() -> None:
    for text in [*MISTYPED, *UNREADABLE]:
        found = list(examine(text))
        assert "heim" not in str(found)
        assert [one.level for one in found if one.topic == "address"] == ["problem"]


def test_a_folder_named_as_an_address_is_named_with_its_dot(here: Path) -> None:
    lookalike.open("./milvus:shop", encoder="phash").close()
    assert (here / "milvus:shop").is_dir()
    lookalike.drop("./milvus:shop")
    assert not (here / "milvus:shop").exists()


def test_the_scheme_in_another_case_is_the_scheme(run: Run) -> None:
    result = run("info", "-c", "MILVUS://db/a-b", status=2)
    assert "a collection's name on Milvus" in result.output


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("drop", "-c", "x"), "without -c here, as in `lookalike drop FOLDER`"),
        (("copy", "-c", "x", "y"), "without -c here, as in `lookalike copy FROM TO`"),
        (("export", "milvus://db/shop"), "is an address, not a file: give the collection with -c"),
        (("import", "milvus://db/shop"), "is an address, not a file: give the collection with -c"),
    ],
)
def test_what_is_named_elsewhere_is_told_how(run: Run, command: tuple[str, ...], hint: str) -> None:
    result = run(*command, status=2)
    assert hint in result.output


def test_no_password_of_an_operand_is_printed(run: Run) -> None:
    for text in MISTYPED + UNREADABLE:
        for command in ("index", "search", "copies", "show"):
            assert "heim" not in run(command, text, "-c", "there", status=None).output


def test_a_host_that_is_not_there(run: Run) -> None:
    result = run("info", "-c", "milvus://me:geheim@nohost.invalid/x?timeout=1", status=3)
    assert "the name nohost.invalid cannot be resolved" in result.output
    assert "geheim" not in result.output


def test_a_database_that_is_not_there(run: Run, here: Path, milvus: MilvusProcess) -> None:
    (here / "x.png").write_bytes(b"")
    place = milvus.address("no_database") + "?database=nope"
    for command in (("info",), ("index", "x.png", "--encoder", "phash")):
        result = run(*command, "-c", place, status=2)
        assert "has no database 'nope'" in result.output


def test_a_server_without_tls(process: Process, milvus: MilvusProcess) -> None:
    # pymilvus shares the connections of one process, whatever they were made with.
    place = milvus.address("no_tls") + "?tls=1&timeout=1"
    result = process("info", "-c", place, status=3)
    assert "may not speak it" in result.stderr


def test_a_password_is_not_printed_when_all_goes_well(run: Run, milvus: MilvusProcess) -> None:
    place = milvus.address("well").replace("//", "//me:geheim@")
    lookalike.open(place, encoder="phash").close()
    result = run("drop", place, "--yes")
    assert "geheim" not in result.output
    assert milvus.address("well") in result.output


def test_encoders_given_one_by_one_all_count(run: Run, here: Path) -> None:
    Image.new("RGB", (64, 64), "red").save("a.png")
    run("index", "a.png", "--encoder", "phash", "--encoder", "dhash")
    with lookalike.open(read_only=True, create=False) as opened:
        assert {spec.name for spec in opened.encoders} == {"phash", "dhash"}
    run("copy", ".lookalike", "both", "--encoder", "phash", "--encoder", "dhash")
    with lookalike.open("both", read_only=True, create=False) as opened:
        assert {spec.name for spec in opened.encoders} == {"phash", "dhash"}


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("index", "encoder"),
        ("index", "types"),
        ("index", "columns"),
        ("copy", "encoder"),
        ("search", "encoder"),
        ("evaluate", "encoder"),
        ("tune", "others"),
        ("duplicates", "prefer"),
    ],
)
def test_options_that_take_lists_may_be_repeated(command: str, option: str) -> None:
    from importlib import import_module

    found = import_module(f"lookalike.cli.{command}").command
    assert next(one for one in found.params if one.name == option).multiple
