"""`lookalike copy`: a whole collection into another store."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from lookalike.cli import options
from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, plural, say
from lookalike.cli.progress import duration, progress
from lookalike.views.text import printable

if TYPE_CHECKING:
    from lookalike.transfer import CopyReport, Verification


@click.command(no_args_is_help=True)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@options.no_collection_option("lookalike copy FROM TO")
@options.selection
@click.option(
    "--encoder",
    multiple=True,
    callback=options.listed,
    metavar="NAMES",
    help="Copy only the vectors of these encoders, with commas between; all by default.",
)
@click.option(
    "--ids",
    type=click.Choice(["keep", "new"]),
    default="keep",
    show_default=True,
    help="Keep the ids of FROM, or give records the ids that TO gives to new ones.",
)
@click.option("--delete", is_flag=True, help="Delete from TO what FROM does not have.")
@click.option(
    "--bulk",
    metavar="PLACE",
    help="Insert by files that the server reads: a FOLDER it sees too, FOLDER=PATH where it sees "
    "it as PATH, or s3://BUCKET/PREFIX of its storage.",
)
@click.option("--no-verify", is_flag=True, help="Do not compare the two afterwards.")
@click.option("--verify-only", is_flag=True, help="Only compare the two; nothing is written.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    source: str,
    target: str,
    where: str | None,
    within: Path | None,
    tenant: str | None,
    encoder: str | None,
    ids: Literal["keep", "new"],
    delete: bool,
    bulk: str | None,
    no_verify: bool,
    verify_only: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Copy a collection, from a folder or a server into a folder or a server.

    \b
    lookalike copy .lookalike milvus://localhost:19530/products
    lookalike copy milvus://localhost:19530/products backup.lookalike
    lookalike copy shop.lookalike red.lookalike --where 'colour == "red"'

    No picture is read: records come with their embeddings, hashes and everything else that is
    stored. TO is made when it is not there. An interrupted copy goes on when it is started again;
    a finished one is brought up to date. Both are compared at the end.

    Exit status: 0 all well, 1 the two differ, 2 wrong use, 3 when the environment failed, 130
    stopped by Ctrl-C.
    """  # noqa: D301
    options.check_exists(source)
    from lookalike.transfer import copy

    try:
        with progress(quiet=quiet) as show:
            report = copy(
                source,
                target,
                where=where,
                within=within,
                tenant=tenant,
                encoder=encoder,
                ids=ids,
                delete=delete,
                bulk=bulk,
                verify=not no_verify,
                verify_only=verify_only,
                progress=show,
            )
    except KeyboardInterrupt:
        say("stopped; what was done is kept: run the same command again to go on")
        return INTERRUPTED
    for notice in report.notices:
        say(notice)
    if as_json:
        echo_json(report.to_dict())
    else:
        if not verify_only:
            click.echo(_done(report))
        if report.verification is not None:
            for line in _compared(report.verification):
                click.echo(printable(line))
    return 0 if no_verify or report.ok else 1


def _done(report: "CopyReport") -> str:
    words = f"copied {plural(report.records, 'record')} in {duration(report.seconds)}"
    if report.records:
        words += f", {report.records / report.writing:,.0f}/s"
    if report.unchanged:
        words += f"; {report.unchanged:,} were there"
    if report.deleted:
        words += f"; {report.deleted:,} deleted"
    return words


def _compared(found: "Verification") -> list[str]:
    lines = []
    for name, check in found.encoders.items():
        line = f"{name}: {check.source:,} vectors here, {check.target:,} there"
        if check.tenants:
            line += f", other numbers for tenant {check.tenants[0]!r}"
            line += f" and {len(check.tenants) - 1:,} more" if check.tenants[1:] else ""
        line += f"; {check.sampled.different} of {check.sampled.vectors} sampled differ"
        if check.sampled.recall is not None:
            line += f"; {check.sampled.searches} searches agree by {check.sampled.recall:.1%}"
        lines.append(line)
    wrong = [
        f"{count:,} {what}"
        for count, what in (
            (found.missing, "missing"),
            (found.different, "different"),
            (found.links, "linked otherwise"),
        )
        if count
    ]
    if found.extra:
        lines.append(f"{plural(found.extra, 'record')} there that are not here")
    end = "the same" if found.ok else "not the same"
    lines.append(f"{plural(found.records, 'record')} compared: {', '.join([*wrong, end])}")
    return lines
