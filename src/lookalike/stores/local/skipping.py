"""Files that were not added because they are duplicates, as rows of the catalogue."""

import sqlite3
from collections.abc import Iterator, Sequence

from lookalike.attributes import check_text
from lookalike.errors import NotFoundError
from lookalike.records import Skipped
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.rows import in_chunks

_ROWS = 4096
_COLUMNS = "uri, tenant, size, modified_ns, duplicate_of, reason"


def write(connection: sqlite3.Connection, files: Sequence[Skipped]) -> None:
    """Remember files; one that is known already is replaced.

    Raises:
        NotFoundError: there is no record that one is said to duplicate.
    """
    for file in files:
        check_text(file.uri, "The uri")
        check_text(file.tenant, "The tenant")
        try:
            connection.execute(
                f"INSERT OR REPLACE INTO skipped ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                (
                    file.uri,
                    file.tenant,
                    file.size,
                    file.modified_ns,
                    file.duplicate_of,
                    file.reason,
                ),
            )
        except sqlite3.IntegrityError:
            raise NotFoundError(
                f"There is no record {file.duplicate_of} that {file.uri} could be a duplicate of."
            ) from None


def read(catalogue: Catalogue, uris: Sequence[str], tenant: str) -> dict[str, Skipped]:
    """Files of one tenant that were not added, by uri."""
    found: dict[str, Skipped] = {}
    for some in in_chunks(uris):
        marks = ",".join("?" * len(some))
        statement = f"SELECT {_COLUMNS} FROM skipped WHERE tenant = ? AND uri IN ({marks})"  # noqa: S608
        for row in catalogue.read(statement, [tenant, *some]):
            found[row[0]] = Skipped(*row)
    return found


def read_all(catalogue: Catalogue) -> Iterator[Skipped]:
    """Files that were not added, of every tenant, as of one moment."""
    for some in catalogue.stream(f"SELECT {_COLUMNS} FROM skipped", (), _ROWS):  # noqa: S608
        yield from (Skipped(*row) for row in some)
