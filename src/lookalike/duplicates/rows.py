"""The records that are compared, as arrays: a million of them in 60 MB."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.filters import Filter
from lookalike.stores.base import Progress, Store

_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One row a record, in order of id.

    `ids` (n,) int64; `tenants` (n,) int64, equal for records of the same tenant; `sha256` (n,)
    S32 and `pixels` (n,) S16, empty where not known.
    """

    ids: NDArray[np.int64]
    tenants: NDArray[np.int64]
    sha256: NDArray[np.bytes_]
    pixels: NDArray[np.bytes_]

    def __len__(self) -> int:
        return len(self.ids)

    def places(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The row of each id, and whether there is one."""
        if not len(self.ids):
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.bool_)
        rows = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return rows, self.ids[rows] == ids


def read_rows(
    store: Store, where: Filter | None, least_bytes: int, progress: Progress | None
) -> Rows:
    """The rows of the records that match and have at least so many bytes."""
    numbers: dict[str, int] = {}
    total = store.count(where)
    parts: list[tuple[NDArray[Any], ...]] = []
    records = store.scan(where)
    done = 0
    while some := list(islice(records, _AT_A_TIME)):
        done += len(some)
        if least_bytes:
            some = [record for record in some if (record.size or 0) >= least_bytes]
        parts.append(
            (
                np.array([record.id for record in some], np.int64),
                np.array(
                    [numbers.setdefault(record.tenant, len(numbers)) for record in some], np.int64
                ),
                np.array([record.sha256 or b"" for record in some], "S32"),
                np.array([record.pixels or b"" for record in some], "S16"),
            )
        )
        if progress is not None:
            progress("read records", done, max(total, done))
    if not parts:
        nothing = np.empty(0, np.int64)
        return Rows(nothing, nothing, np.empty(0, "S32"), np.empty(0, "S16"))
    ids, tenants, sha256, pixels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Rows(ids, tenants, sha256, pixels)
