"""The ids that records get by their names, so that the same picture is one record to everybody."""

import hashlib
import re
from collections.abc import Iterable

from lookalike.records import MAX_ID

LARGEST = MAX_ID - 1
"""The largest id that a server keeps: of a row whose key is 2^63 − 1 it says nothing any more."""

_NUMBERED = re.compile(r"id:(0|[1-9][0-9]{0,18})", re.ASCII)


def natural_id(tenant: str, uri: str, salt: int = 0) -> int:
    """The id of a record by its tenant and uri: 63 bits of BLAKE2b (RFC 7693).

    `salt` counts the records that were in the way. The uri `id:N`, which vectors without a name
    get, is record N.
    """
    if salt == 0 and (found := _NUMBERED.fullmatch(uri)) and int(found[1]) <= LARGEST:
        return int(found[1])
    name = f"{salt}\0{tenant}\0{uri}".encode()
    return (int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) & MAX_ID) % MAX_ID


def possible(ids: Iterable[int]) -> list[int]:
    """Those of the ids that a server may have, and that it can be asked for."""
    return [key for key in ids if 0 <= key <= LARGEST]
