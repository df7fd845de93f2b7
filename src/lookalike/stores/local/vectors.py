"""Embeddings and hashes, kept and dropped inside the caller's transaction."""

import sqlite3

import numpy as np

from lookalike.errors import UsageError
from lookalike.stores.base import Entry
from lookalike.stores.local import noting, qualities, trimming
from lookalike.stores.local.noting import Changes
from lookalike.stores.local.roster import Member, member

_NORM_TOLERANCE = 0.01


def write(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    entries: list[Entry],
    ids: list[int],
    old: list[int],
    changes: Changes,
) -> None:
    """Keep the vectors that came with entries for the records `ids`; `old` ones were there before.

    Raises:
        UsageError: one is no vector of its encoder, or a quality is none.
        UnknownEncoderError: the collection does not have an encoder.
    """
    by_encoder: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        qualities.check(entry)
        for name in entry.vectors:
            by_encoder.setdefault(name, []).append(place)
    for name, places in by_encoder.items():
        encoder = member(known, name)
        blobs = _blobs(encoder, [entries[place] for place in places])
        written = [ids[place] for place in places]
        replaced = noting.present(connection, encoder.table, set(written).intersection(old))
        connection.executemany(
            f"INSERT INTO {encoder.table} (id, vector) VALUES (?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET vector = excluded.vector",
            zip(written, blobs, strict=True),
        )
        noting.count_vectors(connection, encoder, len(written) - len(replaced))
        pairs = [(ids[place], entries[place]) for place in places]
        qualities.write(connection, encoder, pairs, replaced)
        if encoder.is_hash:
            trimming.drop(connection, encoder, replaced)
            changes.hashes.setdefault(name, set()).update(written)
        else:
            noting.mark(connection, encoder, written, changes)


def _blobs(encoder: Member, entries: list[Entry]) -> list[bytes]:
    """The vectors as the catalogue keeps them: float16 components, or the hash's bytes.

    Raises:
        UsageError: wrong shape or type, not finite, or not of unit length.
    """
    name, size = encoder.spec.name, encoder.spec.size
    width = size // 8 if encoder.is_hash else size
    for entry in entries:
        vector = entry.vectors[name]
        if getattr(vector, "shape", None) != (width,):
            raise UsageError(
                f"{entry.uri}: encoder {name!r} needs a vector of shape ({width},), "
                f"not {getattr(vector, 'shape', type(vector).__name__)}."
            )
    if encoder.is_hash:
        for entry in entries:
            if entry.vectors[name].dtype != np.uint8:
                raise UsageError(f"{entry.uri}: hashes of {name!r} are uint8 arrays.")
        return [entry.vectors[name].tobytes() for entry in entries]
    matrix = np.stack([entry.vectors[name] for entry in entries]).astype(np.float32, copy=False)
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
    wrong = np.flatnonzero(~(np.abs(norms - 1.0) <= _NORM_TOLERANCE))
    if len(wrong):
        raise UsageError(
            f"{entries[wrong[0]].uri}: the embedding for {name!r} has length "
            f"{norms[wrong[0]]:.4g}, not 1: divide it by its length first."
        )
    return [row.tobytes() for row in matrix.astype("<f2")]


def drop_outdated(
    connection: sqlite3.Connection,
    known: dict[str, Member],
    entries: list[Entry],
    ids: list[int],
    outdated: list[int],
    changes: Changes,
) -> None:
    """Delete the vectors that pictures with new bytes had of encoders that were not run again."""
    if not outdated:
        return
    given = {key: entry.vectors for entry, key in zip(entries, ids, strict=True)}
    for encoder in known.values():
        kept = [key for key in outdated if encoder.spec.name not in given[key]]
        lost = noting.present(connection, encoder.table, kept)
        lose(connection, encoder, lost, changes)
        connection.executemany(
            f"DELETE FROM {encoder.table} WHERE id = ?",  # noqa: S608
            [(key,) for key in lost],
        )
        if encoder.is_hash:
            trimming.drop(connection, encoder, lost)
        qualities.drop(connection, encoder, lost)


def lose(
    connection: sqlite3.Connection, encoder: Member, lost: list[int], changes: Changes
) -> None:
    """Note that these vectors are deleted in this transaction."""
    noting.count_vectors(connection, encoder, -len(lost))
    if encoder.is_hash:
        changes.hashes.setdefault(encoder.spec.name, set()).update(lost)
    else:
        noting.mark(connection, encoder, lost, changes)
