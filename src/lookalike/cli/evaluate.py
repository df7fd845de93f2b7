"""`lookalike evaluate`: which encoder is best for these pictures, and where to put a threshold."""

import math
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, echo_table, is_terminal, plural, say
from lookalike.cli.progress import progress
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lookalike.evaluation import Evaluation, Options, Result
    from lookalike.evaluation.compare import Projected
    from lookalike.stores.base import Progress

MEGABYTE = 1_000_000
LEFT_OUT_SHOWN = 5
"""Pictures left out that are named; the rest is counted. `--json` has them all."""


@click.command(no_args_is_help=True)
@click.argument("path", required=False, type=click.Path())
@click.option(
    "--captions", type=click.Path(), metavar="FILE", help="A table with columns file, caption."
)
@click.option("--pairs", type=click.Path(), metavar="FILE", help="A table with columns a, b, same.")
@click.option(
    "-c",
    "--collection",
    metavar="FOLDER",
    help="Evaluate the embeddings of this collection instead of a folder or table.",
)
@click.option(
    "--label",
    metavar="ATTRIBUTE",
    help="With -c: what holds a picture's class; by default the name of its folder.",
)
@options.where
@click.option(
    "--encoder",
    multiple=True,
    callback=options.listed,
    metavar="NAME,NAME",
    help="Encoders to compare, or all; by default those that need no download.",
)
@click.option(
    "--fuse",
    multiple=True,
    metavar="A,B",
    help="Also several encoders together, the mean of their scores, with weights A:2,B if you "
    "like; may be given again.",
)
@click.option(
    "--projection",
    type=click.Choice(["none", "default", "both"]),
    default="default",
    help="Compare embeddings as they are, through their projection (the default), or both.",
)
@click.option("--budget-ms", type=float, metavar="N", help="Most milliseconds a picture.")
@click.option("--budget-bytes", type=int, metavar="N", help="Most bytes a vector.")
@click.option("--budget-memory", type=float, metavar="MB", help="Most memory, in megabytes.")
@click.option("--budget-download", type=float, metavar="MB", help="Largest download, in megabytes.")
@click.option(
    "--precision",
    type=float,
    default=0.95,
    metavar="P",
    help="Recommend thresholds for this precision; 0.95 by default.",
)
@click.option("-n", "--limit", type=int, metavar="N", help="At most so many pictures.")
@click.option("--thresholds", is_flag=True, help="Print what each threshold would do.")
@click.option(
    "--plots", type=click.Path(), metavar="FOLDER", help="Draw plots there, as PNG and SVG."
)
@click.option("--no-cost", is_flag=True, help="Do not measure time and memory.")
@click.option("--no-cache", is_flag=True, help="Neither keep embeddings nor use those kept.")
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    path: str | None,
    captions: str | None,
    pairs: str | None,
    collection: str | None,
    label: str | None,
    where: str | None,
    encoder: str | None,
    fuse: tuple[str, ...],
    projection: "Projected",
    budget_ms: float | None,
    budget_bytes: int | None,
    budget_memory: float | None,
    budget_download: float | None,
    precision: float,
    limit: int | None,
    thresholds: bool,
    plots: str | None,
    no_cost: bool,
    no_cache: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Compare encoders on your own pictures, and say which to choose.

    \b
    lookalike evaluate labelled               a folder with a sub-folder for each class
    lookalike evaluate captions.tsv           a table with columns file, caption
    lookalike evaluate pairs.csv              a table with columns a, b, same (1 or 0)
    lookalike evaluate -c .lookalike --label kind    what a collection holds already

    The names of files in a table are relative to PATH when that is a folder and the table is given
    with --captions or --pairs, else to the table's own folder. The choice is marked with an arrow.

    \b
    lookalike evaluate labelled --encoder all --budget-ms 20
    lookalike evaluate labelled --fuse clip-vit-b-16,dinov2-vits14 --projection both
    lookalike evaluate labelled --thresholds --precision 0.9 --plots out

    Embeddings are kept in the cache folder, so that a run stopped by Ctrl-C goes on where it was.

    Exit status: 0 all well, 1 some pictures or encoders were left out, or none fits the budget,
    2 wrong use, 3 when the environment failed, 130 stopped by Ctrl-C.
    """  # noqa: D301
    _check(path, captions, pairs, collection, label, where)
    for limit_of in (budget_ms, budget_bytes, budget_memory, budget_download):
        if limit_of is not None and not 0 < limit_of < math.inf:
            raise UsageError("a budget must be a number above 0; leave it out for no limit")
    if no_cost and (budget_ms is not None or budget_memory is not None):
        raise UsageError("a budget of time or memory needs them measured: leave out --no-cost")
    folder = None if plots is None else options.plots_folder(plots)
    from lookalike.evaluation import Budget, Options, evaluate
    from lookalike.evaluation.fuse import parse

    wished = Options(
        fuse=tuple(parse(row) for row in fuse),
        projection=projection,
        budget=Budget(
            ms=budget_ms,
            vector_bytes=budget_bytes,
            memory=None if budget_memory is None else int(budget_memory * MEGABYTE),
            download=None if budget_download is None else int(budget_download * MEGABYTE),
        ),
        precision=precision,
        costs=not no_cost,
    )
    names = _names(encoder)
    with progress(quiet=quiet) as show:
        if collection is not None:
            found = _stored(collection, label, names, where, limit, wished, show)
        else:
            found = evaluate(
                path,
                captions=captions,
                pairs=pairs,
                encoders=names,
                limit=limit,
                options=wished,
                cache=not no_cache,
                progress=show,
            )
    if as_json:
        from lookalike.evaluation.report import to_dict

        echo_json(to_dict(found))
    else:
        _show(found, thresholds=thresholds, no_cost=no_cost)
    if folder is not None and found.results:
        from lookalike.evaluation.plots import draw

        for written in draw(found, folder):
            say(f"wrote {written}")
    if found.interrupted:
        kept = (
            "" if no_cache or collection else "; embeddings are kept: run the same again to go on"
        )
        say(f"stopped{kept}")
        return INTERRUPTED
    return 1 if found.left_out or found.unavailable or found.advice.name is None else 0


def _check(
    path: str | None,
    captions: str | None,
    pairs: str | None,
    collection: str | None,
    label: str | None,
    where: str | None,
) -> None:
    if collection is not None and (path or captions or pairs):
        raise UsageError("evaluate a collection (-c) or a folder or table, not both at once")
    if collection is None and (label or where):
        raise UsageError("--label and --where are about a collection's records; give it with -c")


def _names(encoder: str | None) -> "list[str] | None":
    if encoder is None:
        return None
    names = [name.strip() for name in encoder.split(",") if name.strip()]
    if not names:
        raise UsageError("--encoder needs names, such as `--encoder clip-vit-b-16,phash`, or all")
    if names == ["all"]:
        from lookalike.encoders import registry

        return registry.names()
    return names


def _stored(
    collection: str,
    label: str | None,
    names: "Sequence[str] | None",
    where: str | None,
    limit: int | None,
    wished: "Options",
    show: "Progress | None",
) -> "Evaluation":
    from lookalike.evaluation import evaluate_collection

    with options.open_existing(collection) as opened:
        return evaluate_collection(
            opened,
            label=label,
            encoders=names,
            where=where,
            limit=limit,
            options=wished,
            progress=show,
        )


def _show(found: "Evaluation", *, thresholds: bool, no_cost: bool) -> None:
    from lookalike.evaluation import report
    from lookalike.views import table

    for notice in found.notices:
        say(notice)
    for lost in found.left_out[:LEFT_OUT_SHOWN]:
        say(f"{lost.uri}: {lost.reason}")
    if len(found.left_out) > LEFT_OUT_SHOWN:
        say(f"and {len(found.left_out) - LEFT_OUT_SHOWN:,} more pictures left out; --json has all")
    for missing in found.unavailable:
        say(f"left out {missing.name}: {missing.reason}", lines=True)
    if not no_cost:
        for result in found.results:
            if result.cost_note:
                say(f"time and memory of {result.name} are missing: {result.cost_note}")
    if not found.results:
        return
    click.echo(_counts(found))
    for columns, rows in (
        (report.quality_columns(found), report.quality_rows(found)),
        (report.cost_columns(found), report.cost_rows(found)),
    ):
        click.echo()
        echo_table(table.measurements(columns, rows, terminal=is_terminal(), words=2), named=True)
    if thresholds:
        for result in found.results:
            click.echo(f"\n{result.name}: what a threshold would do")
            rows = report.threshold_rows(result)
            columns = report.THRESHOLD_COLUMNS
            echo_table(table.measurements(columns, rows, terminal=is_terminal()), named=True)
    click.echo(f"\n{found.advice.reason}")
    chosen = next((r for r in found.results if r.name == found.advice.name), None)
    if chosen is not None:
        click.echo(_recommended(chosen, found.precision) + _form(chosen, found.results))


def _counts(found: "Evaluation") -> str:
    match found.kind:
        case "classes":
            counted = f"{plural(found.pictures, 'picture')} of {found.classes} classes"
            return f"{counted}, {found.queries:,} of them queries"
        case "captions":
            return f"{plural(found.pictures, 'picture')}, {plural(found.queries, 'caption')}"
    return f"{plural(found.pictures, 'picture')}, {plural(found.queries, 'pair')}"


def _form(chosen: "Result", results: "Sequence[Result]") -> str:
    """For which form of the embeddings a threshold is, where both were compared."""
    if not any(one.encoders == chosen.encoders and one is not chosen for one in results):
        return ""
    how = "compared through its projection" if chosen.projected else "compared as they are"
    to = "default" if chosen.projected else "none"
    return (
        f" This is for {' + '.join(chosen.encoders)} {how} (`lookalike rebuild --projection "
        f"{chosen.encoders[0]}={to}`); the other form has other scores."
    )


def _recommended(chosen: "Result", precision: float) -> str:
    wished = f"{precision:.0%} of the hits"
    if chosen.recommended is None:
        return f"No threshold on its scores makes {wished} right here."
    score = max(chosen.recommended.score, 0)
    return (
        f"On a set like this one, `--threshold {score:.3f}` makes {wished} right, and finds "
        f"{chosen.recommended.recall:.0%} of what belongs together."
    )
