"""What would be done to the files of duplicates, and what is refused; nothing is touched."""

import os
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, get_args

from lookalike.arguments import PATH, checked
from lookalike.duplicates.moving.files import is_link_to
from lookalike.duplicates.report import Group, Member
from lookalike.errors import UsageError
from lookalike.records import Record
from lookalike.sources.uri import to_path
from lookalike.stores.base import Store

Link = Literal["hard", "symbolic"]


@dataclass(frozen=True, slots=True)
class Step:
    """One file to move, to turn into a link, or both.

    `target`, below `folder`, is "" where the file becomes a link without being moved; `link` is ""
    where none is left in its place. `size`, `modified_ns` and `sha256` (hex) are of the file as it
    was indexed; `best` and `best_sha256` are of the one that stays.
    """

    id: int
    tenant: str
    source: str
    folder: str
    target: str
    link: Literal["", "hard", "symbolic"]
    size: int
    modified_ns: int
    sha256: str
    best: str
    best_sha256: str


@dataclass(frozen=True, slots=True)
class Moves:
    """The steps, in order, and the files that nothing is done to: (uri, why)."""

    steps: tuple[Step, ...]
    refused: tuple[tuple[str, str], ...]

    @property
    def bytes(self) -> int:
        """What the files of the steps take."""
        return sum(step.size for step in self.steps)


def plan(
    store: Store,
    groups: Iterable[Group],
    folder: str | PathLike[str] | None = None,
    *,
    link: Link | None = None,
    below: str | PathLike[str] | None = None,
    collection: Path | None = None,
    unfinished: Collection[str] = (),
) -> Moves:
    """See `Collection.plan_moves`.

    Nothing goes into the folder of the `collection`; `unfinished` are the paths of files that an
    interrupted run is not done with.
    """
    if folder is None and link is None:
        raise UsageError("what shall be done? Give a folder to move to, a kind of link, or both")
    if link is not None and link not in get_args(Link):
        raise UsageError(f"a link is hard or symbolic, got {link!r}")
    for path in (folder, below):
        checked(path, PATH | None, "a folder is a path")
    root = None if folder is None else os.path.abspath(folder)
    top = os.path.abspath(os.sep if below is None else below)
    if root is not None and os.path.lexists(root) and not os.path.isdir(root):
        raise UsageError(f"{folder} is not a folder")
    if root is not None and collection is not None and _is_within(root, collection):
        raise UsageError(f"{folder} is in the collection's own folder: name another one")
    steps: list[Step] = []
    refused: list[tuple[str, str]] = []
    for group in groups:
        shared = _shared(store, group)
        for best, one in _open(group, linked=root is None):
            if root is None and _linked(best, one.record):
                continue
            try:
                if one.record.uri in unfinished:
                    raise ValueError("an interrupted run is not done with it; --apply finishes it")
                steps.append(_step(best, one, shared, root, link or "", top))
            except ValueError as error:
                refused.append((one.record.uri, str(error)))
    return Moves(tuple(steps), tuple(refused))


def _is_within(root: str, collection: Path) -> bool:
    inside, folder = os.path.realpath(root), os.path.realpath(collection)
    return inside == folder or inside.startswith(os.path.join(folder, ""))


def _linked(best: Record, record: Record) -> bool:
    """Whether a record's file is a link to the other's already, or the other's one to it."""
    source, kept = to_path(record.uri), to_path(best.uri)
    return source is not None and kept is not None and is_link_to(source, kept)


def unchanged(path: Path, size: int | None, modified_ns: int | None) -> None:
    """See that a path leads to the regular file that was indexed; ValueError if not."""
    try:
        found = os.lstat(path)
    except OSError as error:
        raise ValueError((error.strerror or str(error)).lower()) from None
    if stat.S_ISLNK(found.st_mode):
        raise ValueError("it is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is not a regular file")
    if (found.st_size, found.st_mtime_ns) != (size, modified_ns):
        raise ValueError("it has changed since it was indexed")


def _open(group: Group, *, linked: bool) -> Iterator[tuple[Record, Member]]:
    """The open duplicates, each with what stays of it.

    That is the best of the group; of those that are only `linked`, the first with the same bytes.
    """
    same = Counter(one.record.sha256 for one in group.others)
    first = {one.record.sha256: one.record for one in reversed(group.others)}
    first[group.best.sha256] = group.best
    for one in group.open:
        kept = first[one.record.sha256] if linked else group.best
        if kept is not one.record:
            yield kept, one
        elif same[one.record.sha256] == 1:
            yield group.best, one


def _shared(store: Store, group: Group) -> set[str]:
    """The uris of duplicates that another tenant has as well, for whom each may be the only one."""
    digests = {one.record.sha256 for one in group.open if one.record.sha256 is not None}
    found = store.find_digests(list(digests), tenant=None)
    uris = Counter(record.uri for records in found.values() for record in records)
    return {uri for uri, count in uris.items() if count > 1}


def _step(
    best: Record,
    one: Member,
    shared: Collection[str],
    root: str | None,
    link: Literal["", "hard", "symbolic"],
    top: str,
) -> Step:
    record = one.record
    if record.uri in shared:
        raise ValueError("another record needs the file, too")
    source, kept = _file(record), _file_to_keep(best)
    if root is None and record.sha256 != best.sha256:
        raise ValueError("its bytes are others than the best one's, and a link would lose them")
    if record.size is None or record.modified_ns is None or record.sha256 is None:
        raise ValueError("it was never read as a file")
    unchanged(source, record.size, record.modified_ns)
    assert best.sha256 is not None
    return Step(
        id=record.id,
        tenant=record.tenant,
        source=str(source),
        folder=root or "",
        target="" if root is None else _target(str(source), root, top),
        link=link,
        size=record.size,
        modified_ns=record.modified_ns,
        sha256=record.sha256.hex(),
        best=str(kept),
        best_sha256=best.sha256.hex(),
    )


def _file(record: Record) -> Path:
    path = to_path(record.uri)
    if path is None:
        raise ValueError("it is no local file")
    if os.path.normpath(path) != str(path):
        raise ValueError("its path is not a plain one")
    return path


def _file_to_keep(best: Record) -> Path:
    try:
        path = _file(best)
        unchanged(path, best.size, best.modified_ns)
    except ValueError as error:
        raise ValueError(f"the one to keep, {best.uri}, cannot be relied on: {error}") from None
    if best.sha256 is None:
        raise ValueError(f"the one to keep, {best.uri}, was never read as a file")
    return path


def _target(source: str, root: str, top: str) -> str:
    """Where a file goes: its folders below `top`, kept below `root`."""
    if source.startswith(os.path.join(root, "")):
        raise ValueError("it is in that folder already")
    inside = os.path.relpath(source, top)
    if inside.split(os.sep)[0] == os.pardir or os.path.isabs(inside):
        inside = os.path.splitdrive(source)[1].lstrip(os.sep)
    target = os.path.normpath(os.path.join(root, inside))
    if not target.startswith(os.path.join(root, "")):
        raise ValueError("its path leads out of the folder")
    if os.path.lexists(target):
        raise ValueError(f"there is already something at {target}")
    return target
