"""Hours of indexing, and searches per second."""

from lookalike.planning import measured
from lookalike.planning.amount import Amount, of, total
from lookalike.planning.lines import Lines
from lookalike.planning.vectors import pictures
from lookalike.planning.workload import Workload

_HOUR = 3600


def add_indexing(lines: Lines, workload: Workload, store: str) -> None:
    """Lines of how long it takes to read, encode and store all pictures."""
    section = "indexing"
    rate, source = _rate(workload)
    if rate is not None:
        each = lines.add(
            section, "pictures per second, one machine", rate, "pictures/s", source=source
        )
        alone = pictures(workload) / each / of(_HOUR, "s")
        hours = lines.add(section, "encoding, one machine", alone, "hours")
        if workload.workers > 1:
            workers = of(workload.workers, "machines")
            hours = lines.add(section, "encoding, all machines", hours / workers, "hours")
    vectors = sum(one.kind == "embedding" for one in workload.encoders)
    if store == "local":
        rows = pictures(workload) / of(measured.LOCAL_ROWS_PER_SECOND, "records/s")
        lines.add(section, "storing", rows / of(_HOUR, "s"), "hours", source=measured.LOCAL_SOURCE)
        if vectors:
            graphs = pictures(workload) * of(vectors, "graphs")
            hours = graphs / of(measured.LOCAL_GRAPH_PER_SECOND, "vectors/s") / of(_HOUR, "s")
            lines.add(section, "building graphs", hours, "hours", source=measured.LOCAL_SOURCE)
        return
    tables = 1 + len(workload.encoders) + sum(one.projected for one in workload.encoders)
    rows = pictures(workload) * of(tables, "tables") / of(measured.MILVUS_ROWS_PER_SECOND, "rows/s")
    lines.add(
        section,
        "storing, one standalone server",
        rows / of(_HOUR, "s"),
        "hours",
        source=measured.MILVUS_SOURCE,
    )


def _rate(workload: Workload) -> tuple[Amount | None, str]:
    if workload.pictures_per_second is not None:
        return of(workload.pictures_per_second, "pictures/s"), "given"
    times = [one.milliseconds for one in workload.encoders]
    if any(time is None for time in times):
        return None, ""
    each = total([of(one.milliseconds or 0.0, f"ms {one.name}") for one in workload.encoders])
    return of(1000, "ms") / each, "a batch on two processors, docs/models.md"


def add_searching(lines: Lines, workload: Workload, kind: str) -> None:
    """Lines of searches per second on Milvus, for the first encoder of embeddings."""
    milliseconds = measured.SEARCH_MS.get(kind.partition(":")[0])
    if milliseconds is None:
        return
    section = "searching"
    nodes = lines.value("query nodes", kind)
    main = next((one for one in workload.encoders if one.kind == "embedding"), None)
    if main is None:
        return
    own = of(nodes / workload.replicas, "nodes of a replica")
    inside = of(measured.SEGMENT_BYTES, "bytes") / (of(4) * of(main.compared, "dimensions"))
    segments = lines.add(
        section,
        "segments on each node",
        (pictures(workload) / inside / own).up(),
        "",
        index=kind,
        source=measured.SEGMENT_SOURCE,
    )
    scaled = of(main.compared / measured.SEARCH_DIMENSIONS, "for dimensions")
    call = of(measured.SEARCH_CALL_MS, "ms of a call")
    work = call + segments * of(milliseconds, "ms of a core") * scaled
    cost = lines.add(
        section,
        "processor time of a search, each node",
        work,
        "ms",
        index=kind,
        source=measured.SEARCH_SOURCE,
    )
    rate = of(workload.node_cores, "cores") * of(1000, "ms") / cost
    each = lines.add(section, "searches per second, one replica", rate, "queries/s", index=kind)
    if workload.qps:
        needed = (of(workload.qps, "searches/s") / each).up()
        lines.add(section, "replicas for the searches asked for", needed, "", index=kind)
