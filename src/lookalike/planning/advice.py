"""What to do, in words: which store, which index, how tenants are kept apart."""

from collections.abc import Iterator
from typing import Literal

from lookalike.indexes import IndexSpec
from lookalike.planning import measured
from lookalike.planning.lines import Plan
from lookalike.planning.workload import Workload

_MOST_PARTITIONS = 1024
"""Of a collection, on servers as they are shipped since 2.4; 2.3 allows 4,096."""


def store(workload: Workload) -> Literal["local", "milvus"]:
    """The store for so many pictures."""
    busy = workload.qps > measured.LOCAL_QPS or workload.replicas > 1
    return "milvus" if busy or workload.pictures > measured.LOCAL_MOST else "local"


def give(workload: Workload, plan: Plan, chosen: str) -> Iterator[str]:
    """Advice on a plan, for which `chosen` is the index."""
    yield _store(workload, plan)
    if chosen:
        yield from _indexes(workload, plan, chosen)
        yield from _tenants(workload)
    unknown = [one.name for one in workload.encoders if one.milliseconds is None]
    if unknown and not workload.pictures_per_second:
        yield (
            f"How long {', '.join(unknown)} takes was not measured: `lookalike evaluate` measures "
            "it, and --pictures-per-second takes the figure."
        )


def index(workload: Workload, plan: Plan) -> str:
    """The kind of index that needs the fewest machines, of those that find enough.

    Where searches per second were given, of those whose speed was measured.
    """
    kinds = _kinds(plan)
    fitting = [kind for kind in kinds if _finds(kind) >= workload.recall] or kinds
    if workload.qps:
        fitting = [kind for kind in fitting if _replicas(plan, kind)] or fitting
    return min(fitting, key=lambda kind: machines(plan, workload, kind), default="")


def _store(workload: Workload, plan: Plan) -> str:
    best = store(workload)
    most = f"{measured.LOCAL_MOST:,} records"
    if best == "local":
        words = (
            f"The local store does: one machine, one process that writes, measured up to {most} "
            "(docs/large.md)."
        )
    elif workload.pictures > measured.LOCAL_MOST:
        words = f"Milvus: the local store was measured up to {most} on one machine (docs/large.md)."
    else:
        words = (
            "Milvus: more searches per second, or replicas, than one process of the local store "
            "answers."
        )
    if best != plan.store:
        words += f" This plan is for the {plan.store} store, as asked."
    return words


def _indexes(workload: Workload, plan: Plan, chosen: str) -> Iterator[str]:
    for kind in _kinds(plan):
        if _finds(kind) < workload.recall:
            yield (
                f"{kind} rarely finds {workload.recall:.0%}: {_finds(kind):.0%} was measured "
                "(docs/indexes.md); longer codes find more."
            )
    count = machines(plan, workload, chosen)
    words = f"Index {chosen}: {count:,} query {'node' if count == 1 else 'nodes'}"
    others = [f"{kind} {machines(plan, workload, kind):,}" for kind in _kinds(plan)]
    others.remove(f"{chosen} {count:,}")
    words += f" ({', '.join(others)})" if others else ""
    if chosen.startswith("DISKANN"):
        words += "; its graphs must lie on local NVMe disks"
    yield words + ". `lookalike tune` measures what an index really finds on your own vectors."


def _kinds(plan: Plan) -> list[str]:
    return list(dict.fromkeys(one.index for one in plan.lines if one.index))


def machines(plan: Plan, workload: Workload, kind: str) -> int:
    """Query nodes for the memory, and for the searches per second where they were given."""
    nodes = plan.line("query nodes", kind).value
    return round(nodes / workload.replicas * max(workload.replicas, _replicas(plan, kind)))


def _replicas(plan: Plan, kind: str) -> float:
    """How many replicas the searches asked for take; 0 where that is not known."""
    try:
        return plan.line("replicas for the searches asked for", kind).value
    except KeyError:
        return 0


def _finds(kind: str) -> float:
    """The most that a kind was seen to find; 1 where that was not measured, as of other codes."""
    spec = IndexSpec.parse(kind)
    return 1.0 if "m" in spec.build else measured.RECALL.get(spec.kind, 1.0)


def _tenants(workload: Workload) -> Iterator[str]:
    if workload.tenants <= 1:
        return
    if workload.tenants > _MOST_PARTITIONS:
        yield (
            "Tenants by partition key (the default; an indexed column before Milvus 2.3.11): a "
            f"server keeps at most {_MOST_PARTITIONS:,} partitions in a collection, and there are "
            f"{workload.tenants:,} tenants."
        )
    else:
        yield (
            f"Tenants by partition key (the default); with {workload.tenants:,} of them, "
            "?tenancy=partitions would do too, and a search within one would read only its own."
        )
