"""Folders of pictures: which files are there to be indexed."""

import os
import stat
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeGuard

from lookalike.errors import NotFoundError, UsageError
from lookalike.imaging import PICTURE_SUFFIXES, Limits
from lookalike.records import Attributes
from lookalike.sources.base import Failure, Item
from lookalike.sources.file import read_file, reason
from lookalike.sources.ignore import IGNORE_FILE, Rules, user_rules
from lookalike.sources.shard import Shard
from lookalike.sources.uri import from_path, is_url


class FolderSource:
    """The picture files that paths name, those in the folders that paths name, and URLs.

    Folders are walked in order of name, files before folders, links to folders last of all, and
    each folder once however many ways lead to it. In a folder a file is taken by its suffix; a
    file that is named itself is taken whatever its suffix. Only one folder's names are held in
    memory at a time.

    `ignore` holds patterns as in a `.gitignore`, relative to each path; `skip` holds folders
    never to be entered. With a `shard`, the files and URLs of that part alone are taken, and no
    others looked at. What cannot be walked is told whatever the part, for nobody knows what was
    in it, and it may be this machine alone that cannot.

    Raises:
        NotFoundError: none of the paths is there.
        UsageError: there are no paths, or a pattern cannot be understood.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        *,
        limits: Limits,
        ignore: Iterable[str] = (),
        skip: Iterable[str | os.PathLike[str]] = (),
        shard: Shard | None = None,
    ) -> None:
        self._shard = shard
        self._urls = dict.fromkeys(path for path in paths if _is_url(path))
        self.paths = tuple(os.path.abspath(path) for path in paths if not _is_url(path))
        """The paths of files and folders, absolute."""
        self._limits = limits
        self._skip = tuple(skip)
        patterns = tuple(ignore)
        self._rules = {path: user_rules(patterns, path) for path in self.paths}
        if not paths:
            raise UsageError("nothing to index: name a picture or a folder")
        if not self._urls and not any(map(_is_there, self.paths)):
            names = ", ".join(map(from_path, self.paths))
            raise NotFoundError(f"no such file or folder: {names}; check the spelling")

    def __iter__(self) -> Iterator[Item | Failure]:
        for found in self._own_part():
            yield file_item(found, self._limits) if isinstance(found, str) else found
        for url in self._own_urls():
            yield url_item(url, self._limits)

    def count(self, tell: Callable[[int], None], stopped: Callable[[], bool]) -> None:
        """Count ahead of the walk, telling the count so far now and then and at the end."""
        files = 0
        for files, _ in enumerate(self._own_part(), 1):
            if files % 256 == 0:
                tell(files)
                if stopped():
                    return
        tell(files + len(self._own_urls()))

    def walk(self) -> Iterator[str | Failure]:
        """Paths of files to be tried, not looked at yet, and what cannot be walked."""
        named = dict.fromkeys(path for path in self.paths if not os.path.isdir(path))
        walk = _Walk({_identity(path) for path in self._skip if os.path.isdir(path)}, named)
        for path in self.paths:
            if path not in named:
                yield from walk.tree(path, self._rules[path])
        while walk.links:
            yield from walk.tree(*walk.links.popleft())
        yield from named

    def _own_part(self) -> Iterator[str | Failure]:
        if self._shard is None:
            return self.walk()
        holds = self._shard.holds
        return (one for one in self.walk() if isinstance(one, Failure) or holds(from_path(one)))

    def _own_urls(self) -> list[str]:
        return [url for url in self._urls if self._shard is None or self._shard.holds(url)]


def file_item(
    path: str,
    limits: Limits,
    attributes: Attributes | None = None,
    id: int | None = None,  # noqa: A002 - the field's word
) -> Item | Failure:
    """The item of one picture file, looked at but not read yet, or why it cannot be one."""
    uri = from_path(path)
    try:
        status = os.stat(path)
    except ValueError:
        return Failure(uri, "no file can have this name")
    except OSError as error:
        if isinstance(error, FileNotFoundError) and os.path.islink(path):
            return Failure(uri, "a link to a file that is not there")
        return Failure(uri, reason(error))
    if not stat.S_ISREG(status.st_mode):
        return Failure(uri, "not a regular file")
    facts = (status.st_size, status.st_mtime_ns)
    read = partial(read_file, path, limits=limits, expect=facts)
    return Item(uri, read, attributes, status.st_size, status.st_mtime_ns, id)


def url_item(
    url: str,
    limits: Limits,
    attributes: Attributes | None = None,
    id: int | None = None,  # noqa: A002 - the field's word
) -> Item:
    """The item of one picture on the web, not fetched yet."""
    return Item(url, partial(_fetch, url, limits), attributes, id=id)


class _Walk:
    """One walk: the folders entered so far, by device and inode, and the links left for later."""

    def __init__(self, entered: set[tuple[int, int]], named: Container[str]) -> None:
        self.entered = entered
        self.named = named
        self.links: deque[tuple[str, Rules]] = deque()

    def tree(self, top: str, rules: Rules) -> Iterator[str | Failure]:
        pending = [(top, rules)]
        while pending:
            folder, rules = pending.pop()
            try:
                files, folders = self._enter(folder)
            except OSError as error:
                yield Failure(from_path(folder), f"the folder cannot be read: {reason(error)}")
                continue
            if IGNORE_FILE in files:
                try:
                    rules = rules.entering(folder)
                except OSError as error:
                    yield Failure(from_path(os.path.join(folder, IGNORE_FILE)), reason(error))
                except UsageError as error:
                    yield Failure(from_path(os.path.join(folder, IGNORE_FILE)), str(error))
            for name in files:
                path = os.path.join(folder, name)
                if path not in self.named and not rules.leaves_out(folder, name, is_folder=False):
                    yield path
            deeper: list[tuple[str, Rules]] = []
            for name in folders:
                path = os.path.join(folder, name)
                if not rules.leaves_out(folder, name, is_folder=True):
                    (self.links if os.path.islink(path) else deeper).append((path, rules))
            pending.extend(reversed(deeper))

    def _enter(self, folder: str) -> tuple[list[str], list[str]]:
        """Names of the picture files (and the ignore file) and of the folders, each in order."""
        files: list[str] = []
        folders: list[str] = []
        key = _identity(folder)
        if key not in self.entered:
            self.entered.add(key)
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = entry.name
                    if _leads_to_folder(entry):
                        folders.append(name)
                    elif name == IGNORE_FILE or _suffix(name) in PICTURE_SUFFIXES:
                        files.append(name)
        return sorted(files), sorted(folders)


def _is_url(path: str | os.PathLike[str]) -> TypeGuard[str]:
    return isinstance(path, str) and is_url(path)


def _fetch(url: str, limits: Limits) -> bytes:
    # Imported only when it is needed, for it takes long.
    from lookalike.sources.url import fetch

    return fetch(url, limits=limits)


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        # Whatever keeps us from looking (permissions, a name too long) is reported in its place.
        return True
    return True


def _identity(path: str | os.PathLike[str]) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
