"""`lookalike doctor`: whether this machine, the packages, a server and a collection are well."""

from typing import TYPE_CHECKING

import click

from lookalike.cli import options
from lookalike.cli.output import echo_json, is_terminal

if TYPE_CHECKING:
    from lookalike.doctor import Finding

_MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "problem": ("problem", "red")}


@click.command()
@options.collection
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
def command(collection: str, as_json: bool) -> int:
    """Look at this machine, the packages, the models and a collection, and say what to do.

    \b
    lookalike doctor
    lookalike doctor -c family.lookalike
    lookalike doctor -c milvus://host:19530/products --json

    Nothing is changed, and the collection need not be there. Exit status: 0 when all is well or
    could be better, 1 when something does not work.
    """  # noqa: D301
    from lookalike.doctor import examine

    found = []
    for finding in examine(collection):
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        echo_json([finding.to_dict() for finding in found])
    else:
        _summary(found)
    return 1 if any(finding.level == "problem" for finding in found) else 0


def _show(finding: "Finding") -> None:
    from lookalike.views.text import printable

    word, colour = _MARKS[finding.level]
    mark = f"{word:<8}"
    if is_terminal():
        mark = click.style(mark, fg=colour)
    click.echo(f"{mark} {printable(finding.topic)}: {printable(finding.found)}")
    if finding.advice:
        click.echo(f"{'':<8} → {printable(finding.advice)}")


def _summary(found: "list[Finding]") -> None:
    problems = sum(finding.level == "problem" for finding in found)
    warnings = sum(finding.level == "warning" for finding in found)
    if not problems and not warnings:
        click.echo("all is well")
    else:
        click.echo(f"{problems} to mend, {warnings} that could be better")
