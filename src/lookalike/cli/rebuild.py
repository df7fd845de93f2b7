"""`lookalike rebuild`: make the indexes anew, reading no picture."""

import time
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, plural
from lookalike.cli.progress import duration, progress
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from lookalike.indexes import Wished


def _choices(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """The projections asked for, by encoder."""
    chosen: dict[str, str] = {}
    for value in values:
        name, equals, what = value.partition("=")
        if not (name and equals and what):
            raise UsageError(
                f"--projection {value!r}: write ENCODER=default, ENCODER=none, ENCODER=fit or "
                "ENCODER=FILE.npz"
            )
        if name in chosen:
            raise UsageError(f"--projection names {name!r} twice: choose one for it")
        chosen[name] = what
    return chosen


@click.command()
@options.collection
@click.option(
    "--projection",
    "projections",
    multiple=True,
    callback=_choices,
    metavar="ENCODER=WHAT",
    help="Compare its embeddings through this: default, none, fit or a .npz file.",
)
@options.index_types(
    "Make another index of stored vectors, such as HNSW:M=16 or auto; of every encoder of "
    "embeddings, or of the one named."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    collection: str,
    projections: dict[str, str],
    index_types: "Wished",
    as_json: bool,
    quiet: bool,
) -> int:
    """Build every index again from the stored embeddings.

    No picture is read. Needed only when `lookalike info` names a problem; interrupting it is
    harmless.

    With --projection only that encoder's index is built, to compare its embeddings otherwise:
    through the projection that comes with the encoder (default), one fitted on the collection's
    own embeddings (fit), one from a file, or as they are (none).

    With --index-type the vectors get an index of another kind, or with other parameters;
    `lookalike tune` measures what one finds.

    \b
    lookalike rebuild
    lookalike rebuild -c family.lookalike
    lookalike rebuild --projection dinov2-vits14=default
    lookalike rebuild --index-type HNSW:M=32,efConstruction=400
    lookalike rebuild --index-type clip-vit-b-16=auto
    """  # noqa: D301
    from lookalike.search.choose import find
    from lookalike.views.text import printable

    started = time.monotonic()
    with options.open_existing(collection, write=True) as opened:
        projections = {find(opened.encoders, name).name: to for name, to in projections.items()}
        with progress(quiet=quiet) as show:
            for name, what in projections.items():
                opened.set_projection(name, what, progress=show)
            made = {
                name: str(opened.set_index(name, index, progress=show))
                for name, index in opened.asked_indexes(index_types).items()
            }
            if not projections and not made:
                opened.rebuild(show)
        count = opened.count()
        stats = {entry.spec.name: entry for entry in opened.stats().encoders}
    seconds = time.monotonic() - started
    if as_json:
        shown = {name: stats[name].projection for name in projections}
        outcome = {"records": count, "seconds": round(seconds, 3), "projections": shown}
        echo_json({**outcome, "indexes": made})
        return 0
    for name, index in made.items():
        click.echo(f"{printable(name)}: {index}")
    for name in projections:
        entry = stats[name]
        how = f"projection {entry.projection}" if entry.projection else "no projection"
        click.echo(f"{printable(name)}: {printable(how)}, {entry.dimensions} dimensions")
    which = "index" if projections or made else "indexes"
    click.echo(f"rebuilt the {which} of {plural(count, 'picture')} in {duration(seconds)}")
    return 0
