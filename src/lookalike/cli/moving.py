"""What `lookalike duplicates` does with files, where that is asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lookalike.cli.interrupt import INTERRUPTED
from lookalike.cli.output import echo_json, plural, say
from lookalike.cli.progress import progress

if TYPE_CHECKING:
    from lookalike.collection import Collection
    from lookalike.duplicates import Group
    from lookalike.duplicates.moving import Moved, Moves


def finish(opened: "Collection") -> int:
    """Finish an interrupted run; returns the number of steps."""
    done = opened.finish_moves()
    _say_failed(done)
    if done.finished:
        say(f"finished {plural(done.finished, 'step')} of an interrupted run")
    return done.finished


def plan(
    opened: "Collection",
    groups: "Sequence[Group]",
    folder: str | None,
    link: str | None,
    within: Path | None,
    as_json: bool,
) -> int:
    """Say what would be done to the files of these groups' duplicates."""
    from lookalike.views.text import printable, size

    moves = _moves(opened, groups, folder, link, within)
    if as_json:
        echo_json(
            {
                "would": [
                    {"id": s.id, "from": s.source, "to": s.target, "link": s.link, "best": s.best}
                    for s in moves.steps
                ],
                "refused": [{"uri": uri, "reason": why} for uri, why in moves.refused],
            }
        )
        return 0 if moves.steps else 1
    for step in moves.steps:
        parts = [printable(step.source)]
        if step.target:
            parts.append(f"→ {printable(step.target)}")
        if step.link:
            parts.append(f"({step.link} link to {printable(step.best)})")
        click.echo(" ".join(parts))
    say(
        f"nothing was done: this would be {plural(len(moves.steps), 'file')} of "
        f"{size(moves.bytes)}; --apply does it"
    )
    return 0 if moves.steps else 1


def move(
    opened: "Collection",
    groups: "Sequence[Group]",
    folder: str | None,
    link: str | None,
    within: Path | None,
    as_json: bool,
    quiet: bool,
    finished: int,
) -> int:
    """Do it; `finished` steps of an interrupted run were done before."""
    moves = _moves(opened, groups, folder, link, within)
    with progress(quiet=quiet) as show:
        done = opened.move_duplicates(moves, progress=show)
    return _told(done, as_json, "moved or linked", len(moves.refused), finished)


def undo(opened: "Collection", journals: Sequence[Path], as_json: bool, quiet: bool) -> int:
    """Bring back what journals say."""
    with progress(quiet=quiet) as show:
        done = opened.undo_moves(journals, progress=show)
    return _told(done, as_json, "brought back")


def _moves(
    opened: "Collection",
    groups: "Sequence[Group]",
    folder: str | None,
    link: str | None,
    within: Path | None,
) -> "Moves":
    from lookalike.views.text import printable

    place = None if folder is None else Path(folder).expanduser()
    moves = opened.plan_moves(groups, place, link=link, below=within)  # type: ignore[arg-type]
    for uri, why in moves.refused:
        say(f"left alone: {printable(uri)}: {why}")
    return moves


def _told(done: "Moved", as_json: bool, what: str, refused: int = 0, finished: int = 0) -> int:
    from lookalike.views.text import size

    _say_failed(done)
    if as_json:
        echo_json(
            {
                "files": done.files,
                "bytes": done.bytes,
                "finished": finished,
                "failed": [{"file": name, "reason": why} for name, why in done.failed],
                "journal": None if done.journal is None else str(done.journal),
                "interrupted": done.interrupted,
            }
        )
    else:
        click.echo(f"{what}: {plural(done.files, 'file')} of {size(done.bytes)}")
        if done.journal is not None and what != "brought back":
            say(f"`lookalike duplicates --undo-moves {done.journal}` brings them back")
    if done.interrupted:
        say("stopped: run the same command again to go on")
        return INTERRUPTED
    return 0 if (done.files or finished) and not (done.failed or refused) else 1


def _say_failed(done: "Moved") -> None:
    from lookalike.views.text import printable

    for name, why in done.failed:
        say(f"not done: {printable(name)}: {why}")
