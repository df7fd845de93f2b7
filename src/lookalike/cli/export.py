"""`lookalike export`: embeddings or hashes into a file, for any engine."""

from pathlib import Path
from typing import Literal

import click

from lookalike.cli import options
from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, plural, say
from lookalike.cli.progress import progress
from lookalike.errors import UsageError
from lookalike.views.text import printable


@click.command(no_args_is_help=True)
@click.argument("file", callback=options.table_file, metavar="FILE")
@options.collection
@click.option(
    "--encoder",
    metavar="NAME",
    help="Whose embeddings or hashes; by default the collection's first embedding.",
)
@options.selection
@click.option(
    "--layout",
    type=click.Choice(["milvus"]),
    help="FILE is a folder for Parquet files that a Milvus server's bulk insert takes, of all "
    "encoders.",
)
@click.option("--float16", is_flag=True, help="Half the size; nothing is lost.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    file: Path,
    collection: str,
    encoder: str | None,
    where: str | None,
    within: Path | None,
    tenant: str | None,
    layout: Literal["milvus"] | None,
    float16: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write embeddings to a file, to keep, move or load elsewhere.

    \b
    lookalike export shop.parquet
    lookalike export hashes.parquet --encoder phash
    lookalike export cheap.npy --where 'price < 20' --float16

    The file's ending says its format: .parquet, .npy (with the records in a .jsonl beside it),
    .h5 or .hdf5. It holds what is known of each picture, too, so that `lookalike import` makes
    the same collection of it again.

    Exit status: 0 with records, 1 without, 2 wrong use, 3 when the disk failed.
    """  # noqa: D301
    if layout is not None and (encoder is not None or float16):
        raise UsageError("--layout writes every encoder, in single precision, as servers take it")
    try:
        with options.open_existing(collection) as opened, progress(quiet=quiet) as show:
            if layout is not None:
                from lookalike.transfer import export_tables

                count = export_tables(
                    opened, file, where=where, within=within, tenant=tenant, progress=show
                )
            else:
                count = opened.export_embeddings(
                    file.expanduser(),
                    encoder=encoder,
                    where=where,
                    within=within,
                    tenant=tenant,
                    float16=float16,
                    progress=show,
                )
    except KeyboardInterrupt:
        say("stopped; no file was written")
        return INTERRUPTED
    if as_json:
        echo_json({"file": str(file), "records": count})
    else:
        click.echo(printable(f"{plural(count, 'record')} written to {file}"))
    return 0 if count else 1
