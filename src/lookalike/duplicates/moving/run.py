"""Doing planned steps with the journal, and bringing the records along."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lookalike.duplicates.moving import carry, journal
from lookalike.duplicates.moving.journal import Entry, Journal
from lookalike.duplicates.moving.plan import Moves, Step
from lookalike.errors import LookalikeError
from lookalike.sources import uri
from lookalike.stores.base import Entry as Facts
from lookalike.stores.base import Progress, Store

_AFTER: dict[journal.State, journal.State] = {"begun": "done", "undoing": "undone"}


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done: how many files and bytes, what failed and why, and the journal of it.

    `journal` is None where nothing was done, or several journals were undone.
    """

    files: int
    bytes: int
    failed: tuple[tuple[str, str], ...]
    journal: Path | None
    finished: int = 0
    """Steps of interrupted runs that were finished first."""
    interrupted: bool = False
    """Whether Ctrl-C stopped it; the next run finishes the step that was begun."""


def finish(store: Store, collection: Path) -> Moved:
    """Finish what an interrupted run left half done."""
    failed: list[tuple[str, str]] = []
    finished = 0
    for path in journal.journals(collection):
        left = [one for one in journal.read(path) if one.state in {"begun", "undoing"}]
        if left:
            with Journal(path) as log:
                finished += len(_go_on(store, log, left, failed))
    return Moved(0, 0, tuple(failed), None, finished)


def move(store: Store, collection: Path, moves: Moves, progress: Progress | None) -> Moved:
    """Do the steps; what an interrupted run left half done is finished first."""
    before = finish(store, collection)
    if not moves.steps:
        return before
    failed = list(before.failed)
    path = journal.new_path(collection)
    done: list[Step] = []
    interrupted = False
    try:
        with Journal(path) as log:
            for number, step in enumerate(moves.steps):
                if step.target and os.path.lexists(step.target):
                    failed.append((step.source, f"there is already something at {step.target}"))
                else:
                    log.begin(number, step)
                    if _done(store, log, number, step, failed, carry.carry_out, "done"):
                        done.append(step)
                if progress is not None:
                    progress("move files", number + 1, len(moves.steps))
    except KeyboardInterrupt:
        interrupted = True
    if path.exists() and all(one.state == "failed" for one in journal.read(path)):
        path.unlink()  # there is nothing to bring back
    return Moved(
        len(done),
        sum(one.size for one in done),
        tuple(failed),
        path if path.exists() else None,
        before.finished,
        interrupted,
    )


def undo(store: Store, paths: Sequence[str | os.PathLike[str]], progress: Progress | None) -> Moved:
    """Undo the steps of journals, the newest journal and its last step first.

    Journals are named for the moment. All are read before anything is undone.
    """
    places = sorted({Path(path) for path in paths}, key=lambda path: path.name, reverse=True)
    open_ = {"begun", "done", "undoing"}
    left = {place: [one for one in journal.read(place) if one.state in open_] for place in places}
    total = sum(map(len, left.values()))
    failed: list[tuple[str, str]] = []
    done: list[Step] = []
    count = 0
    interrupted = False
    try:
        for place, entries in left.items():
            if not entries:
                continue
            with Journal(place) as log:
                for one in reversed(entries):
                    log.note(one.number, "undoing")
                    if _done(store, log, one.number, one.step, failed, carry.undo, "undone"):
                        done.append(one.step)
                    count += 1
                    if progress is not None:
                        progress("move files back", count, total)
    except KeyboardInterrupt:
        interrupted = True
    return Moved(
        len(done),
        sum(one.size for one in done),
        tuple(failed),
        places[0] if len(places) == 1 else None,
        interrupted=interrupted,
    )


def _go_on(
    store: Store, log: Journal, left: Iterable[Entry], failed: list[tuple[str, str]]
) -> list[Step]:
    done = []
    for one in left:
        begun = one.state == "begun"
        way, state = (carry.carry_out if begun else carry.undo), _AFTER[one.state]
        if _done(store, log, one.number, one.step, failed, way, state):
            done.append(one.step)
    return done


def _done(
    store: Store,
    log: Journal,
    number: int,
    step: Step,
    failed: list[tuple[str, str]],
    way: Callable[[Step], Path],
    state: journal.State,
) -> bool:
    """Do one step and bring its record along; what cannot be done is a line of `failed`."""
    try:
        place = way(step)
        _bring_record(store, step, place)
    except (ValueError, OSError, LookalikeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        failed.append((step.source, reason.lower() if isinstance(error, OSError) else reason))
        log.note(number, "failed" if state == "done" else "done")
        return False
    log.note(number, state)
    return True


def _bring_record(store: Store, step: Step, place: Path) -> None:
    """Tell the store where a record's file is now; one deleted meanwhile needs no telling."""
    (record,) = store.get([step.id])
    if record is None:
        return
    found = os.stat(place)
    facts = Facts(
        uri=uri.from_path(place),
        tenant=step.tenant,
        size=found.st_size,
        modified_ns=found.st_mtime_ns,
    )
    store.move({step.id: facts})
