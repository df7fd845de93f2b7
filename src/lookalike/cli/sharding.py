"""The options of `lookalike index --shard`: one part of a source, and the report of its worker."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lookalike.cli.output import say
from lookalike.errors import UsageError
from lookalike.sources.shard import Shard
from lookalike.sources.uri import from_path, is_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from lookalike.collection import Collection
    from lookalike.ingest import IngestReport
    from lookalike.ingest.worker import Reporter
    from lookalike.stores.base import Progress

Command = TypeVar("Command", bound="Callable[..., Any]")


def _shard(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Shard | None:
    return None if value is None else Shard.parse(value, os.environ)


def _folder(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    if value is None:
        return None
    value = value.expanduser()
    if value.exists() and not value.is_dir():
        raise UsageError(f"--report {value}: reports go into a folder, and this is none")
    return value


_OPTIONS = (
    click.option(
        "--shard",
        metavar="I/N",
        callback=_shard,
        help="Take part I of N, counted from 0, as one of N workers; auto/N takes I from "
        "JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID, auto also N from LOOKALIKE_SHARDS.",
    ),
    click.option(
        "--report",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        callback=_folder,
        help="Keep what this worker does in a file in FOLDER, for `lookalike report`.",
    ),
)


def options(command: Command) -> Command:
    """The options that say which part to take, and where to report to."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def source_of(paths: Sequence[str], joined: Mapping[str, Any] | None, **how: Any) -> dict[str, Any]:
    """What the workers of one job have in common, as JSON values."""
    names = [path if is_url(path) else from_path(path) for path in paths]
    table = {name: value for name, value in (joined or {}).items() if value and name != "root"}
    if table:
        table["table"] = from_path(table["table"])
    given = {"paths": names, **table, **how}
    return {name: value for name, value in given.items() if value}


def _without_secrets(collection: str) -> str:
    from lookalike.stores.milvus.address import MilvusAddress, is_address

    return str(MilvusAddress.parse(collection)) if is_address(collection) else from_path(collection)


class Reporting:
    """The report of one worker, if one is wished; nothing otherwise."""

    def __init__(self, reporter: "Reporter | None", shard: Shard | None) -> None:
        self._reporter = reporter
        self.prefix = "" if shard is None else f"shard {shard} "
        """What the lines of progress begin with."""

    def listening(self, show: "Progress | None") -> "Progress | None":
        """Have the worker's signs of life taken note of."""
        return show if self._reporter is None else self._reporter.listening(show)

    def finish(self, report: "IngestReport", collection: "Collection") -> None:
        """Say what became of the pictures."""
        if self._reporter is not None:
            encoders = {spec.name: spec.fingerprint for spec in collection.encoders}
            self._reporter.finish(report, encoders)
            say(f"the report of this worker is {self._reporter.path}")


@contextlib.contextmanager
def reporting(
    folder: Path | None, shard: Shard | None, collection: str, source: Mapping[str, Any]
) -> Iterator[Reporting]:
    """Keep a worker's report while the block runs; what ends the block early is told in it."""
    if folder is None:
        yield Reporting(None, shard)
        return
    from lookalike.ingest.worker import Reporter

    where = _without_secrets(collection)
    reporter = Reporter(folder, shard or Shard(0, 1), collection=where, source=source)
    try:
        yield Reporting(reporter, shard)
    except BaseException as error:
        # What ended the work is what the user has to know, not that it could not be written down.
        with contextlib.suppress(OSError):
            reporter.fail(error)
        raise
