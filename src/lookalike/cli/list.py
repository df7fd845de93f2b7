"""`lookalike list`: the records of a collection, in order of id."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, echo_table, is_terminal, say

if TYPE_CHECKING:
    from lookalike.records import Record

TABLE_LIMIT = 100
"""Rows of a table when no limit is given."""

_MOST = 2**31 - 1
_ROWS_AT_A_TIME = 1000


@click.command()
@options.collection
@options.selection
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0, max=_MOST),
    metavar="N",
    help=f"Most records, 0 for all. By default {TABLE_LIMIT} in a table, and all with --json.",
)
@click.option(
    "--after",
    type=click.IntRange(min=-1),
    default=-1,
    metavar="ID",
    help="Only ids after this one: the next page.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def command(
    collection: str,
    where: str | None,
    within: Path | None,
    tenant: str | None,
    limit: int | None,
    after: int,
    as_json: bool,
) -> int:
    """List records in order of id.

    \b
    lookalike list
    lookalike list --where 'colour == "red"' --within ~/Pictures/shop
    lookalike list -n 50 --after 1234
    lookalike list --json | jq -r .uri

    Exit status: 0 with records, 1 without.
    """  # noqa: D301
    from lookalike.cli.record import to_dict

    if limit is None:
        limit = 0 if as_json else TABLE_LIMIT
    shown = 0
    with options.open_existing(collection) as opened:
        rows = opened.list(
            where=where,
            within=within,
            tenant=tenant,
            after=after,
            limit=limit + 1 if limit else None,
        )
        wanted = islice(rows, limit) if limit else rows
        last = after
        for batch in _batches(wanted):
            if as_json:
                for record in batch:
                    echo_json(to_dict(record))
            else:
                _print(batch, header=shown == 0)
            shown += len(batch)
            last = batch[-1].id
        more = next(iter(rows), None) is not None
        if where is not None and not shown:
            from lookalike.filters import parse, unknown_attributes

            any_of = lambda one: opened.count(where=one) > 0  # noqa: E731
            for notice in unknown_attributes(parse(where), tenant, any_of):
                say(notice)
    if more and not as_json:
        say(f"there are more: --after {last} lists on, --limit 0 lists all")
    if not shown:
        say("no record")
    return 0 if shown else 1


def _print(batch: "list[Record]", *, header: bool) -> None:
    from lookalike.views import table

    echo_table(table.records(batch, terminal=is_terminal(), header=header))


def _batches(rows: "Iterable[Record]") -> "Iterator[list[Record]]":
    iterator = iter(rows)
    while batch := list(islice(iterator, _ROWS_AT_A_TIME)):
        yield batch
