"""What servers of which version can do, beside index kinds (see `lookalike.indexes`), and limits.

From Milvus's release notes and documentation of 2.3 to 3.0, and from what a server of 2.3.5 was
seen to do.
"""

from dataclasses import dataclass

from lookalike.errors import UsageError

Version = tuple[int, int, int]

OLDEST: Version = (2, 3, 0)
"""The first version with upserts, and with JSON in filters beside binary range search."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that servers can do from a version on."""

    name: str
    since: Version
    about: str


_ALL = (
    # Merged into 2.3 on 22 February 2024 (milvus pull request 30773); 2.3.10, of those days, may
    # have it too. It counts when a collection is made, which then stays as it is.
    Capability("keyed upsert", (2, 3, 11), "upserts go to the partition of their partition key"),
    Capability("parquet import", (2, 3, 4), "bulk imports of Parquet files"),
    Capability("infix", (2, 4, 0), 'filters with `like "%text%"`'),
    Capability("scalar index", (2, 4, 0), "inverted indexes of columns, JSON not among them"),
    Capability("several vectors", (2, 4, 0), "several vectors in one collection"),
    Capability("grouping", (2, 4, 0), "searches that return the best of each value of a column"),
    Capability("nullable", (2, 5, 0), "columns without a value"),
    Capability("json index", (2, 5, 11), "indexes of paths within JSON"),
    Capability("partial update", (2, 6, 2), "upserts of some columns alone"),
)
CAPABILITIES: dict[str, Capability] = {one.name: one for one in _ALL}
"""Every capability that is asked about, by name."""


def can(version: Version, name: str) -> bool:
    """Whether a server of that version has a capability."""
    return CAPABILITIES[name].since <= version


def need(version: Version, name: str, why: str) -> None:
    """See that a server can do something.

    Raises:
        UsageError: it cannot; says what it was needed for, and from which version on it can.
    """
    one = CAPABILITIES[name]
    if not can(version, name):
        raise UsageError(
            f"{why}: that takes {one.about}, which Milvus has from {_text(one.since)} on, and this "
            f"server is of {_text(version)}."
        )


def check_version(version: Version, server: str) -> None:
    """Refuse a server that is too old.

    Raises:
        UsageError: it is.
    """
    if version < OLDEST:
        raise UsageError(
            f"Milvus at {server} is of {_text(version)}; lookalike needs {_text(OLDEST)} or newer."
        )


def _text(version: Version) -> str:
    return ".".join(map(str, version))
