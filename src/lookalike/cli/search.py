"""`lookalike search`: pictures like a picture, words, a record, or a mixture."""

from pathlib import Path
from typing import Literal

import click

from lookalike.cli import answer, options
from lookalike.cli.output import echo_json, say
from lookalike.cli.query import mark_kinds


class _Search(click.Command):
    """Keeps the place of --text, --image and --id among the operands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, mark_kinds(args))


def _threshold(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> "float | Literal['calibrated'] | None":
    if value is None:
        return None
    if value == "calibrated":
        return "calibrated"
    try:
        return float(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number nor `calibrated`") from None


@click.command(cls=_Search, no_args_is_help=True)
@click.argument("query", nargs=-1)
@options.collection
@options.limit
@click.option("--offset", default=0, metavar="N", help="Skip the best N hits: the next page.")
@click.option(
    "--threshold",
    callback=_threshold,
    metavar="X",
    help="Smallest score of a hit, 0 to 1, or `calibrated` for the collection's own.",
)
@options.where
@options.within
@options.tenant
@click.option(
    "--encoder",
    multiple=True,
    callback=options.listed,
    metavar="NAME[:WEIGHT],…",
    help="Which of the collection's encoders to use; several rank together.",
)
@click.option(
    "--template",
    "templates",
    multiple=True,
    metavar="TEXT",
    help="A sentence with {} for the words, such as 'a photo of a {}'; the mean of several.",
)
@click.option(
    "--segments",
    metavar="M/N",
    help="Only pictures of whose hash at least M of N segments are equal, such as 6/8.",
)
@click.option(
    "--group-by",
    metavar="FIELD",
    help="Only the best hit of each value of a field or attribute, such as article.",
)
@click.option("--group-size", default=1, metavar="N", help="How many hits of each value (1).")
@click.option("--text", is_flag=True, expose_value=False, help="The operand behind it is words.")
@click.option(
    "--image", is_flag=True, expose_value=False, help="The operand behind it is a picture."
)
@click.option(
    "--id", is_flag=True, expose_value=False, help="The operand behind it is a record's id."
)
@click.option("--stdin", is_flag=True, help="The picture comes in on standard input.")
@options.as_json
@options.output_file("--html", help="Also write a page with the pictures found.")
@options.output_file("--png", help="Also write the pictures found as one PNG.", suffix=".png")
@click.option(
    "--label", metavar="NAME", help="The attribute to show with each hit, such as prod_name."
)
@click.option(
    "--pictures/--no-pictures",
    default=None,
    help="Show the pictures in the terminal; by default where it can.",
)
def command(
    query: tuple[str, ...],
    collection: str,
    limit: int,
    offset: int,
    threshold: "float | Literal['calibrated'] | None",
    where: str | None,
    within: Path | None,
    tenant: str | None,
    encoder: str | None,
    templates: tuple[str, ...],
    segments: str | None,
    group_by: str | None,
    group_size: int,
    stdin: bool,
    as_json: bool,
    html: Path | None,
    png: Path | None,
    label: str | None,
    pictures: bool | None,
) -> int:
    """Search by picture, by words, or both.

    \b
    lookalike search cat.jpg                        what looks like this picture?
    lookalike search https://example.org/cat.jpg    a picture from the web
    lookalike search a red dress with flowers       what do these words describe?
    lookalike search --id 17                        what looks like record 17?

    A query that names a file or an http(s) address is a picture, anything else is words.
    Join several with + and -, each with a weight if you like:

    \b
    lookalike search cat.jpg + "at night" - people
    lookalike search cat.jpg + 0.5 "in the snow"

    --text, --image and --id force the operand behind them; behind the whole query they force
    every operand:

    \b
    lookalike search --text cat.jpg
    lookalike search --id 17 - people

    Narrow it down, page through it, keep it:

    \b
    lookalike search cat.jpg --where 'year >= 2020' --within ~/Pictures/holiday
    lookalike search cat.jpg -n 20 --offset 20 --threshold 0.7
    lookalike search cat.jpg --encoder dinov2-vits14,clip-vit-b-16
    lookalike search cat.jpg --html cats.html
    lookalike search a red dress --where 'price < 20' --label prod_name --png dresses.png
    lookalike search a red dress --group-by article_id --group-size 2

    Exit status: 0 with hits, 1 without or when the picture cannot be used, 2 wrong use or no such
    file, 3 when the environment failed.
    """  # noqa: D301
    from lookalike.cli.query import folders, parse

    terms = parse(query, answer.read_stdin() if stdin else None)
    for name in folders(query, terms):
        say(
            f"{name} is a folder, and is searched for as words; `--within FOLDER` searches only "
            "inside a folder, --text before the words leaves this out"
        )
    with options.open_existing(collection, beside_writer=True) as opened:
        results = opened.search(
            terms=terms,
            limit=limit,
            offset=offset,
            threshold=threshold,
            where=where,
            within=within,
            tenant=tenant,
            encoder=encoder,
            template=templates,
            segments=segments,
            group_by=group_by,
            group_size=group_size,
        )
    for notice in results.notices:
        say(notice)
    if label is not None:
        results = results.labelled(label)
        if results and not any(label in hit.attributes for hit in results):
            say(f"no hit has the attribute {label!r}, so names of files are shown")
    if as_json:
        echo_json(results.to_dict())
    else:
        answer.show(results, first=offset + 1, pictures=pictures, reasons=segments is not None)
    answer.write(results, html, png)
    return 0 if results else 1
