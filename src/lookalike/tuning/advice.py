"""What follows from what was measured, in words."""

from collections.abc import Iterator

from lookalike.indexes import available, outgrown
from lookalike.indexes.kinds import Version
from lookalike.indexes.parameters import Place
from lookalike.tuning.results import Tried, Tuning


def advice(
    tuning: Tuning, place: Place, version: Version | None, *, dimensions: int, words: bool
) -> Iterator[str]:
    """Notices about a measurement of vectors of so many components.

    `words` says whether the encoder understands them.
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
    )
    if grown:
        yield grown
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
        ": its codes are too short to tell the nearest from the next"
        if missed and tried.index.table.codes
        else ""
    )
    return (
        f"{tried.index} does not reach a recall of {tuning.wished:g}{whom} with any setting that "
        f"is faster than comparing with all (at most {reached}){why}"
    )


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
