"""Which part of a source one of several processes adds to a collection, and whether it may."""

import os

from lookalike.arguments import checked
from lookalike.errors import UsageError
from lookalike.sources.shard import Shard
from lookalike.stores.base import Store

SHARD = "shard"
"""The setting that says which part of a source a collection of one writer is for."""


def own_part(shard: Shard | str | None, store: Store) -> Shard | None:
    """The part to take; None for all.

    Raises:
        UsageError: there is no such part, or the store takes one writer at a time and has pictures
            that are not of this part.
    """
    checked(shard, str | Shard | None, "a shard is a text such as 0/4")
    part = Shard.parse(shard, os.environ) if isinstance(shard, str) else shard
    if part is None or part.of == 1:
        return None
    if not store.many_writers:
        _keep_to(part, store)
    return part


def _keep_to(part: Shard, store: Store) -> None:
    """See that a collection that one process at a time can write gets one part, and no other."""
    known = store.setting(SHARD)
    if known == str(part):
        return
    if known is None and not store.count():
        store.set_setting(SHARD, str(part))
        return
    holds = f"part {known}" if known else "other pictures"
    raise UsageError(
        f"shard {part}: this collection has {holds}, and one process at a time can write to it: "
        f"give every part a collection of its own, such as -c part-{part.number}.lookalike, and "
        "put them together with `lookalike copy --ids new`, or index into a server "
        "(milvus://HOST/NAME), which takes many writers"
    )
