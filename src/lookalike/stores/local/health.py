"""What a reader can see of an index that is amiss, without loading it."""

from pathlib import Path

from lookalike.errors import StoreError
from lookalike.stores.local import roster
from lookalike.stores.local.catalogue import Catalogue
from lookalike.stores.local.roster import Member


def problems(catalogue: Catalogue, folder: Path, encoder: Member) -> list[str]:
    """A damaged projection or an index that is not there, in words.

    Args:
        catalogue: the collection's.
        folder: where the indexes are.
        encoder: one of embeddings.
    """
    try:
        roster.space(catalogue, encoder)
    except StoreError as error:
        return [str(error)]
    statement = "SELECT shard, vectors FROM encoders WHERE number = ?"
    # Twice, since a writer may have taken another index in between.
    for _ in range(2):
        ((name, held),) = catalogue.read(statement, (encoder.number,))
        if not held or (name is not None and (folder / name).is_dir()):
            return []
    return [f"The index of {encoder.spec.name} is not there: the next search builds it again."]
