"""What an evaluation is made from: classes of pictures, captions of pictures, pairs of pictures."""

import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import NotFoundError, UsageError
from lookalike.imaging import DEFAULT_LIMITS
from lookalike.sources.base import Failure, Item
from lookalike.sources.file import read_file
from lookalike.sources.folder import FolderSource
from lookalike.sources.uri import from_path, to_path

Kind = Literal["classes", "captions", "pairs"]
HEADERS: "Mapping[Kind, tuple[str, ...]]" = {
    "captions": ("file", "caption"),
    "pairs": ("a", "b", "same"),
}
_NAMED = 5
"""Missing files that a message names."""
TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Pictures, and what is known of them; rows are numbers of pictures.

    `labels` is (n,) the number of each picture's class in `classes`. `captions` and `caption_rows`
    are the texts and (t,) the picture of each. `pairs` is (p, 2) pictures and `same` (p,) bool
    whether a pair belongs together. What does not apply to the `kind` is empty. `left_out` are
    pictures that could not be used, with the reason.
    """

    kind: Kind
    items: tuple[Item, ...]
    left_out: tuple[Failure, ...] = ()
    classes: tuple[str, ...] = ()
    labels: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    captions: tuple[str, ...] = ()
    caption_rows: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    pairs: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 2), np.intp))
    same: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def without(self, failures: Mapping[int, str]) -> "Dataset":
        """Leave out pictures, given by row with the reason, and all that is about them."""
        if not failures:
            return self
        kept = np.array([row not in failures for row in range(len(self.items))], np.bool_)
        moved = np.cumsum(kept) - 1
        told = kept[self.caption_rows]
        paired = kept[self.pairs].all(1)
        lost = (Failure(self.items[row].uri, why) for row, why in sorted(failures.items()))
        return replace(
            self,
            items=tuple(item for item, keep in zip(self.items, kept, strict=True) if keep),
            left_out=(*self.left_out, *lost),
            labels=self.labels[kept] if len(self.labels) else self.labels,
            captions=tuple(c for c, keep in zip(self.captions, told, strict=True) if keep),
            caption_rows=moved[self.caption_rows[told]],
            pairs=moved[self.pairs[paired]],
            same=self.same[paired],
        )

    def once(self, sha256: Sequence[bytes]) -> "tuple[Dataset, list[int], list[str]]":
        """Count pictures of the same bytes once, as any encoder finds a twin, and it says nothing.

        In two classes they stay two pictures. Pairs name their pictures, so they stay, too.

        Args:
            sha256: the digest of each picture.

        Returns:
            The dataset, its rows in this one, and what was found, in words.
        """
        labels = self.labels if self.kind == "classes" else np.zeros(len(self.items), np.intp)
        first: dict[tuple[bytes, int], int] = {}
        into = [
            first.setdefault((d, int(at)), n)
            for n, (d, at) in enumerate(zip(sha256, labels, strict=True))
        ]
        kept = list(range(len(into))) if self.kind == "pairs" else sorted(first.values())
        notices = []
        if twins := len(into) - len(kept):
            notices.append(f"files left out, the same as another byte for byte: {twins:,}")
        if several := len(first) - len({digest for digest, _ in first}):
            notices.append(f"files that are in another class, too, byte for byte: {several:,}")
        if len(kept) == len(into):
            return self, kept, notices
        place = {row: number for number, row in enumerate(kept)}
        merged = replace(
            self,
            items=tuple(self.items[row] for row in kept),
            labels=self.labels[kept] if len(self.labels) else self.labels,
            caption_rows=np.array([place[into[row]] for row in self.caption_rows], np.intp),
        )
        return merged, kept, notices


def read(
    path: str | os.PathLike[str] | None,
    *,
    captions: str | os.PathLike[str] | None = None,
    pairs: str | os.PathLike[str] | None = None,
    limit: int | None = None,
) -> Dataset:
    """Read a folder with a sub-folder for each class, or a table with a header.

    A table is one of captions (columns file, caption) or of pairs (a, b, same), with tabs or
    commas between them. Names of files in it are relative to `path` where that is a folder, else
    to the table's own folder.

    Args:
        path: the folder or the table; a table is told by its header.
        captions: a table of captions.
        pairs: a table of pairs.
        limit: at most so many pictures: of each class about as many, else the first ones.

    Raises:
        NotFoundError: there is nothing at that path.
        UsageError: it is none of these, or too little of one.
    """
    if captions is not None and pairs is not None:
        raise UsageError("evaluate captions or pairs, not both at once")
    if limit is not None and limit < 2:
        raise UsageError(f"a limit of {limit} leaves nothing to compare; it must be at least 2")
    table = captions if captions is not None else pairs
    if path is None and table is None:
        raise UsageError("nothing to evaluate: name a folder of classes or a table")
    if path is not None and not os.path.exists(path):
        raise NotFoundError(f"there is no file or folder {os.fspath(path)}; check the spelling")
    base = Path(path) if path is not None else Path(table or "").parent
    if table is None and not base.is_dir():
        table, base = base, base.parent
    if table is None:
        return _classes(base, limit)
    kind: Kind | None = "captions" if captions is not None else "pairs" if pairs else None
    return _table(Path(table), base, kind, limit)


def _classes(folder: Path, limit: int | None) -> Dataset:
    """A class is the first folder below `folder` that a picture lies in."""
    top = Path(os.path.abspath(folder))
    items: list[Item] = []
    names: list[str] = []
    left_out: list[Failure] = []
    for item in FolderSource([top], limits=DEFAULT_LIMITS):
        path = to_path(item.uri)
        parts = path.relative_to(top).parts if path and path.is_relative_to(top) else ()
        if isinstance(item, Failure):
            left_out.append(item)
        elif len(parts) < 2:
            left_out.append(Failure(item.uri, f"not in a sub-folder of {folder}: of no class"))
        else:
            items.append(item)
            names.append(parts[0])
    kept = spread(names, limit)
    return of_classes(
        [items[row] for row in kept], [names[row] for row in kept], str(folder), left_out
    )


def of_classes(
    items: Sequence[Item],
    names: Sequence[str],
    where: str,
    left_out: Sequence[Failure] = (),
) -> Dataset:
    """Pictures with the name of each one's class; `where` they are, for messages.

    Raises:
        UsageError: there are fewer than two classes, or none with two pictures.
    """
    classes = tuple(sorted(set(names)))
    if not items:
        raise UsageError(
            f"{where} holds no picture in a sub-folder; put the pictures of each class into a "
            "folder of its own"
        )
    if len(classes) < 2:
        raise UsageError(
            f"{where} has only one class, {classes[0]!r}: with nothing to tell apart every "
            "ranking is perfect. It needs at least two, a sub-folder for each"
        )
    number = {name: place for place, name in enumerate(classes)}
    labels = np.array([number[name] for name in names], np.intp)
    data = Dataset("classes", tuple(items), tuple(left_out), classes, labels)
    check(data)
    return data


def check(data: Dataset) -> None:
    """Refuse a dataset that nothing can be measured on.

    Raises:
        UsageError: no class has two pictures, there is no caption, or pairs of one kind only.
    """
    if data.kind == "classes" and (not len(data.labels) or np.bincount(data.labels).max() < 2):
        raise UsageError("no class has two pictures that can be used: there is nothing to find")
    if data.kind == "captions" and not data.captions:
        raise UsageError("none of the captions has a picture that can be used")
    if data.kind == "captions" and len(data.items) < 2:
        raise UsageError("captions of one picture only: with nothing to tell apart all are right")
    if data.kind == "pairs" and len(np.unique(data.same)) < 2:
        raise UsageError(
            "the pairs that can be used are all of one kind; there must be some with same = 1 "
            "and some with same = 0"
        )


def spread(classes: Sequence[str], limit: int | None) -> list[int]:
    """At most `limit` rows in order: the first of each class, the second of each, and so on."""
    turns: Counter[str] = Counter()
    turn: list[int] = []
    for name in classes:
        turn.append(turns[name])
        turns[name] += 1
    return sorted(sorted(range(len(classes)), key=lambda row: (turn[row], classes[row]))[:limit])


def _table(table: Path, base: Path, kind: Kind | None, limit: int | None) -> Dataset:
    rows = list(_rows(table))
    header = tuple(name.strip().lower() for name in rows[0]) if rows else ()
    kinds: list[Kind] = [k for k, columns in HEADERS.items() if set(columns) <= set(header)]
    if not kinds or kind not in {None, *kinds}:
        wanted = [HEADERS[kind]] if kind else list(HEADERS.values())
        raise UsageError(
            f"{table} has the columns {', '.join(header) or '(none)'}; it needs "
            f"{' or '.join(', '.join(columns) for columns in wanted)}, with tabs or commas between"
        )
    kind = kind or kinds[0]
    places = [header.index(name) for name in HEADERS[kind]]
    entries: list[tuple[int, list[str]]] = []
    for line, row in enumerate(rows[1:], 2):
        if len(row) > max(places):
            entries.append((line, [row[place] for place in places]))
        elif any(row):
            raise UsageError(f"{table}, row {line} has not the {len(header)} columns of its header")
    pictures = _Pictures(base, limit)
    if kind == "captions":
        return _captions(table, entries, pictures)
    return _pairs(table, entries, pictures)


def _rows(table: Path) -> Iterator[list[str]]:
    """The rows of a table with tabs or commas, whichever its header has; quotes only of commas."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{table} is not a table in UTF-8 text") from None
    except OSError as error:
        raise NotFoundError(f"{table}: {error.strerror}") from None
    # Only line breaks part rows: captions may hold other separators that Unicode knows.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and "\t" in lines[0]:
        # Captions hold quotation marks that mean nothing here.
        yield from (line.split("\t") for line in lines)
        return
    try:
        yield from csv.reader(lines, strict=True)
    except csv.Error as error:
        raise UsageError(f"{table} cannot be read as a table: {error}") from None


class _Pictures:
    """Files that a table names, numbered as they come, up to a limit."""

    def __init__(self, base: Path, limit: int | None) -> None:
        self.items: list[Item] = []
        self.left_out: list[Failure] = []
        self.base = base
        self._limit = limit
        self._rows: dict[str, int | None] = {}
        self._lost: list[str] = []

    def row(self, name: str) -> int | None:
        """The number of the picture; None when it is not there, or over the limit."""
        if name not in self._rows:
            self._rows[name] = self._add(name)
        return self._rows[name]

    def missing(self) -> str:
        """The first files that are not there, as words at the end of a message."""
        lost = self._lost
        if not lost:
            return ""
        more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
        return f"; not found in {self.base}: {', '.join(lost[:_NAMED])}{more}"

    def _add(self, name: str) -> int | None:
        path = os.path.abspath(self.base / name)
        if not os.path.isfile(path):
            self._lost.append(name)
            self.left_out.append(Failure(from_path(path), "there is no such file"))
            return None
        if self._limit is not None and len(self.items) >= self._limit:
            return None
        self.items.append(file_item(path))
        return len(self.items) - 1


def file_item(path: str | os.PathLike[str]) -> Item:
    """A picture file, to be read later."""
    name = os.fspath(path)
    return Item(from_path(name), lambda: read_file(name, limits=DEFAULT_LIMITS))


def _captions(table: Path, entries: list[tuple[int, list[str]]], pictures: _Pictures) -> Dataset:
    texts: list[str] = []
    rows: list[int] = []
    for line, (name, text) in entries:
        if not text.strip():
            raise UsageError(f"{table}, line {line}: the caption is empty")
        row = pictures.row(name)
        if row is not None:
            texts.append(text.strip())
            rows.append(row)
    if not texts:
        raise UsageError(f"none of the files that {table} names is there{pictures.missing()}")
    return Dataset(
        "captions",
        tuple(pictures.items),
        tuple(pictures.left_out),
        captions=tuple(texts),
        caption_rows=np.array(rows, np.intp),
    )


def _pairs(table: Path, entries: list[tuple[int, list[str]]], pictures: _Pictures) -> Dataset:
    rows: list[tuple[int, int]] = []
    same: list[bool] = []
    for line, (one, other, truth) in entries:
        value = TRUTH.get(truth.strip().lower())
        if value is None:
            raise UsageError(f"{table}, line {line}: same is {truth!r}; write 1 or 0")
        a, b = pictures.row(one), pictures.row(other)
        if a is not None and b is not None:
            rows.append((a, b))
            same.append(value)
    if not rows:
        raise UsageError(
            f"for none of the pairs of {table} are both files there{pictures.missing()}"
        )
    data = Dataset(
        "pairs",
        tuple(pictures.items),
        tuple(pictures.left_out),
        pairs=np.array(rows, np.intp),
        same=np.array(same, np.bool_),
    )
    try:
        check(data)
    except UsageError as error:
        raise UsageError(f"{error}{pictures.missing()}") from None
    return data
