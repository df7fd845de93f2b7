"""`lookalike rebuild`: make the indexes anew, reading no picture."""

import time

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, plural
from lookalike.cli.progress import duration, progress


@click.command()
@options.collection
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(collection: str, as_json: bool, quiet: bool) -> int:
    """Build every index again from the stored embeddings.

    No picture is read. Needed only when `lookalike info` names a problem; interrupting it is
    harmless.

    \b
    lookalike rebuild
    lookalike rebuild -c family.lookalike
    """  # noqa: D301
    started = time.monotonic()
    with options.open_existing(collection, write=True) as opened:
        with progress(quiet=quiet) as show:
            opened.rebuild(show)
        count = opened.count()
    seconds = time.monotonic() - started
    if as_json:
        echo_json({"records": count, "seconds": round(seconds, 3)})
    else:
        click.echo(f"rebuilt the indexes of {plural(count, 'picture')} in {duration(seconds)}")
    return 0
