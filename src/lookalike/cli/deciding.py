"""What `lookalike duplicates` does with decisions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from lookalike.cli.output import echo_json, plural, say
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from lookalike.collection import Collection
    from lookalike.duplicates import Duplicates


def decide(
    opened: "Collection",
    kind: Literal["keep", "different"],
    records: Sequence[str],
    tenant: str | None,
    as_json: bool,
) -> int:
    """Remember a decision about the records named."""
    if len(records) < 2:
        raise UsageError("name two records or more, by id or path")
    return _told(opened.decide(kind, ids_of(opened, records, tenant), tenant=tenant), as_json)


def ignore(
    opened: "Collection",
    found: "Duplicates",
    records: Sequence[str],
    tenant: str | None,
    as_json: bool,
) -> int:
    """Ask no more about the groups that hold the records named."""
    if not records:
        raise UsageError("name a group by its number, or by any of its records")
    wanted = ids_of(opened, records, tenant)
    groups = {id_: group for group in found for id_ in group.ids}
    missing = [id_ for id_ in wanted if id_ not in groups]
    for id_ in missing:
        say(f"record {id_} is in no group that is asked about")
    chosen = {id(groups[id_]): groups[id_] for id_ in wanted if id_ in groups}
    pairs = sum(opened.decide("ignore", group.ids) for group in chosen.values())
    return max(_told(pairs, as_json), 1 if missing else 0)


def by_file(opened: "Collection", path: Path, tenant: str | None, as_json: bool) -> int:
    """Remember the decisions of a file."""
    pairs, left_out = opened.decide_by_file(path, tenant=tenant)
    for line in left_out:
        say(line)
    return max(_told(pairs, as_json), 1 if left_out else 0)


def undo(opened: "Collection", records: Sequence[str], tenant: str | None, as_json: bool) -> int:
    """Forget the last decision, or those about the records named."""
    pairs = opened.undo_decisions(ids_of(opened, records, tenant), tenant=tenant)
    if as_json:
        echo_json({"forgotten": pairs})
    else:
        click.echo(f"forgot what was decided about {plural(pairs, 'pair')}")
    return 0 if pairs else 1


def show(opened: "Collection", tenant: str | None, as_json: bool) -> int:
    """List what has been decided."""
    decisions = opened.decisions(tenant=tenant)
    ids = sorted({id_ for one in decisions for id_ in (one.first, one.second)})
    records = {id_: record for id_ in ids if (record := opened.get(id_)) is not None}
    for one in decisions:
        pair = [records.get(one.first), records.get(one.second)]
        if as_json:
            echo_json(
                {"kind": one.kind, "first": one.first, "second": one.second, "made": one.made}
            )
        else:
            from lookalike.views.text import printable

            day = datetime.fromtimestamp(one.made, UTC).strftime("%Y-%m-%d")
            names = "  ".join(printable(record.uri) for record in pair if record)
            click.echo(f"{day}  {one.kind:<9}  {one.first} {one.second}  {names}")
    if not decisions:
        say("nothing has been decided")
    return 0 if decisions else 1


def ids_of(opened: "Collection", records: Sequence[str], tenant: str | None) -> list[int]:
    """The ids of records named by id or path."""
    from lookalike.cli.record import find

    return [find(opened, name, tenant).id for name in records]


def _told(pairs: int, as_json: bool) -> int:
    if as_json:
        echo_json({"pairs": pairs})
    else:
        click.echo(
            f"decided about {plural(pairs, 'pair')}; `lookalike duplicates --undo` forgets it"
        )
    return 0 if pairs else 1
