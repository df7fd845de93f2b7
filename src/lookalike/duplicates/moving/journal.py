"""The journal of moves: what shall be done is on disk before it is done."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, get_args

import platformdirs

from lookalike.duplicates.moving.files import sync_folder
from lookalike.duplicates.moving.plan import Step
from lookalike.errors import UsageError
from lookalike.sources.uri import from_path

FOLDER = "moves"
"""Below the collection's folder."""


def home_of(address: str) -> Path:
    """A folder in the user's data folder for what concerns a collection on a server."""
    name = hashlib.sha256(address.partition("?")[0].encode()).hexdigest()[:16]
    return platformdirs.user_data_path("lookalike") / "collections" / name


State = Literal["begun", "done", "failed", "undoing", "undone"]

_HEAD = {"format": "lookalike moves", "version": 1}


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of a journal and how far it got."""

    number: int
    step: Step
    state: State


class Journal:
    """Lines of JSON; each is on disk when `note` returns."""

    def __init__(self, path: Path) -> None:
        """Go on with a journal, or begin one."""
        self.path = path
        new = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("xb" if new else "ab")
        try:
            if new:
                self._write(_HEAD)
                sync_folder(path.parent)
            elif not path.read_bytes().endswith(b"\n"):
                self._file.write(b"\n")  # a line that a crash cut short stays one of its own
        except BaseException:
            self._file.close()
            raise

    def begin(self, number: int, step: Step) -> None:
        """Write down a step before it is done."""
        self._write({"number": number, "state": "begun", "step": asdict(step)})

    def note(self, number: int, state: State) -> None:
        """Write down how far a step got."""
        self._write({"number": number, "state": state})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(_line(line))
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def new_path(collection: Path) -> Path:
    """The path of a new journal, named for the moment."""
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    return collection / FOLDER / f"{now}.jsonl"


def journals(collection: Path) -> list[Path]:
    """All journals of a collection, oldest first."""
    return sorted((collection / FOLDER).glob("*.jsonl"))


def places(collection: Path) -> dict[int, str]:
    """Where files were moved to, as uris by the ids of their records.

    A record that is elsewhere by now was brought back, or moved by someone else.
    """
    found: dict[int, str] = {}
    for path in journals(collection):
        with contextlib.suppress(UsageError):  # the next move says that it is damaged
            for one in read(path):
                if one.step.target:
                    found[one.step.id] = from_path(Path(one.step.target))
    return found


def unfinished(collection: Path) -> set[str]:
    """The uris of the files that an interrupted run began to move and is not done with."""
    found: set[str] = set()
    for path in journals(collection):
        with contextlib.suppress(UsageError):
            found |= {
                from_path(Path(one.step.source))
                for one in read(path)
                if one.state in {"begun", "undoing"}
            }
    return found


def read(path: Path) -> list[Entry]:
    """The steps of a journal in order.

    Raises:
        UsageError: the file is not a journal, or damaged.
        OSError: it cannot be read.
    """
    head, *lines = path.read_bytes().split(b"\n")
    if head != _line(_HEAD).strip() and (lines or not _line(_HEAD).startswith(head)):
        raise UsageError(f"{path} is not a journal of moves")
    found: dict[int, Entry] = {}
    for line in lines:
        value = _parsed(line)
        if value is None:
            continue
        number: Any = value.get("number")
        state: Any = value.get("state")
        if type(number) is not int or state not in get_args(State):
            raise _damaged(path)
        if "step" in value:
            found[number] = Entry(number, _step(path, value["step"]), state)
        elif number in found:
            found[number] = Entry(number, found[number].step, state)
    return [found[number] for number in sorted(found)]


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:  # the end, or what a crash cut short
        return None
    return value if isinstance(value, dict) else None


def _step(path: Path, value: Any) -> Step:
    try:
        step = Step(**value)
        right = all(
            type(getattr(step, one.name)) is (int if one.type is int else str)
            for one in fields(Step)
        )
    except TypeError:
        right = False
    if not right or not os.path.isabs(step.source) or not os.path.isabs(step.best):
        raise _damaged(path)
    return step


def _damaged(path: Path) -> UsageError:
    return UsageError(
        f"{path} is damaged: one of its lines is no step. Put the file elsewhere to go on without "
        "it; what it says was moved is not brought back then"
    )
