# ruff: noqa: N999 - a command's file has the command's name
"""`lookalike import`: embeddings or hashes from a file into a collection."""

from pathlib import Path

import click

from lookalike.cli import options
from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, plural, say
from lookalike.cli.progress import progress
from lookalike.views.text import printable


@click.command(no_args_is_help=True)
@click.argument(
    "file", type=click.Path(dir_okay=False), callback=options.table_file, metavar="FILE"
)
@options.collection
@click.option(
    "--encoder", metavar="NAME", help="The name to keep the vectors under; the file's by default."
)
@click.option("--tenant", metavar="NAME", help="Whose they are; by default the file says.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    file: Path,
    collection: str,
    encoder: str | None,
    tenant: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Add embeddings from a file that `lookalike export` wrote.

    \b
    lookalike import shop.parquet -c copy.lookalike
    lookalike import vectors.parquet --encoder house-model

    The collection is made when it is not there. A picture that is there is updated, so the same
    file can be imported again, and an interrupted import goes on. Another program's file will do
    if it has ids or uris beside the vectors.

    Exit status: 0 all well, 2 wrong use or a damaged file, 3 when the environment failed, 130
    stopped by Ctrl-C.
    """  # noqa: D301
    try:
        with options.open_or_make(collection) as opened:
            with progress(quiet=quiet) as show:
                report = opened.import_embeddings(
                    file, encoder=encoder, tenant=tenant, progress=show
                )
            total = opened.count()
    except KeyboardInterrupt:
        say("stopped; what was done is kept: run the same command again to go on")
        return INTERRUPTED
    for notice in report.notices:
        say(notice)
    if as_json:
        echo_json(report.to_dict())
    else:
        counts = f"{report.added:,} added, {report.updated:,} updated"
        if report.unchanged:
            counts += f", {report.unchanged:,} unchanged"
        click.echo(
            printable(f"{counts}; {plural(total, 'picture')} in {options.named(collection)}")
        )
    return 0
