"""Indexes folders in a process of its own and says what is acknowledged; made to be killed.

Usage: indexing_child.py COLLECTION ENCODERS ON_DUPLICATE PATH...

COLLECTION is a folder, or the address of a collection on a server.

Prints one line per record, its id and uri in JSON, after the call that stored it has returned.
An encoder is a name that lookalike knows, or `tiny`, which takes 4 ms a picture.
"""

import contextlib
import json
import sys
from pathlib import Path

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder
from lookalike.ingest import IngestReport, ingest
from lookalike.records import OnDuplicate

sys.path.append(str(Path(__file__).resolve().parent.parent))
from store_at import open_store


class Acknowledging:
    """A store that prints what it has stored."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def upsert(self, entries):
        ids = self._store.upsert(entries)
        lines = [json.dumps([key, entry.uri]) for key, entry in zip(ids, entries, strict=True)]
        print(*lines, sep="\n", flush=True)
        return ids


def load(names: str) -> list[Encoder]:
    from ingest_parts import TinyEncoder

    known = {"tiny": lambda: TinyEncoder(seconds=0.004)}
    return [known[name]() if name in known else registry.load(name) for name in names.split(",")]


def run(
    collection: str | Path,
    names: str,
    paths: list[Path],
    *,
    on_duplicate: OnDuplicate = "keep",
    batch: int = 8,
) -> IngestReport:
    encoders = load(names)
    with contextlib.closing(open_store(collection)) as store:
        for encoder in encoders:
            store.add_encoder(encoder.spec)
        return ingest(Acknowledging(store), encoders, paths, on_duplicate=on_duplicate, batch=batch)


if __name__ == "__main__":
    collection, encoders, on_duplicate, *paths = sys.argv[1:]
    run(collection, encoders, list(map(Path, paths)), on_duplicate=on_duplicate)
