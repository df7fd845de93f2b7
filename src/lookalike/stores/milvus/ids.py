"""The ids that records get by their names, so that the same picture is one record to everybody."""

import hashlib
import re

from lookalike.records import MAX_ID

_NUMBERED = re.compile(r"id:(0|[1-9][0-9]{0,18})", re.ASCII)


def natural_id(tenant: str, uri: str, salt: int = 0) -> int:
    """The id of a record by its tenant and uri: 63 bits of BLAKE2b (RFC 7693).

    `salt` counts the records that were in the way. The uri `id:N`, which vectors without a name
    get, is record N.
    """
    if salt == 0 and (found := _NUMBERED.fullmatch(uri)) and int(found[1]) <= MAX_ID:
        return int(found[1])
    name = f"{salt}\0{tenant}\0{uri}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) & MAX_ID
