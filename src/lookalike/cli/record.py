"""Records on the command line: naming one, and printing one as JSON."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lookalike.errors import NotFoundError

if TYPE_CHECKING:
    from lookalike.collection import Collection
    from lookalike.records import Record


def find(collection: "Collection", name: str, tenant: str | None = None) -> "Record":
    """The record of an id, a path or a URL.

    Digits are an id; a file whose name is all digits is written `./123`.

    Args:
        collection: where to look.
        name: the id, path or URL.
        tenant: whose record it must be. By default an id may be anybody's, and a path or URL,
            which several tenants can have, is that of no tenant.

    Raises:
        NotFoundError: there is none.
        UsageError: the tenant's name is no text.
    """
    from lookalike.arguments import text_of

    if tenant is not None:
        text_of(tenant, "tenant")
    of = f" of tenant {tenant!r}" if tenant else ""
    if name.isdecimal() and len(name) <= 19:
        record = collection.get(int(name)) if int(name) < 2**63 else None
        if record is None or tenant not in {None, record.tenant}:
            raise NotFoundError(f"there is no record{of} with id {name}")
        return record
    record = collection.find(os.path.expanduser(name), tenant or "")
    if record is None:
        raise NotFoundError(f"there is no record{of} of {name} in the collection")
    return record


def to_dict(record: "Record") -> dict[str, Any]:
    """A record as JSON values: digests in hex, times as ISO 8601 in UTC."""
    return {
        "id": record.id,
        "uri": record.uri,
        "tenant": record.tenant,
        "sha256": record.sha256.hex() if record.sha256 else None,
        "md5": record.md5.hex() if record.md5 else None,
        "size": record.size,
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "modified": moment(record.modified_ns / 1e9) if record.modified_ns is not None else None,
        "pixels": record.pixels.hex() if record.pixels else None,
        "border": record.border,
        "duplicate_of": record.duplicate_of,
        "added": moment(record.added),
        "updated": moment(record.updated),
        "attributes": dict(record.attributes),
    }


def moment(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
