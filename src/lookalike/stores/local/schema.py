"""The catalogue's tables, and the steps from each version of them to the next."""

import sqlite3
from collections.abc import Iterator

from lookalike.errors import StoreError

APPLICATION_ID = 0x4C4B4C31
"""`PRAGMA application_id` of a catalogue ("LKL1"), so that no other database is taken for one."""

_VERSION_1 = (
    """
    CREATE TABLE records (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uri TEXT NOT NULL,
        tenant TEXT NOT NULL,
        sha256 BLOB,
        md5 BLOB,
        size INTEGER,
        modified_ns INTEGER,
        width INTEGER,
        height INTEGER,
        format TEXT,
        attributes TEXT NOT NULL,
        added REAL NOT NULL,
        updated REAL NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX records_by_uri ON records (tenant, uri)",
    "CREATE INDEX records_by_sha256 ON records (sha256) WHERE sha256 IS NOT NULL",
    # `vectors` counts the rows of the encoder's own table, vectors_NUMBER; `shard` names the
    # folder of its engine index.
    """
    CREATE TABLE encoders (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        size INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        vectors INTEGER NOT NULL DEFAULT 0,
        shard TEXT
    )
    """,
    # Ids whose change may not have reached the engine's files yet.
    """
    CREATE TABLE pending (
        encoder INTEGER NOT NULL,
        id INTEGER NOT NULL,
        PRIMARY KEY (encoder, id)
    ) WITHOUT ROWID
    """,
    # One row: the number of records, and how many times the catalogue has been written to.
    "CREATE TABLE totals (records INTEGER NOT NULL, writes INTEGER NOT NULL)",
    "INSERT INTO totals VALUES (0, 0)",
)

_OF_RECORDS = " REFERENCES records (id) ON DELETE CASCADE"

_VERSION_2 = (
    # What an encoder's embeddings are compared through, as a .npz file; one that is not here
    # compares them as they are.
    """
    CREATE TABLE projections (
        encoder INTEGER PRIMARY KEY,
        version TEXT NOT NULL,
        size INTEGER NOT NULL,
        data BLOB NOT NULL
    )
    """,
    # Of hashes whose algorithm says how much the picture gave it to go by.
    f"""
    CREATE TABLE qualities (
        id INTEGER NOT NULL{_OF_RECORDS},
        encoder INTEGER NOT NULL,
        quality INTEGER NOT NULL,
        PRIMARY KEY (id, encoder)
    ) WITHOUT ROWID
    """,
)

_VERSION_3 = (
    "ALTER TABLE records ADD COLUMN pixels BLOB",
    "ALTER TABLE records ADD COLUMN border TEXT",
    "ALTER TABLE records ADD COLUMN duplicate_of INTEGER "
    "REFERENCES records (id) ON DELETE SET NULL",
    "CREATE INDEX records_by_md5 ON records (md5) WHERE md5 IS NOT NULL",
    "CREATE INDEX records_by_pixels ON records (pixels) WHERE pixels IS NOT NULL",
    "CREATE INDEX records_by_duplicate_of ON records (duplicate_of) WHERE duplicate_of IS NOT NULL",
    # Values are JSON.
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    f"""
    CREATE TABLE decisions (
        first INTEGER NOT NULL{_OF_RECORDS},
        second INTEGER NOT NULL{_OF_RECORDS},
        kind TEXT NOT NULL,
        made REAL NOT NULL,
        PRIMARY KEY (first, second)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX decisions_by_second ON decisions (second)",
    # Files that were not added because they are duplicates of a record.
    f"""
    CREATE TABLE skipped (
        tenant TEXT NOT NULL,
        uri TEXT NOT NULL,
        size INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        duplicate_of INTEGER NOT NULL{_OF_RECORDS},
        reason TEXT NOT NULL,
        PRIMARY KEY (tenant, uri)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX skipped_by_duplicate_of ON skipped (duplicate_of)",
    # Pictures that were hashed before hashes of trimmed pictures were kept: `ingest.complete`
    # looks at those with an id above this one again.
    """
    INSERT INTO settings SELECT 'untrimmed_after', '-1' WHERE EXISTS
        (SELECT 1 FROM encoders WHERE kind = 'hash' AND vectors > 0)
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1, _VERSION_2, _VERSION_3)
"""The statements at index i turn version i into version i + 1; version 0 is an empty file.

Version 3 also has a table of trimmed hashes for each encoder of hashes.
"""

_TRIMMED_FROM = 3

_RECORDS_OF_2 = """
    CREATE TEMP VIEW records AS SELECT id, uri, tenant, sha256, md5, size, modified_ns, width,
        height, format, attributes, added, updated,
        NULL AS pixels, NULL AS border, NULL AS duplicate_of FROM main.records
"""


def for_reader(connection: sqlite3.Connection, place: str) -> Iterator[str]:
    """Statements that give a reader's connection, and nobody else, the tables of newer versions.

    Raises:
        StoreError: the catalogue is too old for that.
    """
    found = version(connection, place)
    if found == 0:
        raise StoreError(
            f"{place} was written by an older lookalike: "
            "open it once for writing to bring it up to date."
        )
    if found < _TRIMMED_FROM:
        yield _RECORDS_OF_2
    for statement in _steps(connection, found):
        if statement.lstrip().startswith("CREATE TABLE"):
            made = statement.replace("CREATE TABLE", "CREATE TEMP TABLE", 1)
            yield made.replace(_OF_RECORDS, "")


def _steps(connection: sqlite3.Connection, found: int) -> Iterator[str]:
    """The statements that turn version `found` into the newest."""
    for number, statements in enumerate(MIGRATIONS[found:], found + 1):
        yield from statements
        if number == _TRIMMED_FROM:
            hashes = connection.execute("SELECT number FROM encoders WHERE kind = 'hash'")
            yield from [trimmed_table(encoder) for (encoder,) in hashes.fetchall()]


def vectors_table(number: int) -> str:
    """The statement that makes the table of one encoder's embeddings or hashes."""
    return (
        f"CREATE TABLE vectors_{number} (id INTEGER PRIMARY KEY{_OF_RECORDS}, vector BLOB NOT NULL)"
    )


def trimmed_table(number: int) -> str:
    """The statement that makes the table of the hashes of pictures without their borders."""
    return (
        f"CREATE TABLE trimmed_{number} (id INTEGER PRIMARY KEY{_OF_RECORDS}, hash BLOB NOT NULL)"
    )


def version(connection: sqlite3.Connection, place: str) -> int:
    """The catalogue's version; refuses one that this program does not know.

    Raises:
        StoreError: another program's database, or a newer lookalike's.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise StoreError(f"{place} is a database of another program: name another folder.")
    if found > len(MIGRATIONS):
        raise StoreError(
            f"{place} was written by a newer lookalike (format {found}; this one knows "
            f"{len(MIGRATIONS)}): upgrade with `pip install --upgrade lookalike`."
        )
    return int(found)


def migrate(connection: sqlite3.Connection, place: str) -> None:
    """Bring the catalogue to the newest version, all of it or nothing."""
    found = version(connection, place)
    if found == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _steps(connection, found):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
