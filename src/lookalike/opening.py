"""Opening a collection, or making it where there is none; looking for one, dropping one."""

import os
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.arguments import PATH, checked, declared_kinds, encoder_names
from lookalike.collection import Collection
from lookalike.errors import UsageError
from lookalike.stores.milvus import MilvusAddress, is_address, refuse_mistyped

if TYPE_CHECKING:
    from lookalike.indexes import Wished
    from lookalike.indexes.parameters import Place
    from lookalike.indexes.wished import Given
    from lookalike.stores.base import Store

DEFAULT_PATH = ".lookalike"


def open_collection(
    path: str | PathLike[str] = DEFAULT_PATH,
    *,
    encoder: str | Sequence[str] | None = None,
    create: bool = True,
    read_only: bool = False,
    attributes: Mapping[str, str] | None = None,
    consistency: str | None = None,
    index: "Given | None" = None,
) -> Collection:
    """Open a collection, making it when it is not there.

    Args:
        path: the collection's folder, or its address on a Milvus server, such as
            `milvus://localhost:19530/photos`.
        encoder: names of the encoders to use, one, a list, or a text with commas. A new
            collection gets `clip-vit-b-16`, `phash` and `sscd-distilled` by default; an encoder
            new to a collection embeds what is there at the next `add`.
        create: whether to make a collection that is not there.
        read_only: refuse to change anything. A folder is then read beside a process that writes,
            and searches scan the stored embeddings exactly.
        attributes: those that filters will often ask for, by name, each "number", "text" or
            "boolean": a new collection indexes them from the start, on a server in columns of
            their own, and takes no values of another kind.
        consistency: how much of what was written a read on a server sees: "session" (what this
            process wrote), "strong" (everything), "bounded" (all but the last seconds) or
            "eventually".
        index: the kind of index that the embeddings of a new encoder get, such as
            "HNSW:M=16,efConstruction=200" or "auto", or a mapping of encoders to those; see
            `lookalike.indexes`.

    Raises:
        UsageError: no collection there, an unknown encoder, an address that cannot be, an index
            that the store cannot make, or attributes that a collection that is there was not made
            with.
        CollectionLockedError: another process has the folder open; names its pid.
        StoreError: the disk, the catalogue or the server failed.
    """
    from lookalike.encoders import registry
    from lookalike.indexes import Wished

    checked(path, PATH, "a collection is named by its folder's path, or its address")
    names = [] if encoder is None else encoder_names(encoder)
    names = [registry.card(name).name for name in names]
    declared = None if attributes is None else declared_kinds(attributes)
    wished = Wished.of(index)
    # Before anything is made.
    refuse_mistyped(str(path))
    place: Place = "milvus" if is_address(str(path)) else "local"
    wished.check(place)
    try:
        wished.check_fits(_kinds(names), place)
    except UsageError:
        if not collection_exists(path):
            raise
    store: Store
    if is_address(str(path)):
        from lookalike.stores.milvus.store import MilvusStore

        address = MilvusAddress.parse(str(path), consistency=consistency)
        store = MilvusStore.open(
            address, create=create, read_only=read_only, attributes=declared, wished=wished
        )
        return _with_indexes(store, None, names, wished)
    from lookalike.stores.local import LocalStore

    if consistency is not None:
        raise UsageError("consistency is for collections on a server: a folder is always strong")
    folder = Path(path)
    store = LocalStore.open(folder, create=create, read_only=read_only, attributes=declared)
    return _with_indexes(store, folder, names, wished)


def _with_indexes(
    store: "Store", folder: Path | None, names: Sequence[str], wished: "Wished"
) -> Collection:
    try:
        wished.check_made(store)
        known = {spec.name: spec.kind for spec in store.encoders()}
        if known:
            wished.check_fits({**known, **_kinds(names)}, store.place, store.version)
    except BaseException:
        store.close()
        raise
    return Collection(store, folder, names, wished)


def _kinds(names: Sequence[str]) -> dict[str, str]:
    """What encoders make, by name."""
    from lookalike.encoders import registry

    return {name: registry.card(name).kind for name in names}


def collection_exists(path: str | PathLike[str]) -> bool:
    """Whether there is anything at a collection's path, or a collection at its address.

    Raises:
        UsageError: it is an address that cannot be.
        StoreError: the server does not answer.
    """
    refuse_mistyped(str(path))
    if not is_address(str(path)):
        return os.path.lexists(path)
    from lookalike.stores.milvus import store

    return store.exists(MilvusAddress.parse(str(path)))


def drop(path: str | PathLike[str]) -> None:
    """Delete a collection with all that is kept in it; picture files are never touched.

    Args:
        path: its folder, which is removed, or its address.

    Raises:
        NotFoundError: there is no collection.
        UsageError: the folder holds other things, too, or the address cannot be; nothing was
            deleted.
        CollectionLockedError: another process has the folder open for writing.
        StoreError: the disk or the server failed.
    """
    checked(path, PATH, "a collection is named by its folder's path, or its address")
    refuse_mistyped(str(path))
    if is_address(str(path)):
        from lookalike.stores.milvus import store

        store.drop(MilvusAddress.parse(str(path)))
        return
    from lookalike.stores.local.place import remove_folder

    remove_folder(Path(path))
