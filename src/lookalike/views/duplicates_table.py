"""The table of groups of duplicates."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from lookalike.duplicates.report import SETTLED, Group, Member
from lookalike.records import Record
from lookalike.views.table import VERDICT_STYLES, where
from lookalike.views.text import printable, size

MOST_MEMBERS = 20
"""Lines of one group."""


def groups(shown: Sequence[Group], *, terminal: bool) -> Table:
    """A line for the best of each group and one for each duplicate, with the reason."""
    if terminal:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    table.add_column("group", justify="right")
    table.add_column("")
    table.add_column("id", justify="right", style="dim")
    table.add_column("pixels", justify="right")
    table.add_column("bytes", justify="right")
    table.add_column("picture", overflow="fold", no_wrap=not terminal)
    table.add_column("why", overflow="fold", no_wrap=not terminal)
    for group in shown:
        table.add_row(
            str(group.id),
            Text("keep", style="bold"),
            *_facts(group.best, terminal),
            printable(group.why),
        )
        for one in group.others[:MOST_MEMBERS]:
            table.add_row("", _word(one), *_facts(one.record, terminal), printable(one.reason))
        more = len(group.others) - MOST_MEMBERS
        if more > 0:
            table.add_row("", "", "", "", "", f"… {more:,} more", "")
    return table


def _word(one: Member) -> Text:
    if one.settled:
        return Text(SETTLED[one.settled], style="dim")
    return Text(one.verdict, style=VERDICT_STYLES[one.verdict])


def _facts(record: Record, terminal: bool) -> tuple[str, str, str, str]:
    return (
        str(record.id),
        f"{record.width} × {record.height}" if record.width else "",
        size(record.size) if record.size is not None else "",
        where(record.uri, short=terminal),
    )
