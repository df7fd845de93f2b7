"""What follows from what was measured, in words."""

from collections.abc import Iterator

from lookalike.indexes import available, choose, outgrown
from lookalike.indexes.choose import FEW
from lookalike.indexes.kinds import Version
from lookalike.indexes.parameters import Place
from lookalike.tuning.results import Asked, Tried, Tuning

_LEVEL = 0.005
"""Recall that is not worth another step."""


def advice(
    tuning: Tuning,
    place: Place,
    version: Version | None,
    *,
    dimensions: int,
    words: bool,
    memory: int | None = None,
) -> Iterator[str]:
    """Notices about a measurement of vectors of so many components.

    `words` says whether the encoder understands them, `memory` how many bytes searching may take.
    """
    if "words" not in tuning.queries:
        yield (
            "searches by words were not measured: an index that serves pictures may fail them; "
            "give words with --words FILE or --words-from ATTRIBUTE"
            if words
            else f"searches by words were not measured: {tuning.encoder} does not understand them"
        )
    current = tuning.current
    grown = outgrown(
        tuning.encoder,
        current.index,
        place,
        vectors=current.vectors,
        dimensions=dimensions,
        memory=memory,
    )
    if grown:
        yield grown
    choice = choose(
        place,
        vectors=current.vectors,
        dimensions=dimensions,
        memory=memory,
        recall=tuning.wished,
        version=version,
    )
    if memory is not None or (choice.spec.kind != current.index.kind and current.vectors >= FEW):
        yield f"by size, memory and recall the choice is {choice.spec}: {choice.reason}"
    if current.chosen is None:
        yield _cannot(tuning, current)
        suggested = _suggested(tuning, place, version)
        if suggested:
            yield suggested
    yield from (_cannot(tuning, one) for one in tuning.others if one.chosen is None)


def _cannot(tuning: Tuning, tried: Tried) -> str:
    reached = " and ".join(f"{tried.best(asked):.3f} for {asked}" for asked in tuning.queries)
    missed = [asked for asked in tuning.queries if tried.best(asked) < tuning.wished]
    whom = f" for {' and '.join(missed)}" if missed else " for all kinds of queries at once"
    why = (
        "; to look further hardly adds to it: the rest is lost in its codes"
        if tried.index.table.codes and any(_is_level(tried, asked) for asked in missed)
        else ""
    )
    return (
        f"{tried.index} does not reach a recall of {tuning.wished:g}{whom} with any setting that "
        f"is faster than comparing with all (at most {reached}){why}"
    )


def _is_level(tried: Tried, asked: Asked) -> bool:
    """Whether the most thorough step finds no more than the one before."""
    last = [step.recall[asked] for step in tried.steps[-2:]]
    return len(last) > 1 and last[1] - last[0] < _LEVEL


def _suggested(tuning: Tuning, place: Place, version: Version | None) -> str | None:
    change = f"`lookalike rebuild --index-type {tuning.encoder}="
    reaching = [one for one in tuning.others if one.chosen is not None]
    if reaching:
        best = min(reaching, key=lambda one: one.chosen.cost if one.chosen else 0)
        return f"{best.index} reached it on the sample: {change}{best.index}`"
    names = {kind.name for kind in available(place, version)}
    current = tuning.current.index
    edges = int(current.build.get("M", 0))
    if current.kind == "HNSW" and edges < 32:
        return f"a graph with more edges may: {change}HNSW:M={2 * edges},efConstruction=400`"
    if current.kind != "HNSW" and "HNSW" in names:
        return f"a graph over the vectors themselves may: {change}HNSW`"
    return f"only comparing with all does: {change}FLAT`"
