"""The local store beside other embedded engines: recall, time, memory and disk in one run.

    python benchmarks/engines.py --n 100000
    python benchmarks/engines.py --n 1000000 --folder /somewhere/with/20GB --only lookalike,zvec

Needs zvec, lancedb, faiss-cpu and milvus-lite beside lookalike; what is not installed, or cannot do
the job, is said and left out. Each engine builds in a process of its own and searches in another,
one query at a time, ten answers, with a graph of M 16 and efConstruction 128 where it has one, at
what its authors suggest otherwise. The filter lets 1 in 33 pass. lookalike answers with records,
the others with ids. Times are ratios to lookalike's of the same run; CPU seconds count all threads.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from large import memory
from numpy.typing import NDArray
from search import DIM, chunks, queries

Floats = NDArray[np.float32]
Ask = Callable[[Floats], list[int]]
M, EF_CONSTRUCTION, EF = 16, 128, 96
GROUPS, GROUP = 33, 5
ASKED = 300
BATCH = 1000


def batches(n: int) -> Iterator[tuple[int, Floats]]:
    """(first place, embeddings), a thousand at a time."""
    for start, rows in chunks(n):
        for part in range(0, len(rows), BATCH):
            yield start + part, rows[part : part + BATCH]


# Each engine: build(folder, n), then ready(folder) gives (search, filtered search).


def build_lookalike(folder: Path, n: int) -> None:
    """Through the public face, with a record and its attribute for each vector."""
    import lookalike

    with lookalike.open(folder) as collection:
        for start, rows in grouped(n, 100_000):
            places = range(start, start + len(rows))
            collection.add_embeddings(
                np.array(places),
                rows,
                attributes=[{"group": place % GROUPS} for place in places],
                encoder="made",
            )


def grouped(n: int, size: int) -> Iterator[tuple[int, Floats]]:
    """(first place, embeddings), more at a time."""
    held: list[Floats] = []
    first = 0
    for start, rows in chunks(n):
        held.append(rows)
        if (start + len(rows) - first) >= size or start + len(rows) == n:
            yield first, np.concatenate(held)
            held, first = [], start + len(rows)


def ready_lookalike(folder: Path) -> tuple[Ask, Ask]:
    """`Collection.search`."""
    import lookalike

    collection = lookalike.open(folder)

    def ask(query: Floats, where: str | None = None) -> list[int]:
        found = collection.search(vector=query, limit=10, encoder="made", where=where)
        return [hit.id for hit in found]

    return ask, lambda query: ask(query, f"group == {GROUP}")


def build_zvec(folder: Path, n: int) -> None:
    """HNSW over int8 codes beside float16."""
    import zvec

    # Rows come in their order, so the place is the id.
    graph = zvec.HnswIndexParam(
        metric_type=zvec.MetricType.IP,
        m=M,
        ef_construction=EF_CONSTRUCTION,
        quantize_type=zvec.QuantizeType.INT8,
    )
    schema = zvec.CollectionSchema(
        "made",
        [zvec.FieldSchema("group", zvec.DataType.INT64, index_param=zvec.InvertIndexParam())],
        [zvec.VectorSchema("vector", zvec.DataType.VECTOR_FP32, DIM, graph)],
    )
    collection = zvec.create_and_open(str(folder), schema)
    for start, rows in batches(n):
        docs = [
            zvec.Doc(str(place), vectors={"vector": row}, fields={"group": place % GROUPS})
            for place, row in enumerate(rows.tolist(), start)
        ]
        collection.insert(docs)
    collection.flush()
    collection.optimize()
    collection.flush()


def ready_zvec(folder: Path) -> tuple[Ask, Ask]:
    """Its query, refined."""
    import zvec

    collection = zvec.open(str(folder))
    param = zvec.HnswQueryParam(ef=EF, is_using_refiner=True, scale_factor=2.0)

    def ask(query: Floats, where: str | None = None) -> list[int]:
        asked = zvec.Query("vector", vector=query.tolist(), param=param)
        found = collection.query(asked, topk=10, filter=where, output_fields=[])
        return [int(doc.id) for doc in found]

    return ask, lambda query: ask(query, f"group = {GROUP}")


def build_lancedb(folder: Path, n: int) -> None:
    """IVF_HNSW_SQ, the kind its documentation names for speed and recall."""
    import lancedb
    import pyarrow as pa

    schema = pa.schema(
        [
            ("id", pa.int64()),
            ("group", pa.int64()),
            ("vector", pa.list_(pa.float32(), DIM)),
        ]
    )
    table = lancedb.connect(str(folder)).create_table("made", schema=schema)
    for start, rows in grouped(n, 100_000):
        places = np.arange(start, start + len(rows))
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), DIM)
        table.add(pa.table([places, places % GROUPS, vectors], schema=schema))
    table.create_index(metric="dot", index_type="IVF_HNSW_SQ", m=M, ef_construction=EF_CONSTRUCTION)
    table.create_scalar_index("group")


def ready_lancedb(folder: Path) -> tuple[Ask, Ask]:
    """Its search, refined with the vectors."""
    import lancedb

    table = lancedb.connect(str(folder)).open_table("made")

    def ask(query: Floats, where: str | None = None) -> list[int]:
        asked = table.search(query).distance_type("dot").select(["id"]).limit(10)
        asked = asked.nprobes(20).ef(EF).refine_factor(2)
        if where:
            asked = asked.where(where, prefilter=True)
        return asked.to_arrow()["id"].to_pylist()

    return ask, lambda query: ask(query, f"group = {GROUP}")


def build_faiss(folder: Path, n: int) -> None:
    """HNSW over 8-bit codes; faiss keeps no attributes."""
    import faiss

    index = faiss.IndexHNSWSQ(DIM, faiss.ScalarQuantizer.QT_8bit, M, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    _fill_faiss(index, folder, n)


def build_faiss_rabitq(folder: Path, n: int) -> None:
    """Cells of RaBitQ codes, the best compared again with float16."""
    import faiss

    cells = max(64, int(4 * n**0.5))
    codes = faiss.IndexIVFRaBitQ(
        faiss.IndexFlatIP(DIM), DIM, cells, faiss.METRIC_INNER_PRODUCT, True
    )
    fine = faiss.IndexScalarQuantizer(
        DIM, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    _fill_faiss(faiss.IndexRefine(codes, fine), folder, n, (codes, fine))


def _fill_faiss(index: Any, folder: Path, n: int, kept: Any = None) -> None:
    import faiss

    folder.mkdir()
    sample = np.concatenate([rows for _, rows in chunks(min(n, 200_000))])
    index.train(sample)
    for _, rows in chunks(n):
        index.add(rows)
    faiss.write_index(index, str(folder / "index.faiss"))
    np.save(folder / "group.npy", np.arange(n) % GROUPS)


def ready_faiss(folder: Path) -> tuple[Ask, Ask]:
    """Its search; the filter is a bitmap made before."""
    import faiss

    faiss.omp_set_num_threads(1)
    # What is downcast does not keep what was read alive.
    read = faiss.read_index(str(folder / "index.faiss"))
    index = faiss.downcast_index(read)
    passing = np.packbits(np.load(folder / "group.npy") == GROUP, bitorder="little")
    selector = faiss.IDSelectorBitmap(passing)

    def parameters(**only: Any) -> Any:
        if isinstance(index, faiss.IndexHNSW):
            return faiss.SearchParametersHNSW(efSearch=EF, **only)
        nprobe = max(1, faiss.downcast_index(index.base_index).nlist // 32)
        codes = faiss.IVFRaBitQSearchParameters(nprobe=nprobe, qb=8, **only)
        return faiss.IndexRefineSearchParameters(k_factor=10, base_index_params=codes)

    plain, within = parameters(), parameters(sel=selector)

    def ask(query: Floats, params: Any = plain) -> list[int]:
        return read.search(query[None], 10, params=params)[1][0].tolist()

    return ask, lambda query: ask(query, within)


def build_milvus_lite(folder: Path, n: int) -> None:
    """HNSW, or what it makes of AUTOINDEX."""
    from pymilvus import DataType, MilvusClient

    folder.mkdir()
    client = MilvusClient(str(folder / "milvus.db"))
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("group", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIM)
    params = client.prepare_index_params()
    params.add_index(
        "vector",
        index_type="HNSW",
        metric_type="IP",
        params={"M": M, "efConstruction": EF_CONSTRUCTION},
    )
    client.create_collection("made", schema=schema, index_params=params)
    for start, rows in batches(n):
        data = [
            {"id": place, "group": place % GROUPS, "vector": row}
            for place, row in enumerate(rows, start)
        ]
        client.insert("made", data)
    client.flush("made")
    client.close()


def ready_milvus_lite(folder: Path) -> tuple[Ask, Ask]:
    """Its search."""
    from pymilvus import MilvusClient

    client = MilvusClient(str(folder / "milvus.db"))
    client.load_collection("made")

    def ask(query: Floats, where: str = "") -> list[int]:
        found = client.search(
            "made", [query.tolist()], limit=10, filter=where, search_params={"params": {"ef": EF}}
        )
        return [hit["id"] for hit in found[0]]

    return ask, lambda query: ask(query, f"group == {GROUP}")


ENGINES: dict[str, tuple[Callable[[Path, int], None], Callable[[Path], tuple[Ask, Ask]]]] = {
    "lookalike": (build_lookalike, ready_lookalike),
    "zvec": (build_zvec, ready_zvec),
    "lancedb": (build_lancedb, ready_lancedb),
    "faiss HNSW SQ8": (build_faiss, ready_faiss),
    "faiss RaBitQ": (build_faiss_rabitq, ready_faiss),
    "milvus-lite": (build_milvus_lite, ready_milvus_lite),
}


def cpu() -> float:
    """Seconds of the processor that this process and its ended children took."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, whose))


def built(name: str, folder: Path, n: int) -> dict[str, float]:
    """Build one engine in this process."""
    peak = [0]
    threading.Thread(target=_watch, args=(peak,), daemon=True).start()
    start, used = time.perf_counter(), cpu()
    for _ in chunks(n):
        pass
    making = time.perf_counter() - start, cpu() - used
    start, used = time.perf_counter(), cpu()
    ENGINES[name][0](folder, n)
    took = time.perf_counter() - start - making[0], cpu() - used - making[1]
    size = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
    return {"build": took[0], "build_cpu": took[1], "build_MB": peak[0], "disk": size / n}


def _watch(peak: list[int]) -> None:
    while True:
        peak[0] = max(peak[0], memory("self")[0])
        time.sleep(0.1)


def searched(name: str, folder: Path, n: int) -> dict[str, float]:
    """Open one engine and search in this process."""
    asked = queries(n, ASKED)
    start = time.perf_counter()
    ask, within = ENGINES[name][1](folder)
    ask(asked[0])
    found: dict[str, float] = {"open": time.perf_counter() - start}
    for kind, call in (("", ask), ("filter_", within)):
        for query in asked:
            call(query)
        answers, times = [], []
        for query in asked:
            start = time.perf_counter()
            answers.append(call(query))
            times.append((time.perf_counter() - start) * 1e3)
        exact = np.load(folder.parent / "truth.npz")[kind or "all"].tolist()
        hits = sum(len(set(a) & set(b)) for a, b in zip(exact, answers, strict=True))
        found[f"{kind}recall"] = hits / (10 * len(exact))
        found[f"{kind}p50"], found[f"{kind}p95"] = np.percentile(times, [50, 95]).tolist()
    found["own_MB"], found["resident_MB"] = memory("self")
    return found


def truth(folder: Path, n: int) -> None:
    """The exact answers, over all and within the filter."""
    asked = queries(n, ASKED)
    best: dict[str, Any] = {}
    for start, rows in chunks(n):
        places = np.arange(start, start + len(rows))
        scores = asked @ rows.T
        for name, kept in (("all", slice(None)), ("filter_", places % GROUPS == GROUP)):
            own, wide = scores[:, kept], np.broadcast_to(places[kept], scores[:, kept].shape)
            if name in best:
                own, wide = np.hstack([best[name][0], own]), np.hstack([best[name][1], wide])
            order = np.argsort(-own, axis=1)[:, :10]
            best[name] = [np.take_along_axis(one, order, 1) for one in (own, wide)]
    np.savez(folder / "truth.npz", **{name: found[1] for name, found in best.items()})


def step(name: str, folder: Path, n: int, work: str) -> dict[str, float] | None:
    """One step of one engine in a process of its own; None when it cannot be done."""
    command = [sys.executable, __file__, "--n", str(n), "--folder", str(folder), "--only", name]
    done = subprocess.run([*command, "--work", work], check=False, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        print(f"{name} cannot {work}: {lines[-1][:300]}", flush=True)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(folder: Path, n: int, names: list[str]) -> None:
    """Print the table."""
    truth(folder, n)
    print(f"{n:,} x {DIM}, one search at a time\n")
    print(
        "| engine | build s (CPU s) | own MB | bytes a vector | open s "
        "| searching: own, resident MB | recall, p50, p95 ms "
        "| within 3 %: recall, p50, p95 ms | p50 beside lookalike's |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    base: dict[str, float] | None = None
    for name in names:
        own = folder / name.replace(" ", "-")
        made = step(name, folder, n, "build")
        found = made and step(name, folder, n, "search")
        shutil.rmtree(own, ignore_errors=True)
        if made is None or not found:
            continue
        base = base or found
        print(
            f"| {name} | {made['build']:.0f} ({made['build_cpu']:.0f}) | {made['build_MB']:,} "
            f"| {made['disk']:,.0f} | {found['open']:.2f} "
            f"| {found['own_MB']:,}, {found['resident_MB']:,} "
            f"| {found['recall']:.3f}, {found['p50']:.2f}, {found['p95']:.2f} "
            f"| {found['filter_recall']:.3f}, {found['filter_p50']:.2f}, {found['filter_p95']:.2f} "
            f"| {found['p50'] / base['p50']:.2f}, {found['filter_p50'] / base['filter_p50']:.2f} |",
            flush=True,
        )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="must be empty; thrown away by default")
    parser.add_argument("--only", default=",".join(ENGINES))
    parser.add_argument("--work", choices=("build", "search"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        own = options.folder / options.only.replace(" ", "-")
        do = built if options.work == "build" else searched
        print("\n" + json.dumps(do(options.only, own, options.n)))
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lookalike-engines-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        compare(folder, options.n, options.only.split(","))
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
