"""What a collection has beside its records: encoders, settings, decisions, skipped files."""

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from lookalike.errors import UsageError
from lookalike.ingest.complete import UNTRIMMED
from lookalike.sharding import SHARD
from lookalike.transfer.part import Part
from lookalike.transfer.state import PREFIX

if TYPE_CHECKING:
    from lookalike.records import Decision, EncoderSpec, Skipped
    from lookalike.stores.base import Store

_ROWS = 2000
_OWN = (PREFIX, SHARD)
"""How the keys of settings begin that are of one store, and not of what is in it."""


def add_encoder(source: "Store", target: "Store", spec: "EncoderSpec") -> str:
    """Add an encoder with its projection, and with its index where both are stores of a kind.

    Stores of two kinds choose by other rules, so the target does.

    Returns:
        What could not be had, in words; empty when all is well.
    """
    projection = source.projection(spec.name) if spec.kind == "embedding" else None
    if source.many_writers != target.many_writers:
        target.add_encoder(spec, projection)
        return ""
    index = source.index(spec.name)
    try:
        target.add_encoder(spec, projection, index)
    except UsageError as error:
        target.add_encoder(spec, projection)
        return f"{spec.name} has another index than {index}: {error}"
    return ""


def settings_of(source: "Store") -> dict[str, Any]:
    """The settings that are of what is in a collection, by key."""
    return {key: value for key, value in source.settings().items() if not key.startswith(_OWN)}


def copy_settings(source: "Store", target: "Store", part: Part) -> list[str]:
    """Copy settings; the target's own stay.

    Returns:
        The keys of those that stayed although the source says otherwise.
    """
    differ = []
    there = target.settings()
    for key, value in settings_of(source).items():
        if key == UNTRIMMED:
            # New ids are in no order of the source's: all are looked at.
            first = value if part.ids == "keep" else -1
            target.set_setting(key, min(first, there.get(key, first)))
        elif key not in there:
            target.set_setting(key, value)
        elif there[key] != value:
            differ.append(key)
    return differ


def copy_decisions(source: "Store", target: "Store", part: Part) -> int:
    """Copy decisions about pairs of which both are in the target; a later one there stays."""
    newer = {(one.first, one.second): one.made for one in target.decisions()}
    copied = 0
    decisions = iter(source.decisions())
    while some := list(islice(decisions, _ROWS)):
        ids = part.translated(
            source, target, list({key for one in some for key in (one.first, one.second)})
        )
        pairs: list[Decision] = []
        for one in some:
            if one.first in ids and one.second in ids:
                first, second = sorted((ids[one.first], ids[one.second]))
                copied += 1
                if newer.get((first, second), -1.0) < one.made:
                    pairs.append(replace(one, first=first, second=second))
        if pairs:
            target.decide(pairs)
    return copied


def copy_skipped(source: "Store", target: "Store", part: Part) -> int:
    """Copy which files were not added, as duplicates of records that are in the target."""
    files = source.all_skipped()
    copied = 0
    while some := list(islice(files, _ROWS)):
        ids = part.translated(source, target, list({file.duplicate_of for file in some}))
        known: list[Skipped] = [
            replace(file, duplicate_of=ids[file.duplicate_of])
            for file in some
            if file.duplicate_of in ids
        ]
        if known:
            target.skip(known)
        copied += len(known)
    return copied
