"""Embeddings kept between evaluations, by the picture's digest and the encoder's fingerprint."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

import lookalike
from lookalike._version import __version__
from lookalike.encoders.base import Encoder
from lookalike.encoders.sources.cache import root
from lookalike.errors import EnvironmentFailure

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    number INTEGER PRIMARY KEY,
    encoder TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (sha256, encoder)
)
"""
LARGEST = 1 << 30
"""Most bytes of the file; beyond them what was kept first is forgotten."""

_AT_A_TIME = 500


def default_path() -> Path:
    """`evaluation.sqlite` in lookalike's cache folder."""
    return root() / "evaluation.sqlite"


class EmbeddingCache:
    """A file of embeddings; what is put into it is there for the next run, also after Ctrl-C.

    Raises:
        EnvironmentFailure: the file cannot be opened or written; the message names it.
    """

    def __init__(self, path: Path, *, largest: int = LARGEST) -> None:
        self.path = path
        self.largest = largest
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database:
                database.execute(_SCHEMA)
                # A file that can only be read is none to keep anything in.
                database.execute("BEGIN IMMEDIATE")
        except (OSError, sqlite3.Error) as error:
            raise self._failure(error) from error

    def get(self, encoder: Encoder, digests: Sequence[bytes]) -> dict[bytes, NDArray[Any]]:
        """What is known: (dim,) float32 or (bits/8,) uint8 by SHA-256."""
        dtype = np.uint8 if encoder.spec.kind == "hash" else np.float32
        rows = self._look_up("sha256, vector", "encoder = ? AND", [_key(encoder)], digests)
        return {sha256: np.frombuffer(data, dtype) for sha256, data in rows}

    def decoded(self, digests: Sequence[bytes]) -> set[bytes]:
        """Which of the pictures some encoder has encoded before: they can be read."""
        return {sha256 for (sha256,) in self._look_up("DISTINCT sha256", "", [], digests)}

    def put(self, encoder: Encoder, vectors: Mapping[bytes, NDArray[Any]]) -> None:
        """Keep vectors by SHA-256."""
        rows = [(_key(encoder), sha256, vector.tobytes()) for sha256, vector in vectors.items()]
        try:
            with closing(self._open()) as database, database:
                database.executemany(
                    "INSERT OR REPLACE INTO vectors (encoder, sha256, vector) VALUES (?, ?, ?)",
                    rows,
                )
                self._forget(database, len(rows))
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _look_up(
        self, columns: str, condition: str, values: Sequence[str], digests: Sequence[bytes]
    ) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        try:
            with closing(self._open()) as database:
                for start in range(0, len(digests), _AT_A_TIME):
                    some = digests[start : start + _AT_A_TIME]
                    marks = ",".join("?" * len(some))
                    query = f"SELECT {columns} FROM vectors WHERE {condition} sha256 IN ({marks})"  # noqa: S608 - all of it is ours
                    found += database.execute(query, (*values, *some)).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return found

    def _forget(self, database: sqlite3.Connection, added: int) -> None:
        """Drop the oldest rows of a file that is too large, twice as many as were added."""
        (pages,), (free,), (size,) = (
            database.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size > self.largest:
            oldest = "SELECT number FROM vectors ORDER BY number LIMIT ?"
            database.execute(f"DELETE FROM vectors WHERE number IN ({oldest})", (2 * added,))  # noqa: S608 - all of it is ours

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)

    def _failure(self, error: Exception) -> EnvironmentFailure:
        # Of sqlite3's errors, the operational ones say nothing against the file's contents.
        damaged = isinstance(error, sqlite3.DatabaseError) and self.path.is_file()
        damaged = damaged and not isinstance(error, sqlite3.OperationalError)
        advice = f": delete {self.path}" if damaged else ""
        return EnvironmentFailure(
            f"{self.path} cannot be used to keep embeddings ({error}){advice}"
        )


def _key(encoder: Encoder) -> str:
    """All that an embedding depends on besides the picture's bytes."""
    spec = encoder.spec
    return f"{spec.name} {spec.size} {spec.fingerprint} {encoder.min_side} {_code()}"


@cache
def _code() -> str:
    """A digest of the code between a picture's bytes and its embedding, Pillow's version included.

    Fingerprints are about models; how pictures are decoded and resized changes with the program.
    """
    digest = hashlib.sha256(f"{__version__} {PIL.__version__}".encode())
    for part in ("imaging", "encoders"):
        for path in sorted(Path(lookalike.__file__).with_name(part).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
