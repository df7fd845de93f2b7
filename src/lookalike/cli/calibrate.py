"""`lookalike calibrate`: the thresholds of verdicts, measured on the collection's own pictures."""

import time
from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, echo_table, is_terminal, plural, say
from lookalike.cli.progress import progress
from lookalike.errors import UsageError

if TYPE_CHECKING:
    from lookalike.calibration.results import Outcome
    from lookalike.calibration.synthetic import Edits

NAMED = 5
"""Pictures left out, and duplicates, that are named; the rest is counted. `--json` has them all."""


@click.command()
@options.collection
@click.option(
    "--pairs", type=click.Path(), metavar="FILE", help="A table with columns a, b, label."
)
@click.option(
    "-n",
    "--count",
    type=int,
    default=400,
    show_default=True,
    metavar="N",
    help="How many edited copies to ask for.",
)
@click.option(
    "--edits",
    type=click.Choice(["basic", "hard", "all"]),
    default="all",
    show_default=True,
    help="Which edits.",
)
@click.option(
    "--seed", type=int, default=0, metavar="N", help="Another one draws other pictures and edits."
)
@click.option(
    "--precision",
    type=float,
    default=0.99,
    show_default=True,
    metavar="P",
    help="The part of hits called a copy that must be right.",
)
@click.option("--dry-run", is_flag=True, help="Measure and show, but keep nothing.")
@click.option("--reset", is_flag=True, help="Go back to the thresholds that are shipped.")
@click.option("--plots", type=click.Path(), metavar="FOLDER", help="Draw a plot there.")
@click.option("--no-cache", is_flag=True, help="Neither keep answers nor use those kept.")
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    collection: str,
    pairs: str | None,
    count: int,
    edits: "Edits",
    seed: int,
    precision: float,
    dry_run: bool,
    reset: bool,
    plots: str | None,
    no_cache: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Choose the thresholds of `copy` and `similar` on your own pictures.

    Pictures of the collection are edited (cut, framed, turned, mirrored, put into others and so
    on), and their originals are looked for. The lowest score is chosen above which the wished part
    of the hits is right. It is kept with the collection, and counts until its encoders change.

    \b
    lookalike calibrate
    lookalike calibrate --count 2000 --edits basic
    lookalike calibrate --pairs pairs.csv     columns a, b, label: copy, similar or different
    lookalike calibrate --dry-run --precision 0.999
    lookalike calibrate --reset

    In a table of pairs a and b are paths (relative to the table's folder), URLs or ids; a is
    looked for, b is to be found. Answers are kept in the cache folder, so that a run stopped by
    Ctrl-C goes on where it was.

    Exit status: 0 all well, 1 some pictures were left out, 2 wrong use, 3 when the environment
    failed, 130 stopped by Ctrl-C.
    """  # noqa: D301
    if reset:
        if pairs or plots or dry_run:
            raise UsageError("--reset measures nothing; leave out the other options")
        return _reset(collection, as_json=as_json)
    folder = None if plots is None else options.plots_folder(plots)
    started = time.monotonic()
    with options.open_existing(collection, write=True) as opened:
        try:
            with progress(quiet=quiet) as show:
                outcome = opened.calibrate(
                    pairs,
                    count=count,
                    edits=edits,
                    seed=seed,
                    precision=precision,
                    dry_run=dry_run,
                    cache=not no_cache,
                    progress=show,
                )
        except KeyboardInterrupt:
            kept = "" if no_cache else "; answers are kept: run the same again to go on"
            say(f"stopped, and nothing was changed{kept}")
            return INTERRUPTED
    if as_json:
        from lookalike.calibration.report import to_dict

        echo_json({**to_dict(outcome), "seconds": round(time.monotonic() - started, 3)})
    else:
        _show(outcome)
    if folder is not None:
        from lookalike.calibration.plots import draw

        for written in draw(outcome, folder):
            say(f"wrote {written}")
    return 1 if outcome.measured.left_out else 0


def _reset(collection: str, *, as_json: bool) -> int:
    with options.open_existing(collection, write=True) as opened:
        done = opened.forget_calibration()
    if as_json:
        echo_json({"reset": done})
    else:
        click.echo(
            "the shipped thresholds hold again" if done else "the shipped thresholds hold anyway"
        )
    return 0


def _show(outcome: "Outcome") -> None:
    from lookalike.calibration import report
    from lookalike.views import table

    measured = outcome.measured
    _name([f"{one.uri}: {one.reason}" for one in measured.left_out], "pictures left out")
    _name(
        [f"left out as duplicates: {t.first} and {t.second} ({t.why})" for t in measured.twins],
        "pairs of duplicates left out",
    )
    _name(
        [f"undecided: {t.first} and {t.second} ({t.why})" for t in measured.undecided],
        "pairs undecided",
    )
    asked = plural(measured.queries, "picture")
    click.echo(f"{asked} looked for, {plural(len(measured.pairs), 'pair')} compared")
    click.echo()
    shown = table.measurements(
        report.COLUMNS, map(tuple, report.rows(outcome)), terminal=is_terminal(), words=1
    )
    echo_table(shown, named=True)
    click.echo()
    for notice in outcome.notices:
        say(notice)
    kept = "kept with the collection" if outcome.stored else "a dry run: nothing was kept"
    click.echo(kept)


def _name(lines: list[str], what: str) -> None:
    for line in lines[:NAMED]:
        say(line)
    if len(lines) > NAMED:
        say(f"and {len(lines) - NAMED:,} more {what}; --json has all")
