"""Pictures into a store: scan → read → decode → encode → upsert, overlapped and resumable."""

from lookalike.ingest.complete import embed_missing, trim_again
from lookalike.ingest.index import ingest, ingest_items, own_folder
from lookalike.ingest.report import IngestReport
from lookalike.ingest.table import ingest_table
from lookalike.sources.base import Failure, Item

__all__ = [
    "Failure",
    "IngestReport",
    "Item",
    "embed_missing",
    "ingest",
    "ingest_items",
    "ingest_table",
    "own_folder",
    "trim_again",
]
