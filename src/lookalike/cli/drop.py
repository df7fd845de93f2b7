"""`lookalike drop`: delete a whole collection; the picture files stay."""

import sys

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, plural
from lookalike.errors import UsageError


@click.command(no_args_is_help=True)
@click.argument("collection", metavar="FOLDER|ADDRESS")
@options.no_collection_option("lookalike drop FOLDER")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.as_json
def command(collection: str, yes: bool, as_json: bool) -> int:
    """Delete a collection, with its records, embeddings and indexes.

    \b
    lookalike drop family.lookalike
    lookalike drop milvus://localhost:19530/photos --yes

    The picture files are never touched. A folder that holds anything but a collection is refused.

    Exit status: 0 deleted, 1 the answer was no, 2 there is no collection.
    """  # noqa: D301
    from lookalike.opening import drop

    if not yes:
        with options.open_existing(collection) as opened:
            count, address = opened.count(), opened.address
        if not sys.stdin.isatty():
            raise UsageError(
                f"this would delete {address} with {plural(count, 'record')}; give --yes where "
                "nobody can be asked"
            )
        question = f"Delete {address} with {plural(count, 'record')}? The picture files stay."
        if not click.confirm(question, err=True):
            return 1
    drop(collection)
    name = options.named(collection)
    if as_json:
        echo_json({"dropped": name})
    else:
        click.echo(f"deleted {name}")
    return 0
