"""A product table joined to a tree of pictures: rows in, pictures with attributes out."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lookalike.errors import NotFoundError, UsageError
from lookalike.imaging import Limits
from lookalike.records import MAX_ID, Attributes
from lookalike.sources.base import Failure, Item
from lookalike.sources.columns import native, parse_types
from lookalike.sources.folder import FolderSource, file_item, url_item
from lookalike.sources.places import ByColumn, ByName, ByPattern, Places, below
from lookalike.sources.shard import Shard
from lookalike.sources.survey import Survey
from lookalike.sources.table_readers import Row, Table
from lookalike.sources.template import PathTemplate
from lookalike.sources.uri import from_path, is_url

if TYPE_CHECKING:
    from lookalike.stores.base import Progress

_NAMES_SHOWN = 3
_TELL_EVERY = 8192


@dataclass(frozen=True, slots=True)
class Join:
    """How rows and pictures belong together.

    Attributes:
        id: the column that names a row. Read as an int it is the record's id, too.
        root: the folder that holds the pictures; by default the table's own.
        path_pattern: a picture's path below `root`, such as
            `images/{article_id:.3}/{article_id}.jpg`.
        path_column: a column that holds the paths, or URLs. Without it and without a pattern a
            picture belongs to the row whose id is its file's name without the suffix.
        types: columns' types, as a mapping or as `price=float,in_stock=bool,tags=list:;`.
        columns: the columns to keep as attributes; all by default.
        delimiter: what parts the columns of a CSV file.
        unlisted: also take the pictures below `root` that no row names.
    """

    id: str
    root: str | os.PathLike[str] | None = None
    path_pattern: str | None = None
    path_column: str | None = None
    types: str | Mapping[str, str] = ""
    columns: Sequence[str] | None = None
    delimiter: str | None = None
    unlisted: bool = False


class TableSource:
    """The pictures that a table's rows name, with the rows' values as attributes.

    The table is looked through once when the source is made, so that whatever is wrong with it
    as a whole is found before any work begins, and read again when the source is iterated. What
    is wrong with one row is a Failure, named TABLE#row=N.

    `attributes` holds further ones, the same for all rows; `ignore` holds patterns of what a walk
    of the folder leaves out, `skip` folders never to be entered. With a `shard`, the rows of that
    part alone are taken, by their ids, and pictures without a row by their uris.

    Raises:
        UsageError: the table cannot be read, a column is not there, or arguments do not fit.
        NotFoundError: there is no such folder.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        join: Join,
        *,
        limits: Limits,
        attributes: Attributes | None = None,
        ignore: Iterable[str] = (),
        skip: Iterable[str | os.PathLike[str]] = (),
        progress: "Progress | None" = None,
        shard: Shard | None = None,
    ) -> None:
        self.shard = shard
        self._table = Table(path, delimiter=join.delimiter)
        self.id_column = join.id
        self.root = _root(join, self._table)
        """The folder that holds the pictures, absolute."""
        self.notices: list[str] = []
        """What the last iteration has to say, in words."""
        self.without_picture: set[str] = set()
        """Ids of rows whose picture was not there in the last iteration."""
        self._limits = limits
        self._fixed = dict(attributes or {})
        self._types = parse_types(join.types) if join.types else {}
        self._kept = None if join.columns is None else dict.fromkeys([join.id, *join.columns])
        self._unlisted = join.unlisted
        self._counts_others = join.path_column is None or join.unlisted
        self._uri = from_path(self._table.path)
        template = None if join.path_pattern is None else PathTemplate(join.path_pattern)
        self._asked = {
            "id": [join.id],
            "path column": [join.path_column] if join.path_column else [],
            "path pattern": [] if template is None else list(template.columns),
            "types": list(self._types),
            "columns": list(self._kept or ()),
        }
        if self._table.columns is not None:
            self._check_columns(self._table.columns)
        if template is not None:
            default = "text" if self._table.is_text else ""
            names = {name: str(self._types.get(name, default)) for name in template.columns}
            template.check(names)
        within = _walked(self.root, template)
        self._folder = None
        if os.path.isdir(within):
            self._folder = FolderSource([within], limits=limits, ignore=ignore, skip=skip)
        self._places = self._find_places(join, template)
        self.survey = self._look_through(progress)

    def __iter__(self) -> Iterator[Item | Failure]:
        self.notices.clear()
        self.without_picture.clear()
        if isinstance(self._places, ByName):
            yield from self._places.failures
        columns = None
        if self._kept is not None:
            columns = [*dict.fromkeys([*self._kept, *self._places.columns])]
        for row in self._table.rows(columns):
            if (found := self._picture(row)) is not None:
                yield found
        if self._counts_others:
            yield from self._without_row()

    def count(self, tell: Callable[[int], None], stopped: Callable[[], bool]) -> None:
        """Tell how many rows there are; of a part, how many it should have."""
        tell(self.survey.rows // (self.shard.of if self.shard else 1))

    def _find_places(self, join: Join, template: PathTemplate | None) -> Places:
        if template is not None:
            if join.path_column is not None:
                raise UsageError("give either a path pattern or a path column, not both")
            return ByPattern(template, self.root)
        if join.path_column is not None:
            return ByColumn(join.path_column, self.root)
        assert self._folder is not None
        return ByName(join.id, self._folder)

    def _check_columns(self, there: Collection[str]) -> None:
        for what, names in self._asked.items():
            for name in names:
                if name not in there:
                    known = ", ".join(filter(None, there)) or "none"
                    raise UsageError(
                        f"{what}: {self._table.name} has no column {name!r}; it has {known}"
                    )

    def _look_through(self, progress: "Progress | None") -> Survey:
        survey = Survey()
        seen: dict[str, None] = {}
        needed = [*dict.fromkeys([self.id_column, *self._places.columns])]
        for row in self._table.rows(needed):
            if self._table.columns is None:
                seen.update(dict.fromkeys(row.values))
            values, _ = self._read(row, needed)
            key = values.get(self.id_column)
            try:
                uri = self._uri_of(self._places.path(values)) if _is_key(key) else None
            except ValueError:
                uri = None
            survey.note(key if _is_key(key) else None, uri)
            if progress is not None and survey.rows % _TELL_EVERY == 0:
                progress(f"look through {self._table.name}", survey.rows, 0)
        if not survey.rows:
            raise UsageError(f"{self._table.name} has no rows")
        if self._table.columns is None:
            self._check_columns(seen)
        survey.close()
        return survey

    def _read(self, row: Row, names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
        """The row's values in their types, and what is wrong with them."""
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for name in names:
            value = row.values.get(name)
            if not (value is None or isinstance(value, str)):
                value = native(value)
            kind = self._types.get(name)
            try:
                values[name] = value if kind is None else kind.read(value)
            except ValueError as error:
                wrong.append(f"{name}: {error}")
        return values, wrong

    def _picture(self, row: Row) -> Item | Failure | None:
        """A row's picture, or what is wrong with the row; None when it is in another part."""
        if row.complaint:
            return self._failure(row, row.complaint)
        # A column without a name, as programs write their row numbers, cannot be an attribute.
        kept_names = self._kept or [name for name in row.values if name.strip()]
        names = [*dict.fromkeys([*kept_names, *self._places.columns])]
        values, wrong = self._read(row, names)
        if wrong:
            return self._failure(row, "; ".join(wrong))
        key = values.get(self.id_column)
        if not _is_key(key):
            return self._failure(row, f"{self.id_column}: {key!r} is no id (a text or an int)")
        number = key if isinstance(key, int) else None
        if number is not None and not 0 <= number <= MAX_ID:
            return self._failure(row, f"{self.id_column}: {number} is not within 0 and 2^63 − 1")
        first = self.survey.first("id", key, row.number)
        if first != row.number:
            return self._failure(row, f"the id {key} is that of row {first} already")
        try:
            path = self._places.path(values)
        except ValueError as error:
            return self._failure(row, str(error))
        first = self.survey.first("uri", self._uri_of(path), row.number)
        if first != row.number:
            return self._failure(row, f"its picture {path} is that of row {first} already")
        if not self._holds(str(key)):
            return None
        kept = values if self._kept is None else {name: values[name] for name in self._kept}
        item = url_item if is_url(path) else file_item
        found = item(path, self._limits, {**self._fixed, **kept}, number)
        if isinstance(found, Failure):
            self.without_picture.add(str(key))
            return Failure(found.uri, f"{found.reason} (row {row.number} of {self._table.name})")
        return found

    def _failure(self, row: Row, reason: str) -> Failure | None:
        uri = f"{self._uri}#row={row.number}"
        return Failure(uri, f"row {row.number}: {reason}") if self._holds(uri) else None

    def _holds(self, key: str) -> bool:
        return self.shard is None or self.shard.holds(key)

    @staticmethod
    def _uri_of(path: str) -> str:
        return path if is_url(path) else from_path(path)

    def _pictures(self) -> Iterable[str | Failure]:
        """The paths of the folder's pictures, walked at most once."""
        if isinstance(self._places, ByName):
            return self._places.paths()
        return () if self._folder is None else self._folder.walk()

    def _without_row(self) -> Iterator[Item | Failure]:
        """The pictures that no row names: yielded when they are wanted, else counted."""
        names: list[str] = []
        count = 0
        for found in self._pictures():
            if isinstance(found, Failure) or self.survey.names(from_path(found)):
                continue
            if self._unlisted:
                if self._holds(from_path(found)):
                    yield file_item(found, self._limits, self._fixed)
                continue
            count += 1
            if len(names) < _NAMES_SHOWN:
                names.append(os.path.relpath(found, self.root))
        if count:
            more = "…" if count > len(names) else ""
            has, was = ("has", "was") if count == 1 else ("have", "were")
            pictures = "1 picture" if count == 1 else f"{count:,} pictures"
            self.notices.append(
                f"{pictures} {has} no row in {self._table.name} and {was} left out: "
                f"{', '.join(names)}{more}; --unlisted adds them"
            )


def _root(join: Join, table: Table) -> str:
    root = os.path.dirname(table.path) if join.root is None else join.root
    root = os.path.abspath(os.path.expanduser(root))
    if not os.path.isdir(root):
        raise NotFoundError(f"there is no folder {root}; name the one that holds the pictures")
    return root


def _walked(root: str, template: PathTemplate | None) -> str:
    """The folder below the root that all pictures lie in."""
    if template is None or os.path.normpath(template.folder) == ".":
        return root
    try:
        return below(root, template.folder)
    except ValueError as error:
        raise UsageError(f"path pattern: {error}") from None


def _is_key(key: Any) -> bool:
    return isinstance(key, str | int) and not isinstance(key, bool) and key != ""
