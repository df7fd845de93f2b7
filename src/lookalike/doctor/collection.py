"""The health of a collection: whether it opens, its counts agree, and its indexes are built."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from lookalike.doctor.finding import Finding, ok, problem, warning
from lookalike.errors import LookalikeError, NotFoundError
from lookalike.views.text import size

if TYPE_CHECKING:
    from lookalike.stores.base import StoreStats


class Told(Protocol):
    """What is told to later checks."""

    index_bytes: int
    encoders: tuple[str, ...]


def check(target: str, told: Told) -> Iterator[Finding]:
    """A collection by its folder or address, opened only to be read."""
    from lookalike.opening import open_collection

    if "://" not in target and not os.path.lexists(target):
        yield ok("collection", f"there is none at {target} yet: `lookalike index` makes one")
        return
    try:
        with open_collection(target, create=False, read_only=True) as opened:
            stats = opened.stats()
    except NotFoundError as error:
        yield ok("collection", f"{error}")
        return
    except LookalikeError as error:
        yield problem("collection", str(error), "docs/collections.md says how to mend one")
        return
    told.index_bytes = sum(one.index_bytes for one in stats.encoders)
    told.encoders = tuple(one.spec.name for one in stats.encoders)
    yield from judge(stats)
    if "://" not in target:
        yield from _files(target)


def judge(stats: "StoreStats") -> Iterator[Finding]:
    """What the counts of a collection say."""
    whole = stats.catalogue_bytes + sum(one.index_bytes for one in stats.encoders)
    for said in stats.problems:
        yield problem("collection", said, "`lookalike rebuild` makes the indexes anew")
    if not stats.problems:
        taken = f", {size(whole)}" if stats.catalogue_bytes else ""
        yield ok("collection", f"{stats.records:,} records{taken}")
    for one in stats.encoders:
        topic = f"encoder {one.spec.name}"
        if any(said.startswith(f"{one.spec.name}: ") for said in stats.problems):
            continue
        if one.vectors < stats.records:
            yield warning(
                topic,
                f"{stats.records - one.vectors:,} of {stats.records:,} records have no vector",
                "`lookalike index` on their folders completes them; pictures that cannot be read "
                "never get one",
            )
        elif one.vectors > stats.records and one.spec.kind == "embedding":
            yield problem(
                topic,
                f"{one.vectors:,} vectors for {stats.records:,} records",
                "`lookalike rebuild` sweeps what has no record",
            )
        elif one.indexed < one.vectors // 2 and one.vectors > 100_000:
            yield warning(
                topic,
                f"{one.indexed:,} of {one.vectors:,} vectors are in the index",
                "searches compare with the others one by one: `lookalike rebuild` builds it",
            )
        else:
            yield ok(topic, f"{one.vectors:,} vectors, {one.indexed:,} of them in the index")


def _files(folder: str) -> Iterator[Finding]:
    """Who may write to the folder."""
    if os.access(folder, os.W_OK):
        return
    yield warning(
        "collection",
        f"{folder} cannot be written to by this user",
        "searching works, exactly and slowly; to index, have the folder made yours",
    )
