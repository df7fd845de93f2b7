"""Where the picture of a table's row is: by a path pattern, by a column, or by its file's name."""

import os
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Protocol

from lookalike.sources.base import Failure
from lookalike.sources.folder import FolderSource
from lookalike.sources.template import PathTemplate
from lookalike.sources.uri import from_path, is_url


class Places(Protocol):
    """Finds the pictures of rows below one folder."""

    columns: tuple[str, ...]
    """The columns that it reads."""

    def path(self, values: Mapping[str, Any]) -> str:
        """The absolute path, or the URL, of a row's picture; it need not be there.

        Raises:
            ValueError: it is not known, or leads out of the folder; says why.
        """
        ...


class ByPattern:
    """Fills a path pattern."""

    def __init__(self, template: PathTemplate, root: str) -> None:
        self.columns = template.columns
        self._template = template
        self._root = root

    def path(self, values: Mapping[str, Any]) -> str:
        """The pattern filled with the row's values."""
        return below(self._root, self._template.fill(values))


class ByColumn:
    """Reads a column of paths and URLs."""

    columns: tuple[str, ...]

    def __init__(self, column: str, root: str) -> None:
        self.columns = (column,)
        self._root = root

    def path(self, values: Mapping[str, Any]) -> str:
        """The column's path, relative ones from the folder."""
        column = self.columns[0]
        value = values.get(column)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{column} is empty" if not value else f"{column}: no text")
        return below(self._root, value)


class ByName:
    """Finds the file whose name, without its suffix, is the row's id; the folder is walked once.

    About 200 bytes of memory a picture.
    """

    columns: tuple[str, ...]

    def __init__(self, column: str, folder: FolderSource) -> None:
        self.columns = (column,)
        self.failures: list[Failure] = []
        """Folders that could not be walked."""
        self._paths: dict[str, list[str]] = {}
        for found in folder.walk():
            if isinstance(found, Failure):
                self.failures.append(found)
            else:
                stem = os.path.splitext(os.path.basename(found))[0]
                self._paths.setdefault(stem, []).append(found)

    def paths(self) -> Iterator[str]:
        """Every picture that was found."""
        return chain.from_iterable(self._paths.values())

    def path(self, values: Mapping[str, Any]) -> str:
        """The one file of that name."""
        name = str(values[self.columns[0]])
        found = self._paths.get(name, [])
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValueError(f"there is no picture called {name}")
        raise ValueError(
            f"{len(found)} pictures are called {name}: {from_path(found[0])}, "
            f"{from_path(found[1])}…; a path pattern tells them apart"
        )


def below(root: str, text: str) -> str:
    """A path in a folder, absolute; a URL as it stands.

    Raises:
        ValueError: it leads out of the folder, or is the folder itself.
    """
    if is_url(text):
        return text
    parts = text.replace("\\", "/").split("/") if os.name == "nt" else text.split("/")
    path = os.path.normpath(os.path.join(root, text))
    inside = path.startswith(os.path.join(root, ""))
    if ".." in parts or not inside or path == root:
        raise ValueError(f"{text!r} leads out of {root}")
    return path
