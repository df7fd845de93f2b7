"""`lookalike delete`: forget records; the picture files stay."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, plural, say
from lookalike.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from lookalike.collection import Collection


@click.command(no_args_is_help=True)
@click.argument("records", nargs=-1, metavar="[ID|PATH|URL]...")
@options.collection
@click.option("--where", metavar="EXPR", help="All records that match, such as 'price < 20'.")
@click.option(
    "--within",
    metavar="FOLDER",
    callback=options.folder,
    help="All records below this folder.",
)
@click.option("--tenant", metavar="NAME", help="Only this tenant's records.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.as_json
def command(
    records: tuple[str, ...],
    collection: str,
    where: str | None,
    within: Path | None,
    tenant: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Delete records from the collection. The picture files are never touched.

    \b
    lookalike delete 17 18
    lookalike delete photos/cat.jpg
    lookalike delete --within ~/Pictures/old
    lookalike delete --where 'season == "summer"' --yes

    --where, --within and --tenant without records delete all that match, and ask first. A
    deleted picture whose file is still there comes back, with a new id, the next time its
    folder is indexed.

    Exit status: 0 deleted, 1 nothing to delete or a record was not there.
    """  # noqa: D301
    if records and (where or within):
        raise UsageError("give either records or --where and --within, not both")
    if not records and where is None and within is None and tenant is None:
        raise UsageError("what shall be deleted? Give ids, paths, or --where, --within, --tenant")
    with options.open_existing(collection, write=True) as opened:
        if records:
            deleted, missing = _delete_named(opened, records, tenant)
        else:
            deleted, missing = _delete_matching(opened, where, within, tenant, yes), 0
    if as_json:
        echo_json({"deleted": deleted})
    else:
        click.echo(f"deleted {plural(deleted, 'record')}")
    return 0 if deleted and not missing else 1


def _delete_named(
    opened: "Collection", records: tuple[str, ...], tenant: str | None
) -> tuple[int, int]:
    """Delete records by id or path; returns how many were deleted, and how many not there."""
    from lookalike.cli.record import find

    ids, missing = [], 0
    for name in records:
        try:
            ids.append(find(opened, name, tenant).id)
        except NotFoundError as error:
            say(str(error))
            missing += 1
    return opened.delete(list(dict.fromkeys(ids))), missing


def _delete_matching(
    opened: "Collection",
    where: str | None,
    within: Path | None,
    tenant: str | None,
    yes: bool,
) -> int:
    count = opened.count(where=where, within=within, tenant=tenant)
    if count and not yes:
        if not _can_ask():
            raise UsageError(
                f"this would delete {plural(count, 'record')}; give --yes where nobody can be asked"
            )
        question = f"Delete {plural(count, 'record')}? The picture files stay where they are."
        if not click.confirm(question, err=True):
            return 0
    return opened.delete(where=where, within=within, tenant=tenant) if count else 0


def _can_ask() -> bool:
    return sys.stdin.isatty()
