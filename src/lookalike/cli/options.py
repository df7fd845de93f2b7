"""Options and steps that several commands share."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lookalike.cli.output import say
from lookalike.errors import (
    CollectionLockedError,
    NotFoundError,
    StoreError,
    UsageError,
    WeightsError,
)
from lookalike.sources.uri import is_url
from lookalike.stores.milvus.address import (
    MilvusAddress,
    begins_as_address,
    is_address,
    refuse_mistyped,
    without_secrets,
)
from lookalike.views.file import check_writable, file_to_write

if TYPE_CHECKING:
    from lookalike.collection import Collection
    from lookalike.indexes import Wished

Command = TypeVar("Command", bound=Callable[..., Any])

LOCK_SECONDS = 5.0
"""How long a writer waits for another, which may be a search that is soon over."""

DEFAULT_COLLECTION = ".lookalike"


def _collection(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Where a collection is; refused before anything is made if the store cannot take it."""
    if is_address(value):
        MilvusAddress.parse(value)
        return value
    refuse_mistyped(value)
    if not value:
        raise UsageError("-c is empty: name the folder of a collection, or leave -c out")
    with contextlib.suppress(OSError):  # the current folder is gone
        path = os.path.abspath(value)
        try:
            path.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{path}: a collection's path must be valid UTF-8") from None
    return value


collection = click.option(
    "-c",
    "--collection",
    default=DEFAULT_COLLECTION,
    callback=_collection,
    metavar="FOLDER|ADDRESS",
    help="The collection's folder, ./.lookalike by default, or its milvus:// address.",
)


def named(collection: str) -> str:
    """A collection's folder or address as it may be printed: without its secrets."""
    return str(MilvusAddress.parse(collection)) if is_address(collection) else collection


def no_collection_option(example: str) -> Callable[[Command], Command]:
    """What answers `-c` where the collection is an argument."""

    def refuse(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        if value is not None:
            raise UsageError(f"the collection is named without -c here, as in `{example}`")

    return click.option(
        "-c", "--collection", "_no", callback=refuse, is_eager=True, expose_value=False, hidden=True
    )


def table_file(_ctx: click.Context, _param: click.Parameter, value: str) -> Path:
    """A file of embeddings, which is easily taken for the place of the collection."""
    if begins_as_address(value):
        raise UsageError(
            f"{without_secrets(value)} is an address, not a file: give the collection with -c, and "
            "name a file, such as shop.parquet"
        )
    return Path(value)


def listed(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> str | None:
    """One text with commas of an option that was given once or several times."""
    return ",".join(values) if values else None


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
limit = click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Most hits.",
)
tenant = click.option("--tenant", metavar="NAME", help="Only this tenant's pictures.")
where = click.option(
    "--where", metavar="EXPR", help="Only records that match, such as 'price < 20'."
)


def folder(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    """The folder of `--within`, absolute; it need not be there any more."""
    if value is None:
        return None
    if not value:
        raise UsageError("--within needs a folder's path")
    return Path(os.path.abspath(os.path.expanduser(value)))


within = click.option(
    "--within", metavar="FOLDER", callback=folder, help="Only pictures below this folder."
)


def selection(command: Command) -> Command:
    """The options that choose some of a collection's records."""
    return where(within(tenant(command)))


def index_types(help: str) -> Callable[[Command], Command]:  # noqa: A002
    """The option that names kinds of index, for all encoders or for some."""

    def read(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> "Wished":
        from lookalike.indexes import Wished

        return Wished.parse(values)

    return click.option(
        "--index-type",
        "index_types",
        multiple=True,
        callback=read,
        metavar="[ENCODER=]KIND",
        help=help,
    )


def output_file(
    name: str,
    *,
    help: str,  # noqa: A002
    suffix: str = "",
) -> Callable[[Command], Command]:
    """An option that names a file to write; one that cannot be is found out at once."""

    def check(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
        return None if value is None else file_to_write(value, suffix)

    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option(name, type=kind, metavar="FILE", callback=check, help=help)


def plots_folder(given: str) -> Path:
    """The folder of `--plots`, made now, so that no work is lost to a name that cannot be one."""
    from lookalike.evaluation.plots import require_matplotlib

    require_matplotlib()
    folder = Path(given).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"plots go into a folder, and {given} is none") from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, given) from error
    check_writable(folder, given)
    return folder


def open_existing(path: str, *, write: bool = False, beside_writer: bool = False) -> "Collection":
    """Open a collection that is there already.

    Args:
        path: the collection's folder, or its address.
        write: open it for writing; else only for reading, which never waits for a writer.
        beside_writer: open for writing (whose searches use the index), and where that cannot be,
            as when another process has the collection, read and say so.
    """
    from lookalike.opening import open_collection

    check_exists(path)
    if is_address(path):
        return open_collection(path, create=False, read_only=not (write or beside_writer))
    if write:
        return open_to_write(path, create=False)
    if not beside_writer:
        return open_collection(path, create=False, read_only=True)
    try:
        return open_collection(path, create=False)
    except StoreError as error:
        opened = open_collection(path, create=False, read_only=True)
        say(f"{_obstacle(error)}; this answer is an exact scan of what is stored")
        return opened


def open_to_write(
    path: str,
    *,
    encoder: str | None = None,
    create: bool = True,
    index: "Wished | None" = None,
    attributes: Mapping[str, str] | None = None,
) -> "Collection":
    """Open a collection for writing, waiting a little for another process to be done.

    Raises:
        CollectionLockedError: it is still not done.
    """
    from lookalike.opening import open_collection

    ends = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return open_collection(
                path, encoder=encoder, create=create, index=index, attributes=attributes
            )
        except CollectionLockedError:
            if time.monotonic() >= ends:
                raise
        time.sleep(0.05)


@contextlib.contextmanager
def open_or_make(
    path: str,
    *,
    encoder: str | None = None,
    index: "Wished | None" = None,
    attributes: Mapping[str, str] | None = None,
) -> "Iterator[Collection]":
    """Open a collection for writing, made if need be.

    One that is made here goes again when wrong use, or weights that cannot be had, end the block
    before anything came into it.
    """
    from lookalike.opening import collection_exists, drop

    new, unused = not collection_exists(path), False
    try:
        with open_to_write(path, encoder=encoder, index=index, attributes=attributes) as opened:
            try:
                yield opened
            except (UsageError, WeightsError):
                unused = new and not opened.count()
                raise
    finally:
        if unused and is_address(path):
            drop(path)
        elif unused:
            shutil.rmtree(path, ignore_errors=True)


def _obstacle(error: StoreError) -> str:
    if isinstance(error, CollectionLockedError):
        who = f"process {error.pid}" if error.pid else "another process"
        return f"{who} has the collection open"
    return "the collection cannot be opened for writing"


def check_exists(path: str) -> None:
    """NotFoundError, with the way to a collection, when there is none."""
    refuse_mistyped(path)
    if not is_address(path) and not os.path.exists(path):
        given = "" if path == DEFAULT_COLLECTION else f" -c {path}"
        raise NotFoundError(
            f"there is no collection at {path}; make one with `lookalike index FOLDER{given}`"
        )


def existing_paths(paths: Sequence[str]) -> list[str]:
    """The paths with `~` filled in; NotFoundError for one not there, before any work begins."""
    expanded = [path if is_url(path) else os.path.expanduser(path) for path in paths]
    for path in expanded:
        if not (is_url(path) or os.path.lexists(path)):
            raise NotFoundError(f"there is no file or folder {without_secrets(path)}")
    return expanded
