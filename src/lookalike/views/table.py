"""Tables for people: hits, records, encoders, failures."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from lookalike.records import Attributes, Hit, Record, Verdict
from lookalike.views.text import caption, printable, size, value_of

if TYPE_CHECKING:
    from lookalike.stores.base import StoreStats

_LEAST_WORDS = 16
"""Columns that are left of words beside numbers, at least."""
_BETWEEN = 3
"""Columns that part two cells in a terminal."""

VERDICT_STYLES = {
    Verdict.IDENTICAL: "bold green",
    Verdict.COPY: "bold yellow",
    Verdict.SIMILAR: "",
}


def hits(
    answer: Sequence[Hit],
    *,
    terminal: bool,
    first: int = 1,
    label: str | None = None,
    reasons: bool = False,
    group_by: str | None = None,
) -> Table:
    """Rank, score, verdict, id, place, and attributes where there are any.

    Args:
        answer: the hits.
        terminal: whether a person's terminal shows it: then with colours, and with paths that are
            relative to the current folder where they lie in it.
        first: rank of the first hit.
        label: the one attribute to show, instead of all.
        reasons: say why each verdict was given.
        group_by: the field that hits are grouped by, to show its value.
    """
    table = _table(terminal)
    table.add_column("#", justify="right", style="dim")
    table.add_column("score", justify="right")
    table.add_column("verdict")
    table.add_column("id", justify="right", style="dim")
    if group_by is not None:
        table.add_column(printable(group_by), overflow="fold")
    _place(table, "picture", terminal)
    if reasons:
        table.add_column("reason", overflow="fold", ratio=1 if terminal else None)
    with_attributes = label is None and any(hit.attributes for hit in answer)
    if label is not None:
        table.add_column(printable(label), overflow="fold")
    elif with_attributes:
        table.add_column("attributes", style="dim", overflow="fold")
    for rank, hit in enumerate(answer, first):
        row: list[str | Text] = [
            str(rank),
            f"{hit.score:.3f}",
            Text(hit.verdict, style=VERDICT_STYLES[hit.verdict]),
            str(hit.id),
            *([] if group_by is None else ["" if hit.group is None else value_of(hit.group)]),
            where(hit.uri, short=terminal),
            *([printable(hit.reason)] if reasons else []),
        ]
        if label is not None:
            row.append(caption(hit, label))
        table.add_row(*row, *([attributes(hit.attributes)] if with_attributes else []))
    return table


def records(rows: Iterable[Record], *, terminal: bool, header: bool = True) -> Table:
    """Id, size in pixels and bytes, format, place; tenant and attributes where there are any."""
    rows = list(rows)
    table = _table(terminal)
    table.show_header = header
    table.add_column("id", justify="right", style="dim")
    table.add_column("pixels", justify="right")
    table.add_column("bytes", justify="right")
    table.add_column("format")
    with_tenant = any(row.tenant for row in rows)
    if with_tenant:
        table.add_column("tenant")
    _place(table, "picture", terminal)
    with_attributes = any(row.attributes for row in rows)
    if with_attributes:
        table.add_column("attributes", style="dim", overflow="fold")
    for row in rows:
        table.add_row(
            str(row.id),
            f"{row.width} × {row.height}" if row.width else "",
            size(row.size) if row.size is not None else "",
            row.format or "",
            *([printable(row.tenant)] if with_tenant else []),
            where(row.uri, short=terminal),
            *([attributes(row.attributes)] if with_attributes else []),
        )
    return table


def encoders(stats: "StoreStats", indexes: Mapping[str, str], *, terminal: bool) -> Table:
    """A collection's encoders with what is kept and indexed of each, and by which index."""
    table = _table(terminal)
    table.add_column("encoder")
    for name in ("size", "vectors", "indexed", "on disk"):
        table.add_column(name, justify="right")
    table.add_column("index", overflow="fold")
    for entry in stats.encoders:
        unit = "bits" if entry.spec.kind == "hash" else "dimensions"
        length = f"{entry.spec.size:,} {unit}"
        if entry.projection:
            length += f" → {entry.dimensions:,} (projection {printable(entry.projection)})"
        table.add_row(
            printable(entry.spec.name),
            length,
            f"{entry.vectors:,}",
            f"{entry.indexed:,}",
            size(entry.index_bytes) if stats.catalogue_bytes else "unknown",
            indexes[entry.spec.name],
        )
    return table


_MODELS = ("model", "size", "mAP", "weights", "for pictures", "for words", "licence", "from")
"""What is told of a model, what a narrow terminal has no room for last."""


def models(rows: Iterable[tuple[str, ...]], *, terminal: bool, width: int | None = None) -> Table:
    """Models: name, size, mAP, bytes of the weights, place of each tower, licence, origin.

    Args:
        rows: those, in this order.
        terminal: whether a person's terminal shows it.
        width: columns of the terminal. Nothing is cut: licence and origin are left out where there
            is no room for them, then the places of the towers.
    """
    rows = list(rows)
    for count in (8, 7, 6, 5, 4):
        table = _table(terminal)
        for place, name in enumerate(_MODELS[:count]):
            right = name in {"size", "mAP", "weights"}
            longest = max(cell_len(cell) for cell in (name, *(row[place] for row in rows)))
            table.add_column(
                name, justify="right" if right else "left", no_wrap=True, min_width=longest
            )
        for row in rows:
            table.add_row(*row[:count])
        if width is None or least_width(table) <= width:
            break
    return table


def measurements(
    columns: Sequence[str], rows: Iterable[tuple[str, ...]], *, terminal: bool, words: int = 0
) -> Table:
    """Numbers under the headers given; the first `words` columns hold words, and may be folded."""
    rows = list(rows)
    table = _table(terminal)
    for place, name in enumerate(columns):
        wordy = place < words
        longest = max(cell_len(cell) for cell in (name, *(row[place] for row in rows)))
        table.add_column(
            name,
            justify="left" if wordy else "right",
            no_wrap=not wordy,
            overflow="fold",
            min_width=min(longest, _LEAST_WORDS) if wordy else longest,
        )
    for row in rows:
        table.add_row(*row)
    return table


def least_width(table: Table) -> int:
    """The columns that a terminal needs for a table of `models` or `measurements`."""
    return sum((column.min_width or 1) + _BETWEEN for column in table.columns)


def pairs(rows: Iterable[tuple[str, str]], *, terminal: bool) -> Table:
    """Names and values, without a header."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("name", style="dim" if terminal else "", no_wrap=True)
    table.add_column("value", overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def quantities(rows: Sequence[tuple[str, ...]], *, terminal: bool) -> Table:
    """Names, what they hold for where that differs, values and formulas, without a header."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    columns = len(rows[0])
    for place in range(columns):
        last = place == columns - 1
        style = "dim" if last and terminal else ""
        right = place == columns - 2
        table.add_column(
            style=style, no_wrap=not last, overflow="fold", justify="right" if right else "left"
        )
    for row in rows:
        table.add_row(*row)
    return table


def failures(rows: Iterable[tuple[str, str]], *, terminal: bool) -> Table:
    """Pictures that could not be used, with the reason."""
    table = _table(terminal)
    _place(table, "picture", terminal)
    table.add_column("reason", overflow="fold")
    for uri, reason in rows:
        table.add_row(where(uri, short=terminal), printable(reason))
    return table


def workers(rows: Iterable[Sequence[str]], *, terminal: bool) -> Table:
    """The workers of one job: part, state, pictures, speed, where, and when last heard of."""
    table = _table(terminal)
    for name in ("part", "state", "pictures", "failed", "pictures/s", "attempts", "host", "heard"):
        words = name in {"state", "host", "heard"}
        table.add_column(name, justify="left" if words else "right")
    for row in rows:
        table.add_row(*map(printable, row))
    return table


def attributes(fields: Attributes) -> str:
    """The user's fields on one line: `colour=red  price=12.5`."""
    return "  ".join(
        f"{printable(name)}={value_of(value)}"
        for name, value in fields.items()
        if value is not None
    )


def where(uri: str, *, short: bool) -> str:
    """A record's place; with `short` relative to the current folder when it lies in it."""
    if not short:
        return printable(uri)
    try:
        here = os.path.join(os.getcwd(), "")
    except OSError:  # the current folder is gone
        return printable(uri)
    return printable(uri.removeprefix(here) or uri)


def _table(terminal: bool) -> Table:
    if terminal:
        return Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")


def _place(table: Table, name: str, terminal: bool) -> None:
    table.add_column(name, overflow="fold", ratio=1 if terminal else None, no_wrap=not terminal)
