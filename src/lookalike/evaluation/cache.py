"""Embeddings kept between evaluations, by the picture's digest and the encoder's fingerprint."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike._version import __version__
from lookalike.encoders.base import Encoder
from lookalike.encoders.sources import cache
from lookalike.errors import EnvironmentFailure

_SCHEMA = """
CREATE TABLE IF NOT EXISTS embeddings (
    encoder TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (sha256, encoder)
) WITHOUT ROWID
"""
_AT_A_TIME = 500


def default_path() -> Path:
    """`evaluation.sqlite` in lookalike's cache folder."""
    return cache.root() / "evaluation.sqlite"


class EmbeddingCache:
    """A file of embeddings; what is put into it is there for the next run, also after Ctrl-C.

    Raises:
        EnvironmentFailure: the file cannot be opened or written; the message names it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database:
                database.execute(_SCHEMA)
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
                database.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)
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
                    query = (
                        f"SELECT {columns} FROM embeddings WHERE {condition} sha256 IN ({marks})"  # noqa: S608 - all of it is ours
                    )
                    found += database.execute(query, (*values, *some)).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        return found

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)

    def _failure(self, error: Exception) -> EnvironmentFailure:
        return EnvironmentFailure(
            f"{self.path} cannot be used to keep embeddings: {error}. Delete it, or evaluate "
            "without keeping them (--no-cache)"
        )


def _key(encoder: Encoder) -> str:
    """All that an embedding depends on besides the picture's bytes."""
    spec = encoder.spec
    return f"{spec.name} {spec.size} {spec.fingerprint} {encoder.min_side} {__version__}"
