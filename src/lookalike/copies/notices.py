"""What a user should know about the answer of a search for copies."""

from lookalike import proof
from lookalike.copies.chosen import MADE_FOR_COPIES, Chosen
from lookalike.copies.effort import Reach
from lookalike.copies.picture import QueryPicture
from lookalike.search.answer import incomplete
from lookalike.stores.base import Store


def of(
    store: Store, chosen: Chosen, query: QueryPicture, wanted: Reach, *, found: bool
) -> list[str]:
    """The sentences, in the order of their weight; `found` says that there is a copy."""
    said = []
    if query.unread:
        said.append(
            f"the picture of record {query.record.id if query.record else ''} cannot be read "
            f"({query.unread}): only what is stored of it was compared"
        )
    said += _descriptor(chosen)
    said += incomplete(store, chosen.specs)
    if wanted.proof and not proof.available() and (wanted.sure_ones or not found):
        said.append(
            "nothing was proved by local features, which finds more copies: "
            "`pip install 'lookalike[proof]'`"
        )
    return said


def _descriptor(chosen: Chosen) -> list[str]:
    by = chosen.descriptor.spec.name if chosen.descriptor is not None else "hashes alone"
    if by in MADE_FOR_COPIES:
        return []
    return [
        f"copies were looked for by {by}; `lookalike index --encoder sscd-distilled PATH` finds "
        "more of them"
    ]
