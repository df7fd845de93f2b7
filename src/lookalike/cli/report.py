"""`lookalike report`: what the workers of one job did, as one report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.index import FAILURES_SHOWN, LEFT, summary, write_failures
from lookalike.cli.output import echo_json, echo_table, is_terminal, plural, say
from lookalike.cli.progress import duration

if TYPE_CHECKING:
    from lookalike.ingest.merging import MergedReport

NOT_FINISHED = 3
"""The exit status while parts are missing or not finished."""


@click.command(no_args_is_help=True)
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@options.output_file("--failures", help="Write what failed to FILE, one JSON object per line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(folder: Path, failures: Path | None, as_json: bool) -> int:
    """Say what the workers of `lookalike index --shard` did.

    \b
    lookalike report /job
    lookalike report /job --json

    FOLDER is the one that all workers were given with --report. Parts that nothing was heard of,
    or that are not finished, are named by their numbers, as `sbatch --array` takes them.

    Exit status: 0 all parts finished, 1 some pictures failed or there were none, 2 wrong use, or
    the reports are not of one job, 3 while parts are missing or not finished.
    """  # noqa: D301
    from lookalike.ingest.merging import merge

    merged = merge(folder.expanduser())
    if failures is not None:
        write_failures(merged.total, failures)
    if as_json:
        echo_json(merged.to_dict())
    else:
        _show(merged, failures)
    if merged.again:
        return NOT_FINISHED
    return 1 if merged.total.failed or not merged.total.pictures else 0


def ranges(numbers: Sequence[int]) -> str:
    """`0,3-5,9`: numbers in rising order as Slurm takes them."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)


def _show(merged: "MergedReport", failures: Path | None) -> None:
    from lookalike.views import table

    total = merged.total
    now = datetime.now(UTC)
    rows = [
        (
            str(one.shard),
            str(one.state),
            f"{one.done:,}" + (f" of {one.total:,}" if one.report is None and one.total else ""),
            "" if one.report is None else f"{len(one.report.failed):,}",
            f"{one.rate:,.1f}",
            str(one.attempts),
            one.host,
            f"{duration(max(0.0, (now - datetime.fromisoformat(one.heard)).total_seconds()))} ago",
        )
        for one in merged.workers
    ]
    echo_table(table.workers(rows, terminal=is_terminal()), named=True)
    for one in merged.workers:
        if one.error:
            say(f"part {one.shard} ended early: {one.error}")
    if total.failed:
        shown = [(failure.uri, failure.reason) for failure in total.failed[:FAILURES_SHOWN]]
        echo_table(table.failures(shown, terminal=is_terminal()))
        if len(total.failed) > len(shown) and failures is None:
            say(f"and {len(total.failed) - len(shown):,} more; --failures FILE writes them all")
    finished = len(merged.workers) - len(merged.unfinished)
    click.echo(f"{finished:,} of {plural(merged.of, 'part')} finished: {summary(total)}")
    for notice in total.notices:
        say(notice)
    if merged.missing:
        say(f"nothing was heard of {_parts(merged.missing, merged.of)}")
    if merged.unfinished:
        say(f"not finished: {_parts(merged.unfinished, merged.of)}")
    if merged.again:
        say("what does not run any more is to be started again with the same command")
    elif total.left:
        say(LEFT.format(plural(total.left, "picture")))
    elif not total.pictures:
        say("no picture found there by any worker")


def _parts(numbers: Sequence[int], of: int) -> str:
    return f"{'part' if len(numbers) == 1 else 'parts'} {ranges(numbers)} of {of:,}"
