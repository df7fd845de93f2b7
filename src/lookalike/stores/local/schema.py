"""The catalogue's tables, and the steps from each version of them to the next."""

import sqlite3

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

MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1, _VERSION_2)
"""The statements at index i turn version i into version i + 1; version 0 is an empty file."""


def for_reader(found: int, place: str) -> tuple[str, ...]:
    """Statements that give a reader's connection, and nobody else, the tables of newer versions.

    Raises:
        StoreError: the catalogue is too old for that.
    """
    if found == 0:
        raise StoreError(
            f"{place} was written by an older lookalike: "
            "open it once for writing to bring it up to date."
        )
    newer = (statement for statements in MIGRATIONS[found:] for statement in statements)
    return tuple(
        statement.replace("CREATE TABLE", "CREATE TEMP TABLE").replace(_OF_RECORDS, "")
        for statement in newer
    )


def vectors_table(number: int) -> str:
    """The statement that makes the table of one encoder's embeddings or hashes."""
    return (
        f"CREATE TABLE vectors_{number} ("
        "id INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE, vector BLOB NOT NULL)"
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
        for statements in MIGRATIONS[found:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
