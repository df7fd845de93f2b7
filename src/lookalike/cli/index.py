"""`lookalike index`: look at pictures once, and keep what is needed to find them."""

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from lookalike.cli import join, options, sharding
from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, echo_table, is_terminal, plural, say
from lookalike.cli.progress import duration, progress
from lookalike.errors import UsageError
from lookalike.records import OnDuplicate
from lookalike.sources.uri import is_url
from lookalike.stores.milvus.address import message_without_secrets
from lookalike.views.file import write_file
from lookalike.views.text import printable

if TYPE_CHECKING:
    from lookalike.indexes import Wished
    from lookalike.ingest import IngestReport
    from lookalike.ingest.report import Duplicate
    from lookalike.sources.shard import Shard

FAILURES_SHOWN = 10
"""Failures in the table, and duplicates; the rest is counted."""
LEFT = (
    "{} left that may be files moved from elsewhere: when all parts are done, run the command once "
    "without --shard"
)


@click.command(no_args_is_help=True)
@click.argument("paths", nargs=-1, metavar="PATH...")
@options.collection
@click.option(
    "--encoder",
    multiple=True,
    callback=options.listed,
    metavar="NAME,NAME",
    help="Encoders of a new collection (default: clip-vit-b-16,phash,sscd-distilled), or further "
    "ones for a collection that is there.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="PATTERN",
    help="Leave out names that match, as in a .gitignore file; may be given again.",
)
@click.option("--prune", is_flag=True, help="Forget records below PATH whose files are gone.")
@click.option(
    "--on-duplicate",
    type=click.Choice(get_args(OnDuplicate)),
    default="keep",
    show_default=True,
    help="A new picture that is a copy of one that is there: keep it as any other, skip it, or "
    "link it to the other.",
)
@click.option("--tenant", default="", metavar="NAME", help="Whose pictures these are.")
@click.option(
    "--set",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="An attribute of these pictures; the value is JSON, or else text; may be given again.",
)
@click.option(
    "--attribute",
    "declared",
    multiple=True,
    metavar="NAME:KIND",
    help="An attribute that filters will often ask for, a number, text or boolean: a new "
    "collection indexes it from the start and takes no other kind; may be given again.",
)
@options.index_types(
    "The index of new encoders, such as HNSW:M=16 or auto; may be given again for single ones."
)
@join.options
@sharding.options
@options.output_file("--failures", help="Write what failed to FILE, one JSON object per line.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    paths: tuple[str, ...],
    collection: str,
    encoder: str | None,
    ignore: tuple[str, ...],
    prune: bool,
    on_duplicate: OnDuplicate,
    tenant: str,
    fields: tuple[str, ...],
    declared: tuple[str, ...],
    index_types: "Wished",
    shard: "Shard | None",
    report: Path | None,
    failures: Path | None,
    as_json: bool,
    quiet: bool,
    **table: Any,
) -> int:
    """Add pictures, or bring the collection up to date.

    \b
    lookalike index ~/Pictures
    lookalike index photos scans/a.png -c family.lookalike

    A PATH is a picture, its URL, or a folder, which is searched with its subfolders. The
    collection is made when it is not there. Run it again at any time: what is unchanged is
    skipped, what is new or changed is added, a moved file keeps its id. Ctrl-C stops it, and
    the next run goes on from there.

    \b
    lookalike index photos --prune                          files are gone: forget them too
    lookalike index photos --ignore 'drafts/' --ignore '*.gif'
    lookalike index shop --set season=summer --set price=19.5
    lookalike index photos --on-duplicate skip              leave copies of others out
    lookalike index photos --encoder dinov2-vits14          one more encoder for all pictures

    A table of products gives every picture the values of its row, to filter on:

    \b
    lookalike index --table products.csv --id article_id --types price=float \\
        --path-pattern 'images/{article_id:.3}/{article_id}.jpg'

    A picture that cannot be used is listed with the reason, and stops nothing.

    Many workers at once, each with a part of the pictures, fill a collection on a server; then
    `lookalike report` says what became of all parts:

    \b
    lookalike index /photos -c milvus://db:19530/shop --shard 0/4 --report /job

    Exit status: 0 all well, 1 some pictures failed or there were none, 2 wrong use, 3 when the
    environment failed, 130 stopped by Ctrl-C.
    """  # noqa: D301
    attributes = parse_attributes(fields)
    kinds = parse_declared(declared)
    if encoder is not None and not encoder.strip(", "):
        raise UsageError("--encoder needs names, such as `--encoder clip-vit-b-16,phash`")
    if not paths and table["table"] is None:
        raise click.UsageError("Missing argument 'PATH...'.")
    found = options.existing_paths(paths)
    joined = join.arguments(table, tuple(found))
    source = sharding.source_of(found, joined, ignore=[*ignore], set=attributes, tenant=tenant)
    try:
        with (
            sharding.reporting(report, shard, collection, source) as worker,
            options.open_or_make(
                collection, encoder=encoder, index=index_types, attributes=kinds or None
            ) as opened,
        ):
            with progress(quiet=quiet, prefix=worker.prefix) as show:
                add: Callable[..., IngestReport] = (
                    partial(opened.add, found) if joined is None else opened.add_table
                )
                done = add(
                    **(joined or {}),
                    attributes=attributes or None,
                    tenant=tenant,
                    ignore=ignore,
                    prune=prune,
                    on_duplicate=on_duplicate,
                    shard=shard,
                    progress=worker.listening(show),
                )
            total = opened.count()
            worker.finish(done, opened)
    except KeyboardInterrupt:
        say("stopped; what was done is kept: run the same command again to go on")
        return INTERRUPTED
    for notice in done.notices:
        say(notice)
    if failures is not None:
        write_failures(done, failures)
    if as_json:
        echo_json(done.to_dict())
    else:
        _show(done, total, collection, failures)
    if done.interrupted:
        return INTERRUPTED
    # A part may be empty: whether all are, the merged report says.
    none = not _seen(done) and shard is None
    return 1 if done.failed or none else 0


def parse_declared(declared: Sequence[str]) -> dict[str, str]:
    """`NAME:KIND` texts as kinds by name.

    Raises:
        UsageError: no name, none of the kinds, several in one text, or two kinds for one name.
    """
    kinds: dict[str, str] = {}
    for text in declared:
        name, _, kind = text.rpartition(":")
        if not name or kind not in {"number", "text", "boolean"}:
            raise UsageError(
                f"--attribute {text!r}: name an attribute and what it holds, number, text or "
                "boolean, as in --attribute price:number"
            )
        if re.search(r":(number|text|boolean),", text):
            raise UsageError(
                f"--attribute {text!r}: give the option once for each attribute, as in "
                f"--attribute {' --attribute '.join(part.strip() for part in text.split(','))}"
            )
        if kinds.setdefault(name, kind) != kind:
            raise UsageError(f"--attribute names {name} twice: choose one kind for it")
    return kinds


def parse_attributes(fields: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` texts as attributes: JSON values keep their type, anything else is text.

    Raises:
        UsageError: no `=`, an empty key, or a value no attribute can have.
    """
    attributes: dict[str, Any] = {}
    for field in fields:
        key, equals, text = field.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {field}: write it as KEY=VALUE, such as price=19.5")
        value = _value(text)
        parts = value if isinstance(value, list) else [value]
        if any(isinstance(part, dict | list) for part in parts):
            raise UsageError(
                f"--set {field}: a value is text, a number, true, false, null or a list of those"
            )
        attributes[key.strip()] = value
    return attributes


def _value(text: str) -> Any:
    def no_constant(name: str) -> str:
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return text


def _show(report: "IngestReport", total: int, collection: str, failures: Path | None) -> None:
    from lookalike.views import table

    if report.failed:
        rows = [(_shown(failure.uri), failure.reason) for failure in report.failed[:FAILURES_SHOWN]]
        echo_table(table.failures(rows, terminal=is_terminal()))
        more = len(report.failed) - len(rows)
        if more and failures is None:
            say(f"and {more:,} more; --failures FILE writes them all")
    if report.duplicates:
        _show_duplicates(report.duplicates)
    click.echo(summary(report))
    if report.left:
        say(LEFT.format(plural(report.left, "picture")))
    if report.interrupted:
        say("stopped; what was done is kept: run the same command again to go on")
    elif _seen(report):
        here = (
            "" if collection == options.DEFAULT_COLLECTION else f" -c {options.named(collection)}"
        )
        click.echo(
            printable(
                f"{plural(total, 'picture')} in {options.named(collection)}. "
                f"Search with `lookalike search PICTURE{here}`"
            )
        )
    elif not report.failed:
        say("no picture found there")


def _shown(uri: str) -> str:
    return message_without_secrets(uri) if is_url(uri) else uri


def _show_duplicates(duplicates: "Sequence[Duplicate]") -> None:
    from lookalike.views import table

    shown = duplicates[:FAILURES_SHOWN]
    rows = [(one.uri, f"duplicate of {one.of}, {one.original}: {one.reason}") for one in shown]
    echo_table(table.failures(rows, terminal=is_terminal()))
    if len(duplicates) > len(shown):
        say(f"and {len(duplicates) - len(shown):,} more duplicates; --json lists them all")


def summary(report: "IngestReport") -> str:
    """What was done, in one sentence."""
    counts = [
        f"{count:,} {name}"
        for name, count in (
            ("added", report.added),
            ("updated", report.updated),
            ("moved", report.moved),
            ("unchanged", report.unchanged),
            ("removed", report.removed),
            ("skipped", report.skipped),
            ("left", report.left),
            ("failed", len(report.failed)),
        )
        if count
    ]
    counts += [f"{count:,} embedded by {name}" for name, count in report.completed.items()]
    sentence = f"{', '.join(counts) or 'nothing to do'} in {duration(report.seconds)}"
    done = report.added + report.updated
    if done and report.seconds > 0:
        sentence += f" ({done / report.seconds:,.1f} pictures/s)"
    return sentence


def write_failures(report: "IngestReport", path: Path) -> None:
    """Write what failed, one JSON object per line."""
    lines = (
        json.dumps({"uri": failure.uri, "reason": failure.reason}) + "\n"
        for failure in report.failed
    )
    write_file(path, "".join(lines).encode())


def _seen(report: "IngestReport") -> int:
    """Pictures the run came across and could use, and records it removed."""
    return report.pictures - len(report.failed) + report.removed
