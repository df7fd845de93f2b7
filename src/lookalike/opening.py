"""Opening a collection, or making it where there is none."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from lookalike.arguments import PATH, checked, encoder_names
from lookalike.collection import Collection
from lookalike.errors import UsageError

DEFAULT_PATH = ".lookalike"


def open_collection(
    path: str | PathLike[str] = DEFAULT_PATH,
    *,
    encoder: str | Sequence[str] | None = None,
    create: bool = True,
    read_only: bool = False,
) -> Collection:
    """Open a collection, making it when it is not there.

    Args:
        path: the collection's folder.
        encoder: names of the encoders to use, one, a list, or a text with commas. A new
            collection gets `clip-vit-b-16`, `phash` and `sscd-distilled` by default; an encoder
            new to a collection embeds what is there at the next `add`.
        create: whether to make a collection that is not there.
        read_only: read beside a process that writes; searches scan the stored embeddings exactly.

    Raises:
        UsageError: no collection there, or an unknown encoder.
        CollectionLockedError: another process has it open; names its pid.
        StoreError: the disk or the catalogue failed.
    """
    from lookalike.encoders import registry
    from lookalike.stores.local import LocalStore

    checked(path, PATH, "a collection is named by its folder's path")
    if "://" in str(path):
        raise UsageError(f"{path}: a collection is a folder on this machine; give its path")
    names = [] if encoder is None else encoder_names(encoder)
    names = [registry.card(name).name for name in names]
    folder = Path(path)
    store = LocalStore.open(folder, create=create, read_only=read_only)
    return Collection(store, folder, names)
