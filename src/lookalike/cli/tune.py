"""`lookalike tune`: how much an index finds, and the search parameters of a wished recall."""

import re
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, echo_table, is_terminal, plural, say
from lookalike.cli.progress import progress
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from lookalike.tuning import Tuning

_NEXT = re.compile(r",(?=\s*[A-Za-z_0-9]+\s*(?:[:,]|$))")
"""The comma before the next kind of index, rather than before its next parameter."""


def _kinds(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[str]:
    value = options.listed(ctx, param, values)
    found = [part.strip() for part in _NEXT.split(value or "")]
    if value is not None and not all(found):
        raise UsageError("--try names kinds of index, such as HNSW,IVF_SQ8:nlist=1024")
    return [part for part in found if part]


@click.command()
@options.collection
@click.option("--encoder", metavar="NAME", help="Whose index; the one for words by default.")
@click.option(
    "--recall",
    type=float,
    default=0.95,
    show_default=True,
    metavar="R",
    help="The wished part of the true nearest that a search finds.",
)
@click.option(
    "-k",
    "--limit",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many nearest: the k of recall@k.",
)
@click.option(
    "-n",
    "--count",
    type=int,
    default=200,
    show_default=True,
    metavar="N",
    help="How many queries of each kind.",
)
@click.option(
    "--words",
    type=click.Path(),
    metavar="FILE",
    help="Texts to search: one a line, or a table with a column text or caption.",
)
@click.option("--words-from", metavar="ATTRIBUTE", help="Or the texts of an attribute.")
@click.option(
    "--try",
    "others",
    multiple=True,
    callback=_kinds,
    metavar="KIND,KIND",
    help="Other indexes to build on a sample, and to compare.",
)
@click.option(
    "--sample",
    type=int,
    default=50_000,
    show_default=True,
    metavar="N",
    help="How many vectors that sample has.",
)
@click.option(
    "--memory", metavar="N", help="That searching may take, such as 64GiB: for what auto chooses."
)
@click.option("--apply", is_flag=True, help="Keep the parameters that reach the recall.")
@click.option("--seed", type=int, default=0, metavar="N", help="Another one draws other queries.")
@click.option("--plots", type=click.Path(), metavar="FOLDER", help="Draw a plot there.")
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    collection: str,
    encoder: str | None,
    recall: float,
    limit: int,
    count: int,
    words: str | None,
    words_from: str | None,
    others: list[str],
    sample: int,
    memory: str | None,
    apply: bool,
    seed: int,
    plots: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure how much an index finds, and set it to find more, or to be faster.

    Some of your own pictures are searched for, and words apart, with one setting of the search
    parameters after the other. The true answers come from comparing with every stored vector. The
    star marks the first setting that reaches the wished recall for both; --apply keeps it.

    \b
    lookalike tune
    lookalike tune --words captions.txt --recall 0.98 --apply
    lookalike tune --words-from title --try IVF_PQ,IVF_SQ8:nlist=1024,HNSW

    An index that serves pictures may fail words, so give words where they are searched. No picture
    is read, and nothing is changed without --apply.

    Exit status: 0 the recall is reached, 1 it is not with the index there is, 2 wrong use, 3 when
    the environment failed, 130 stopped by Ctrl-C.
    """  # noqa: D301
    from lookalike.planning.counts import size

    room = None if memory is None else size(memory, "--memory")
    folder = None if plots is None else options.plots_folder(plots)
    with options.open_existing(collection, write=True) as opened:
        try:
            with progress(quiet=quiet) as show:
                found = opened.tune(
                    encoder,
                    recall=recall,
                    limit=limit,
                    count=count,
                    words=words,
                    words_from=words_from,
                    others=others,
                    sample=sample,
                    memory=room,
                    apply=apply,
                    seed=seed,
                    progress=show,
                )
        except KeyboardInterrupt:
            say("stopped, and nothing was changed")
            return INTERRUPTED
    if as_json:
        from lookalike.tuning.report import to_dict

        echo_json(to_dict(found))
    else:
        _show(found)
    if folder is not None:
        from lookalike.tuning.plots import draw

        for written in draw(found, folder):
            say(f"wrote {written}")
    return 0 if found.current.chosen is not None else 1


def _show(found: "Tuning") -> None:
    from lookalike.tuning import report
    from lookalike.views import table

    asked = " and ".join(f"{number} {kind}" for kind, number in found.queries.items())
    click.echo(
        f"{found.encoder}: {asked} searched among {plural(found.current.vectors, 'vector')}"
        + (f"; others among {found.others[0].vectors:,}" if found.others else "")
    )
    click.echo()
    shown = table.measurements(
        report.columns(found), map(tuple, report.rows(found)), terminal=is_terminal(), words=2
    )
    echo_table(shown, named=True)
    click.echo()
    for notice in found.advice:
        say(notice)
    chosen = found.current.chosen
    if chosen is not None:
        values = ", ".join(f"{name}={value}" for name, value in chosen.search.items())
        kept = "kept" if found.applied else "--apply keeps it"
        click.echo(f"{values or found.current.index.kind} reaches {found.wished:g}: {kept}")
