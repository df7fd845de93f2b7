"""What rows take in SQLite's tables and indexes (https://sqlite.org/fileformat2.html)."""

from lookalike.planning.amount import Amount, of

PAGE_BYTES = 8192
"""Of the catalogue (`stores.local.catalogue`)."""
_PAGE_HEAD = 8
_POINTER = 2
FILLED = 0.9
"""Of a page of an index whose rows come in any order, as measured: a page that is full shares its
rows with its neighbours before another one is made."""


def table(row: Amount) -> Amount:
    """Bytes on disk of a row of a table, whose rows come in order of their key.

    A page holds so many whole rows, and the rest of it is lost; a row that is longer than a page
    goes on in pages of its own.
    """
    if row.value > (PAGE_BYTES - _PAGE_HEAD) / 2:
        return row + of(_POINTER)
    return of(PAGE_BYTES, "page") / (of(PAGE_BYTES - _PAGE_HEAD) / (row + of(_POINTER))).down()


def index(row: Amount) -> Amount:
    """Bytes on disk of a row of an index whose keys come in any order."""
    return (row + of(_POINTER)) / of(FILLED, "filled")
