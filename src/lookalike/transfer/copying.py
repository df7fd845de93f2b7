"""A whole collection, or a part of it, from one store into another."""

import time
from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

from lookalike.arguments import condition, encoder_names
from lookalike.collection import Collection
from lookalike.errors import UsageError
from lookalike.search.choose import find
from lookalike.transfer import state as kept
from lookalike.transfer.belongings import (
    add_encoder,
    copy_decisions,
    copy_settings,
    copy_skipped,
)
from lookalike.transfer.clashes import refuse_clashes
from lookalike.transfer.part import Ids, Part
from lookalike.transfer.places import Place, opened, opened_target
from lookalike.transfer.report import CopyReport
from lookalike.transfer.state import State
from lookalike.transfer.sweep import sweep
from lookalike.transfer.verify import verify as compare
from lookalike.transfer.writing import write_links, write_records

if TYPE_CHECKING:
    from lookalike.filters import Filter
    from lookalike.records import EncoderSpec
    from lookalike.stores.base import Progress, Store


def copy(
    source: Place,
    target: Place,
    *,
    where: "str | Filter | None" = None,
    within: str | PathLike[str] | None = None,
    tenant: str | None = None,
    encoder: str | Sequence[str] | None = None,
    ids: Ids = "keep",
    delete: bool = False,
    bulk: str | None = None,
    verify: bool = True,
    verify_only: bool = False,
    progress: "Progress | None" = None,
) -> CopyReport:
    """Copy a collection into another from what it has stored, reading no picture.

    Records come with all their fields, times included, embeddings, hashes, qualities and trimmed
    hashes, projections, settings, decisions and skipped files. What a copy that was interrupted
    has done is not done again; one that had ended is brought up to date by copying again, which
    looks only at records that changed. The source may be written to meanwhile: what changed is
    copied in further passes.

    A target that is not empty is added to: records of the same tenant and uri are replaced, the
    others stay, and so do its own settings.

    Args:
        source: a collection's folder or address, or an open collection.
        target: the same; made when it is not there.
        where: copy only records that match this filter.
        within: copy only pictures below this folder.
        tenant: copy only this tenant's pictures.
        encoder: copy only the vectors of these encoders; all by default.
        ids: "keep" the source's, or "new" ones of the target's own; decisions and duplicates are
            kept with either.
        delete: also delete from the target what the source, or that part of it, does not have.
        bulk: insert into an empty collection on a Milvus server through files that the server
            reads by itself: a FOLDER that it sees too, FOLDER=PATH where it sees it as PATH, or
            s3://BUCKET/PREFIX of the bucket that it keeps its own data in.
        verify: compare both sides afterwards: every record, the number of vectors of each encoder
            and tenant, a sample of vectors, and searches with them.
        verify_only: only do that.
        progress: called as progress(stage, done, total).

    Raises:
        UsageError: both are one collection, ids clash (before anything is written), or the target
            has an encoder of the same name that is another.
        NotFoundError: there is no source.
    """
    if ids not in {"keep", "new"}:
        raise UsageError(f"ids are 'keep' or 'new', not {ids!r}")
    if bulk is not None and not isinstance(target, Collection) and "://" not in str(target):
        raise UsageError(f"{target} is no Milvus server, and --bulk is for those: copy without it")
    started = time.perf_counter()
    filtered = condition(where, within, tenant)
    with opened(source, read_only=True) as one:
        specs = _specs(one, encoder)
        with opened_target(target, one, read_only=verify_only) as other:
            if one.address == other.address:
                raise UsageError(f"{one.address} cannot be copied into itself")
            part = Part(filtered, specs, ids)
            if verify_only:
                checked_now = compare(one, other, part, progress)
                seconds = time.perf_counter() - started
                return CopyReport(seconds=seconds, verification=checked_now)
            return _copy(one, other, part, bulk, delete, verify, started, progress)


def _copy(
    source: "Store",
    target: "Store",
    part: Part,
    bulk: str | None,
    delete: bool,
    verify: bool,
    started: float,
    progress: "Progress | None",
) -> CopyReport:
    key = kept.key_of(source.address, part)
    before = kept.read(target, key)
    known = {spec.name for spec in target.encoders()}
    for spec in part.specs:
        if spec.name in known:
            # Refuses one that is another, before anything is written.
            target.add_encoder(spec)
    if bulk is not None:
        from lookalike.transfer.bulk import bulk_records, refuse_bulk

        staging = refuse_bulk(target, part, bulk)
    elif before is None:
        refuse_clashes(source, target, part, progress)
    notices = [
        notice
        for spec in part.specs
        if spec.name not in known and (notice := add_encoder(source, target, spec))
    ]
    writing = time.perf_counter()
    imported = 0
    if bulk is not None:
        begun = time.time()
        imported = bulk_records(source, target, part, staging, progress)
        kept.write(target, key, State(source.address, time.time(), begun))
    written = write_records(source, target, part, key, progress)
    writing = time.perf_counter() - writing
    _, lost = write_links(source, target, part, progress)
    if not written.settled:
        notices.append("the source is still being changed: copy again to bring over the rest")
    if lost:
        records = "1 record is a duplicate" if lost == 1 else f"{lost:,} records are duplicates"
        notices.append(f"{records} of one that was not copied, and not linked any more")
    for setting in copy_settings(source, target, part):
        notices.append(f"the target's own setting {setting!r} stayed")
    decisions = copy_decisions(source, target, part)
    skipped = copy_skipped(source, target, part)
    deleted = sweep(source, target, part, progress) if delete else 0
    target.optimize(progress)
    kept.finish(target, key)
    report = CopyReport(
        records=imported + written.records,
        unchanged=0 if imported else written.unchanged,
        deleted=deleted,
        decisions=decisions,
        skipped=skipped,
        writing=writing,
        verification=compare(source, target, part, progress) if verify else None,
        seconds=time.perf_counter() - started,
        notices=tuple(notices),
    )
    if verify and not report.ok and before is not None and before.done:
        # What an earlier copy had brought was changed in the target: bring all of it again.
        kept.forget(target, key)
        return _copy(source, target, part, None, delete, verify, started, progress)
    return report


def _specs(source: "Store", encoder: str | Sequence[str] | None) -> "tuple[EncoderSpec, ...]":
    """The encoders to copy; UsageError for one that the source does not have."""
    if encoder is None:
        return source.encoders()
    return tuple(find(source.encoders(), name) for name in encoder_names(encoder))
