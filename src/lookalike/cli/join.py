"""The options of `lookalike index --table`: how the rows of a table and pictures are joined."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lookalike.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--table",
        metavar="FILE",
        help="A table of products (CSV, TSV, JSON lines, Parquet); PATH is the pictures' folder, "
        "by default the table's own.",
    ),
    click.option(
        "--id",
        metavar="COLUMN",
        help="The column that names a row; of type int it becomes the record's id.",
    ),
    click.option(
        "--path-pattern",
        metavar="PATTERN",
        help="A row's picture below PATH, such as 'images/{article_id:.3}/{article_id}.jpg'.",
    ),
    click.option(
        "--path-column", metavar="COLUMN", help="The column that holds the picture's path or URL."
    ),
    click.option(
        "--types",
        multiple=True,
        callback=lambda _ctx, _param, values: ",".join(values),
        metavar="COLUMN=TYPE,...",
        help="Types of columns: text, int, float, bool, list or list:SEPARATOR.",
    ),
    click.option(
        "--columns",
        multiple=True,
        callback=lambda _ctx, _param, values: ",".join(values) if values else None,
        metavar="COLUMN,...",
        help="Columns to keep as attributes; all by default.",
    ),
    click.option("--delimiter", metavar="CHARACTER", help="What parts the columns of a CSV file."),
    click.option("--unlisted", is_flag=True, help="Also add pictures below PATH without a row."),
)


def options(command: Command) -> Command:
    """The options that say how a table is joined to pictures."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def arguments(given: dict[str, Any], paths: tuple[str, ...]) -> dict[str, Any] | None:
    """The arguments of `Collection.add_table`; None when no table was given.

    Raises:
        UsageError: options that go with a table, without one; or the other way round.
    """
    join = dict(given)
    table = join.pop("table")
    if table is None:
        wrong = [name for name, value in join.items() if value]
        if wrong:
            raise UsageError(f"--{wrong[0].replace('_', '-')} goes with --table FILE")
        return None
    if join["id"] is None:
        raise UsageError("--table needs --id COLUMN, the column that names a row")
    if len(paths) > 1:
        raise UsageError("--table takes one PATH, the folder that holds its pictures")
    if join["columns"] is not None:
        join["columns"] = [name.strip() for name in join["columns"].split(",") if name.strip()]
    if join["delimiter"] == "\\t":
        join["delimiter"] = "\t"
    return {"table": table, "root": paths[0] if paths else None, **join}
