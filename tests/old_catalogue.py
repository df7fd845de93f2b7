"""Catalogues as older versions of lookalike wrote them."""

import sqlite3
from pathlib import Path

from lookalike.stores.local import schema


def make_older(folder: Path, version: int) -> None:
    """Turn the catalogue of a closed collection into one of an older version."""
    path = folder / "catalogue.sqlite3"
    older = folder / "older.sqlite3"
    connection = sqlite3.connect(older, isolation_level=None)
    for statements in schema.MIGRATIONS[:version]:
        for statement in statements:
            connection.execute(statement)
    connection.execute("DELETE FROM totals")
    connection.execute("ATTACH ? AS new", (str(path),))
    for (number,) in connection.execute("SELECT number FROM new.encoders").fetchall():
        connection.execute(schema.vectors_table(number))
    tables = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
    for (table,) in tables.fetchall():
        if table == "sqlite_sequence":
            continue
        rows = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
        columns = ", ".join(row[1] for row in rows)
        connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")
    connection.execute("DETACH new")
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    older.replace(path)
