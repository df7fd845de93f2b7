"""Values that belong to the collection as a whole, as JSON by key.

`DECLARED` and keys that begin with `INDEX` are the store's own.
"""

import json
import sqlite3
from typing import Any

from lookalike.errors import UsageError
from lookalike.stores.local.catalogue import Catalogue

INDEX = "index "
"""How the keys begin that hold the index of an encoder, whose name follows."""
DECLARED = "declared attributes"
"""The key of what declared attributes hold, by name."""


def read(catalogue: Catalogue, key: str) -> Any | None:
    """The value of a key, None when there is none."""
    rows = catalogue.read("SELECT value FROM settings WHERE key = ?", (key,))
    return json.loads(rows[0][0]) if rows else None


def read_all(catalogue: Catalogue) -> dict[str, Any]:
    """All values by key, but the store's own."""
    rows = catalogue.read("SELECT key, value FROM settings ORDER BY key")
    return {
        key: json.loads(value)
        for key, value in rows
        if key != DECLARED and not key.startswith(INDEX)
    }


def write(connection: sqlite3.Connection, key: str, value: Any | None) -> None:
    """Keep a value, or forget it with None.

    Raises:
        UsageError: JSON cannot hold it.
    """
    if value is None:
        connection.execute("DELETE FROM settings WHERE key = ?", (key,))
        return
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The setting {key!r} cannot be kept as JSON: {error}.") from error
    connection.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, text),
    )
