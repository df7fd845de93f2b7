"""Exact search by Hamming distance among hashes of 8 to 256 bits; usable without a collection."""

from lookalike.hamming.index import HammingIndex
from lookalike.hamming.levels import Found

__all__ = ["Found", "HammingIndex"]
