"""Which index the local store makes of the one asked for."""

from lookalike.encoders.projection import Projection
from lookalike.indexes import IndexSpec, search_parameters, settled
from lookalike.records import EncoderSpec


def settle(
    encoder: EncoderSpec, index: IndexSpec | None, projection: Projection | None, vectors: int
) -> IndexSpec:
    """The index of so many vectors, with all its parameters.

    Raises:
        UsageError: the local store has none such.
    """
    made = settled(
        index or IndexSpec(),
        "local",
        vectors=vectors,
        dimensions=encoder.size if projection is None else projection.size,
        binary=encoder.kind == "hash",
    )
    return made.with_search(search_parameters(made, "local", 1))
