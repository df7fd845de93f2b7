"""Embeddings and hashes as files: out of a collection, into any engine, and back."""

from lookalike.embeddings.export import export_embeddings
from lookalike.embeddings.restore import import_embeddings

__all__ = ["export_embeddings", "import_embeddings"]
