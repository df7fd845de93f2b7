"""The vectors themselves, before any index: what encoders make."""

from lookalike.planning.amount import Amount, of
from lookalike.planning.lines import Lines
from lookalike.planning.workload import Encoder, Workload

_FLOAT32, _FLOAT16 = 4, 2


def pictures(workload: Workload) -> Amount:
    """How many pictures, as part of a formula."""
    return of(workload.pictures, "pictures")


def dimensions(one: Encoder) -> Amount:
    """Components of an embedding as the encoder made it."""
    return of(one.size, "dimensions")


def compared(one: Encoder) -> Amount:
    """Components of an embedding as it is compared."""
    return of(one.compared, "dimensions")


def add(lines: Lines, workload: Workload) -> None:
    """Lines of every encoder's vectors as float32, as float16, and after its projection."""
    section = "vectors"
    for one in workload.encoders:
        if one.kind == "hash":
            code = pictures(workload) * of(one.size, "bits") / of(8)
            lines.add(section, f"hashes of {one.name}", code)
            continue
        raw = pictures(workload) * dimensions(one)
        lines.add(section, f"{one.name}, float32", raw * of(_FLOAT32, "bytes"))
        lines.add(section, f"{one.name}, float16", raw * of(_FLOAT16, "bytes"))
        if one.projected:
            short = pictures(workload) * compared(one) * of(_FLOAT32, "bytes")
            lines.add(section, f"{one.name}, projected, float32", short)
