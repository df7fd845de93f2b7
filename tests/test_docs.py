"""The documentation is true: its examples run, its links lead somewhere, nothing is left out.

Every fenced block marked `sh` or `python` runs, page by page in one folder that holds `photos/`
(some of the example photographs) and the collection that `lookalike index photos` makes. An HTML
comment on the line before a block can say `<!-- not run: REASON -->` or
`<!-- needs the text tower -->`. Blocks that name a Milvus server at its usual port run against one
of the tests' own, where one can be had.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest
from milvus_server import MilvusProcess

from lookalike.cli import cli
from lookalike.encoders import registry, weights

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = ("animals", "buildings", "flowers", "spaceflight")
"""The folders of example photographs that the examples of the documentation see."""

FENCE = re.compile(
    r"^(?:<!-- (?P<note>.+?) -->\n)?```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S
)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
NEEDS_TEXT = "needs the text tower"
SERVER = "milvus://localhost:19530"


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    code: str
    note: str

    @property
    def runs(self) -> bool:
        return self.language in {"sh", "python"} and not self.note.startswith("not run: ")


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        yield Block(page, line, found["language"], found["code"], found["note"] or "")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run(block: Block, folder: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
    }
    command = ["bash", "-euo", "pipefail", "-s"] if block.language == "sh" else [sys.executable]
    done = subprocess.run(
        [*command, *([] if block.language == "sh" else ["-W", "error", "-c", block.code])],
        input=block.code if block.language == "sh" else "",
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, (
        f"{name(block.page)}, line {block.line}, ended with {done.returncode}:\n"
        f"{block.code}\n{done.stdout}"
    )


@pytest.fixture(scope="module", autouse=True)
def text_tower() -> Iterator[bool]:
    """Whether words can be searched for here: with a text tower beside the checkout they can."""
    models = ROOT.parent / "shared" / "models"
    with pytest.MonkeyPatch.context() as patch:
        if models.is_dir() and "LOOKALIKE_MODELS" not in os.environ:
            patch.setenv("LOOKALIKE_MODELS", str(models))
        yield weights.locate(registry.card("clip-vit-b-16"), "text") is not None


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the examples, with its collection made once."""
    folder = tmp_path_factory.mktemp("docs") / "work"
    for part in FOLDERS:
        shutil.copytree(ROOT / "examples" / "photos" / part, folder / "photos" / part)
    run(Block(Path(__file__), 0, "sh", "lookalike index photos", ""), folder)
    shutil.copytree(folder, folder.with_name("template"))
    return folder.with_name("template")


@pytest.fixture
def work(template: Path) -> Path:
    """The folder of the examples at the path it was indexed at, as it was then."""
    folder = template.with_name("work")
    shutil.rmtree(folder)
    shutil.copytree(template, folder)
    return folder


@pytest.mark.parametrize(
    "page", [p for p in PAGES if any(block.runs for block in blocks(p))], ids=name
)
def test_examples_run(
    page: Path, work: Path, text_tower: bool, request: pytest.FixtureRequest
) -> None:
    with contextlib.ExitStack() as after:
        server: MilvusProcess | None = None
        for block in blocks(page):
            if not block.runs or (block.note == NEEDS_TEXT and not text_tower):
                continue
            if SERVER in block.code and server is None:
                server = request.getfixturevalue("milvus")
                after.enter_context(as_it_was(server))
            run(block if server is None else at(server, block), work)


def at(server: MilvusProcess, block: Block) -> Block:
    """The block with the tests' server in the place of the usual one."""
    return replace(block, code=block.code.replace(SERVER, server.address("").rstrip("/")))


@contextlib.contextmanager
def as_it_was(server: MilvusProcess) -> Iterator[None]:
    """Take away what a page leaves on the server."""
    from pymilvus import MilvusClient

    client = MilvusClient(server.uri)
    before = set(client.list_collections())
    yield
    for name in set(client.list_collections()) - before:
        client.drop_collection(name)
    client.close()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_notes_are_known(page: Path) -> None:
    for block in blocks(page):
        assert block.note == NEEDS_TEXT or re.fullmatch(r"(not run: .{10,})?", block.note), (
            f"line {block.line}: {block.note}"
        )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for found in LINK.finditer(page.read_text(encoding="utf-8")):
        target, _, anchor = found["target"].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{target} is not there"
        if anchor:
            headings = HEADING.findall(there.read_text(encoding="utf-8"))
            assert anchor in {slug(heading) for heading in headings}, f"no heading for #{anchor}"


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.strip().replace(" ", "-")


def test_every_page_is_in_the_table_of_contents() -> None:
    contents = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in PAGES:
        if page.parent.name == "docs" and page.name != "index.md":
            assert f"({page.name})" in contents, f"docs/index.md does not list {page.name}"


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli)
    for command in cli.list_commands(context):
        found = cli.get_command(context, command)
        assert found is not None
        yield command, found
        if isinstance(found, click.Group):
            for below in found.list_commands(context):
                child = found.get_command(context, below)
                assert child is not None
                yield f"{command} {below}", child


@pytest.mark.parametrize(("command", "found"), [pytest.param(*c, id=c[0]) for c in commands()])
def test_every_command_and_option_is_documented(command: str, found: click.Command) -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^#+ `lookalike (.+?)`\n(.*?)(?=^#|\Z)", text, re.M | re.S))
    assert command in sections, f"docs/commands.md has no section `lookalike {command}`"
    for parameter in found.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            for option in [*parameter.opts, *parameter.secondary_opts]:
                assert f"`{option}" in sections[command] or f", {option}" in sections[command], (
                    f"{option} is not documented"
                )


def test_every_dependency_is_justified() -> None:
    """Each in the table of its section, in the column that names packages (and extras)."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)
    project = declared["project"]
    extras = project["optional-dependencies"]
    needed = [
        *(("Always installed", "", one) for one in project["dependencies"]),
        *(("Extras", f"`{name}` | ", one) for name, extra in extras.items() for one in extra),
        *(
            ("For the tests", "", one)
            for group in declared["dependency-groups"].values()
            for one in group
        ),
        *(("To build", "", one) for one in declared["build-system"]["requires"]),
    ]
    for section, extra, requirement in needed:
        package = re.split(r"[^\w.-]", requirement)[0]
        cell = rf"(?:[\w.-]+, )*{re.escape(package)}(?:, [\w.-]+)*"
        assert re.search(rf"^\| {re.escape(extra)}{cell} \|", sections[section], re.M), (
            f"docs/dependencies.md, {section}, has no line for {extra}{package}"
        )


def test_every_photograph_is_credited() -> None:
    folder = ROOT / "examples" / "photos"
    lines = (folder / "CREDITS.tsv").read_text(encoding="utf-8").splitlines()[1:]
    credited = {line.split("\t")[0]: line.split("\t")[5] for line in lines}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*.*") if p.is_file()}
    assert there - {"CREDITS.tsv"} == set(credited)
    assert all(re.match(r"CC0-1\.0$|Public domain", licence) for licence in credited.values())
    assert sum((folder / photo).stat().st_size for photo in credited) <= 5_000_000
