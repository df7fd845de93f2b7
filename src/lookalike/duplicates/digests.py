"""Edges between records whose bytes, or whose pixels, are the same."""

import numpy as np
from numpy.typing import NDArray

from lookalike.duplicates.edges import Edges, Evidence, edges
from lookalike.duplicates.rows import Rows


def same_bytes(rows: Rows) -> Edges:
    """Edges between equal SHA-256 digests of a tenant."""
    return _same(rows, rows.sha256, Evidence.BYTES)


def same_pixels(rows: Rows) -> Edges:
    """Edges between equal digests of the pixels of a tenant, where they are known."""
    return _same(rows, rows.pixels, Evidence.PIXELS)


def _same(rows: Rows, digests: NDArray[np.bytes_], evidence: Evidence) -> Edges:
    """Each record of equal digests tied to the first of them: as few edges as a group needs."""
    known = np.flatnonzero(digests != b"")
    order = known[np.lexsort((known, digests[known], rows.tenants[known]))]
    values, tenants = digests[order], rows.tenants[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (values[1:] != values[:-1]) | (tenants[1:] != tenants[:-1])
    heads = order[np.flatnonzero(new)[np.cumsum(new) - 1]]
    return edges(heads[~new], order[~new], evidence)
