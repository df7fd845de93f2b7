"""`lookalike duplicates`: groups of copies, what to keep, and what was decided."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, echo_table, is_terminal, plural, say
from lookalike.cli.progress import progress
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from lookalike.collection import Collection
    from lookalike.duplicates import Duplicates

TABLE_LIMIT = 50
"""Groups of a table when no limit is given."""

_MOST = 2**31 - 1
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def _bytes(_ctx: click.Context, _param: click.Parameter, value: str) -> int:
    """A number of bytes: `500`, `100K`, `1.5M`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMG]?)(?:i?B)?", value.strip(), re.IGNORECASE)
    if found is None:
        raise UsageError(f"--min-size {value!r}: write a number of bytes, such as 100K or 2M")
    return int(float(found[1]) * _UNITS[found[2].upper()])


@click.command()
@click.argument("records", nargs=-1, metavar="[ID|PATH|URL|JOURNAL]...")
@options.collection
@options.selection
@click.option(
    "--only",
    type=click.Choice(["identical", "copy"]),
    help="identical: compare bytes and pixels alone; copy: leave those out.",
)
@click.option(
    "--min-size",
    default="0",
    callback=_bytes,
    metavar="SIZE",
    help="Only files of at least so many bytes, such as 100K.",
)
@click.option(
    "--prefer",
    multiple=True,
    callback=lambda ctx, param, values: options.listed(ctx, param, values) or "",
    metavar="NAME,…",
    help="What makes a picture the best: pixels, format, bytes, age, path, in another order.",
)
@click.option(
    "--best",
    multiple=True,
    metavar="ID|PATH",
    help="This one is the best of its group, whatever else holds; may be given again.",
)
@click.option("--encoder", metavar="NAME", help="The embedding to compare by.")
@click.option(
    "--threshold", type=float, metavar="X", help="The cosine from which two are copies, 0 to 1."
)
@click.option(
    "--verify",
    is_flag=True,
    help="Compare the pictures of pairs that are alike but may not be copies.",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=0, max=_MOST),
    metavar="N",
    help=f"Most groups, 0 for all. By default {TABLE_LIMIT} in a table, otherwise all.",
)
@options.as_json
@options.output_file("--html", help="Also write a page to look through and to decide on.")
@click.option("--keep", is_flag=True, help="Decide: these records all stay.")
@click.option("--not-duplicate", is_flag=True, help="Decide: these records are different.")
@click.option("--ignore", is_flag=True, help="Decide: nothing about the groups of these records.")
@click.option(
    "--decide",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="Decide as the file says that the page saved.",
)
@click.option("--decided", is_flag=True, help="List what has been decided.")
@click.option("--undo", is_flag=True, help="Forget decisions: the last, or those on the records.")
@click.option("--move-to", metavar="FOLDER", help="Move the duplicates there; needs --apply.")
@click.option(
    "--link",
    type=click.Choice(["hard", "symbolic"]),
    help="Leave a link to the best in a duplicate's place; needs --apply.",
)
@click.option("--apply", is_flag=True, help="Do what --move-to and --link would do.")
@click.option(
    "--undo-moves",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="JOURNAL",
    help="Bring back what was moved and linked; more journals may follow.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    records: tuple[str, ...],
    collection: str,
    where: str | None,
    within: Path | None,
    tenant: str | None,
    only: str | None,
    min_size: int,
    prefer: str,
    best: tuple[str, ...],
    encoder: str | None,
    threshold: float | None,
    verify: bool,
    limit: int | None,
    as_json: bool,
    html: Path | None,
    keep: bool,
    not_duplicate: bool,
    ignore: bool,
    decide: Path | None,
    decided: bool,
    undo: bool,
    move_to: str | None,
    link: str | None,
    apply: bool,
    undo_moves: Path | None,
    quiet: bool,
) -> int:
    """Which pictures are copies of each other, and which to keep?

    \b
    lookalike duplicates
    lookalike duplicates --within ~/Pictures --min-size 100K --only identical
    lookalike duplicates --html copies.html

    Nothing is deleted, and nothing is moved unless you say so. What you decide is remembered:

    \b
    lookalike duplicates --keep 17 18            both stay
    lookalike duplicates --not-duplicate 17 18   they are not the same picture
    lookalike duplicates --ignore 17             do not ask about this group again
    lookalike duplicates --decide decisions.json what you marked on the page
    lookalike duplicates --decided               what has been decided
    lookalike duplicates --undo                  forget the last decision

    Move duplicates away, or turn those with the same bytes into links. This only says what would
    be done; with --apply it is done, and can be undone:

    \b
    lookalike duplicates --move-to ~/duplicates
    lookalike duplicates --move-to ~/duplicates --apply
    lookalike duplicates --link hard --apply

    Exit status: 0 with groups or done, 1 without, or where something could not be done.
    """  # noqa: D301
    chosen = {
        "--keep": keep,
        "--not-duplicate": not_duplicate,
        "--ignore": ignore,
        "--decide": decide is not None,
        "--decided": decided,
        "--undo": undo,
        "--undo-moves": undo_moves is not None,
        "--move-to or --link": move_to is not None or link is not None,
    }
    asked = [name for name, given in chosen.items() if given]
    if len(asked) > 1:
        raise UsageError(f"give one of {' and '.join(asked)} at a time")
    if records and not (keep or not_duplicate or ignore or undo or undo_moves):
        raise UsageError(
            "what about these records? Say --keep, --not-duplicate, --ignore or --undo"
        )
    if apply and not (move_to or link):
        raise UsageError("--apply does what --move-to or --link say: give one of them")
    if asked and html is not None:
        raise UsageError(f"--html shows what is found: leave it out with {asked[0]}")
    from lookalike.cli import deciding, moving

    write = any(given for name, given in chosen.items() if name != "--decided")
    write = write and (apply or not (move_to or link))
    # What is learnt about pixels on the way is kept where nobody else is writing.
    with options.open_existing(
        collection, write=write, beside_writer=not (write or decided)
    ) as opened:
        if decided:
            return deciding.show(opened, tenant, as_json)
        if undo:
            return deciding.undo(opened, records, tenant, as_json)
        if decide is not None:
            return deciding.by_file(opened, decide, tenant, as_json)
        if keep or not_duplicate:
            return deciding.decide(
                opened, "keep" if keep else "different", records, tenant, as_json
            )
        if undo_moves is not None:
            journals = [undo_moves, *map(Path, records)]
            return moving.undo(opened, journals, as_json, quiet)
        # Before anything is planned: what is half done is in the way of it.
        finished = moving.finish(opened) if apply else 0
        with progress(quiet=quiet) as show:
            found = opened.duplicates(
                where=where,
                within=within,
                tenant=tenant,
                only=only,  # type: ignore[arg-type]
                min_size=min_size,
                prefer=prefer,
                best=deciding.ids_of(opened, best, tenant),
                encoder=encoder,
                threshold=threshold,
                verify=verify,
                progress=show,
            )
        for notice in found.notices:
            say(notice)
        if ignore:
            return deciding.ignore(opened, found, records, tenant, as_json)
        if move_to or link:
            some = found[: limit or len(found)]
            if not apply:
                return moving.plan(opened, some, move_to, link, within, as_json)
            return moving.move(opened, some, move_to, link, within, as_json, quiet, finished)
        _show(found, limit, as_json)
    _write(found, html, opened)
    return 0 if found else 1


def _show(found: "Duplicates", limit: int | None, as_json: bool) -> None:
    if as_json:
        value = found.to_dict()
        if limit:
            value["groups"] = value["groups"][:limit]
        echo_json(value)
        return
    from lookalike.views import duplicates_table
    from lookalike.views.text import size

    most = TABLE_LIMIT if limit is None else limit or len(found)
    if found:
        echo_table(duplicates_table.groups(found[:most], terminal=is_terminal()))
    if len(found) > most:
        say(f"there are {plural(len(found) - most, 'more group')}: --limit 0 lists all")
    if not found:
        say(f"no duplicates among {plural(found.records, 'record')}")
        return
    files = plural(found.open, "duplicate")
    click.echo(
        f"{plural(len(found), 'group')} with {files} among {plural(found.records, 'record')}; "
        f"{size(found.spare_bytes)} could be freed · by {', '.join(found.by)} · "
        f"{found.seconds:.1f} s",
        err=True,
    )


def _write(found: "Duplicates", html: Path | None, opened: "Collection") -> None:
    if html is not None:
        from lookalike.views.duplicates_page import write_page

        left = write_page(found, html, name=opened.address)
        say(f"wrote {html}")
        if left:
            say(f"{plural(left, 'group')} had no room on the page; decide on these first")
