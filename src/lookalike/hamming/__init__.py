"""Exact search by Hamming distance among hashes of 8 to 256 bits; usable without a collection."""

from lookalike.hamming.index import Found, HammingIndex

__all__ = ["Found", "HammingIndex"]
