"""Deciding about duplicates: pairs out of what a person said, and out of a page's file."""

import json
import time
from collections.abc import Sequence
from itertools import combinations
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

from lookalike.errors import NotFoundError, UsageError
from lookalike.records import MAX_ID, Decision
from lookalike.stores.base import Store

Kind = Literal["different", "keep", "ignore"]

FORMAT = "lookalike decisions"
"""What a file of decisions says that it is."""

MOST_DIFFERENT = 300
"""Records that can be said to be all different at once: 44,850 pairs."""

_MOST_BYTES = 256 * 2**20


def decide(store: Store, kind: Kind, ids: Sequence[int], tenant: str | None = None) -> int:
    """Remember what was decided about some records; returns how many pairs that are.

    "different" says it of each two of them; "keep" and "ignore" tie the first to each other one.

    Raises:
        UsageError: there is no such decision, or fewer than two records.
        NotFoundError: one of them is not there.
    """
    if kind not in get_args(Kind):
        raise UsageError(f"a decision is one of {', '.join(get_args(Kind))}, got {kind!r}")
    ids = list(dict.fromkeys(ids))
    if len(ids) < 2:
        raise UsageError("a decision is about two records or more")
    for id_, record in zip(ids, store.get(ids), strict=True):
        if record is None or tenant not in {None, record.tenant}:
            raise NotFoundError(f"there is no record with id {id_}")
    pairs = [(ids[0], other) for other in ids[1:]]
    if kind == "different":
        if len(ids) > MOST_DIFFERENT:
            raise UsageError(f"at most {MOST_DIFFERENT} records can be all different at once")
        pairs = list(combinations(ids, 2))
    made = time.time()
    store.decide([Decision(kind, min(pair), max(pair), made) for pair in pairs])
    return len(pairs)


def decide_by_file(
    store: Store, path: str | PathLike[str], tenant: str | None = None
) -> tuple[int, list[str]]:
    """Remember the decisions in a file that the page of duplicates saved.

    Returns:
        How many pairs were decided, and why others were left out.

    Raises:
        UsageError: the file is not one of decisions.
        OSError: it cannot be read.
    """
    made = time.time()
    kept: list[Decision] = []
    left_out: list[str] = []
    for number, one in enumerate(_read(Path(path)), 1):
        kind: Any = one.get("kind")
        pair: tuple[Any, Any] = one.get("first"), one.get("second")
        uris = (one.get("first_uri"), one.get("second_uri"))
        right = kind in get_args(Kind) and all(type(id_) is int for id_ in pair)
        if not right or pair[0] == pair[1] or not all(0 <= id_ <= MAX_ID for id_ in pair):
            raise UsageError(f"{path}: decision {number} is not one: {json.dumps(one)[:200]}")
        records = store.get(list(pair))
        gone = [
            id_
            for id_, record in zip(pair, records, strict=True)
            if record is None or tenant not in {None, record.tenant}
        ]
        other = [
            record.id
            for uri, record in zip(uris, records, strict=True)
            if record is not None and uri != record.uri
        ]
        if gone or other:
            why = "is not there" if gone else "is another picture than the page showed"
            left_out.append(f"decision {number}: record {(gone or other)[0]} {why}")
            continue
        kept.append(Decision(kind, min(pair), max(pair), made))
    if kept:
        store.decide(kept)
    return len(kept), left_out


def undo(store: Store, ids: Sequence[int] = (), tenant: str | None = None) -> int:
    """Forget all decisions about some records, or without any the last that were made together.

    Returns:
        How many pairs were forgotten.
    """
    decisions = of_tenant(store, tenant)
    if ids:
        wanted = set(ids)
        gone = [one for one in decisions if one.first in wanted or one.second in wanted]
    else:
        last = max((one.made for one in decisions), default=0.0)
        gone = [one for one in decisions if one.made == last]
    if gone:
        store.forget_decisions(gone)
    return len(gone)


def of_tenant(store: Store, tenant: str | None) -> list[Decision]:
    """All that was decided, in order of ids, or what is about one tenant's records alone."""
    decisions = store.decisions()
    if tenant is None:
        return decisions
    ids = sorted({id_ for one in decisions for id_ in (one.first, one.second)})
    own = {record.id for record in store.get(ids) if record and record.tenant == tenant}
    return [one for one in decisions if one.first in own and one.second in own]


def _read(path: Path) -> list[dict[str, Any]]:
    wrong = UsageError(
        f"{path} is not a file of decisions: save one from the page that "
        "`lookalike duplicates --html PAGE` writes"
    )
    if path.stat().st_size > _MOST_BYTES:
        raise wrong
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise wrong from None
    if not (isinstance(value, dict) and value.get("format") == FORMAT):
        raise wrong
    decisions = value.get("decisions")
    if not (isinstance(decisions, list) and all(isinstance(one, dict) for one in decisions)):
        raise wrong
    return decisions
