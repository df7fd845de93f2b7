"""Which files and folders a walk leaves out: junk, hidden ones, and what the user's rules say."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from lookalike.errors import UsageError

IGNORE_FILE = ".lookalikeignore"
"""Rules for the folder it lies in and those below, written as in a `.gitignore`."""

_JUNK_FOLDERS = frozenset(
    {"@eaDir", "#recycle", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that hold in one folder: the user's own first, then those of ignore files.

    Each is a base folder and what is ignored below it. As in git, the first that has an opinion
    of a path decides, from the user's own to the innermost file to the outermost.
    """

    user: tuple[str, GitIgnoreSpec] | None = None
    files: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def leaves_out(self, folder: str, name: str, *, is_folder: bool) -> bool:
        """Whether the entry `name` of `folder` is left out."""
        if name.startswith(".") or (is_folder and name in _JUNK_FOLDERS):
            return True
        for base, spec in (*((self.user,) if self.user else ()), *self.files):
            path = os.path.join(folder, name)[len(base) :].replace(os.sep, "/").lstrip("/")
            verdict: bool | None = spec.check_file(path + "/" if is_folder else path).include
            if verdict is not None:
                return verdict
        return False

    def entering(self, folder: str) -> "Rules":
        """The rules within `folder`, which holds an ignore file.

        Raises:
            OSError: the ignore file cannot be read.
            UsageError: it holds a line that is no pattern.
        """
        path = os.path.join(folder, IGNORE_FILE)
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return Rules(self.user, ((folder, _spec(file, IGNORE_FILE)), *self.files))


def user_rules(patterns: Iterable[str], top: str) -> Rules:
    """The rules of a walk that starts at `top`.

    Raises:
        UsageError: a pattern cannot be understood.
    """
    spec = _spec(patterns, "ignore")
    return Rules((top, spec) if len(spec) else None)


def _spec(lines: Iterable[str], where: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise UsageError(f"{where}: {error}; write patterns as in a .gitignore") from error
