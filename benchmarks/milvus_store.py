"""The Milvus store beside pymilvus alone: searches and inserts, in turns, on one server.

Both search the same table, the one that the store fills, with the same parameters and output
fields. Both write the same batches: pymilvus alone once into one table of records with vectors,
and once into both tables that the store keeps (the records, and the vectors with each record once
more). Bars: median search at most 1.3 times, rows per second at least 0.8 times those of pymilvus.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from search import CHUNK, ENCODER, Floats, chunks, entries, interleaved, queries

import lookalike
from lookalike.filters import parse
from lookalike.indexes import IndexSpec, search_parameters
from lookalike.stores.base import Entry
from lookalike.stores.milvus import MilvusAddress
from lookalike.stores.milvus.layout import RECORD_COLUMNS, Table
from lookalike.stores.milvus.rows import row_of
from lookalike.stores.milvus.store import MilvusStore

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

BATCH = 2000
NAME = "ours"
INDEX = IndexSpec.parse("HNSW:M=16,efConstruction=200,ef=128")


def table_like(client: Any, table: Table, name: str) -> None:
    """A table of the same columns, index and partition key, made by pymilvus alone."""
    from lookalike.stores.milvus.connection import _field_options

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    for column in table.columns:
        schema.add_field(column.name, int(column.type), **_field_options(table, column))
    index = client.prepare_index_params()
    kind = "BIN_FLAT" if table.metric == "HAMMING" else INDEX.kind
    build = {} if table.metric == "HAMMING" else dict(INDEX.build)
    index.add_index(table.vector.name, index_type=kind, metric_type=table.metric, params=build)
    options = {"num_partitions": 16} if table.partition_key else {}
    client.create_collection(name, schema=schema, index_params=index, **options)


def plain_rows(batch: list[Entry], first: int, table: Table) -> list[dict[str, Any]]:
    """What a caller of pymilvus hands over for a batch; the work of making it is not counted."""
    from lookalike.stores.milvus.rows import value_of

    made = []
    for number, entry in enumerate(batch, first):
        record = lookalike.Record(
            number, entry.uri, entry.tenant, attributes=entry.attributes or {}, added=1.0
        )
        row = {key: value_of(value) for key, value in row_of(record, {}).items()}
        row["has"] = {ENCODER.name: -1}
        row[table.vector.name] = entry.vectors[ENCODER.name]
        made.append({column.name: row.get(column.name) for column in table.columns})
    return made


def insert(store: MilvusStore, client: Any, n: int) -> dict[str, float]:
    """Write n rows each way, a batch in turn; seconds of each."""
    layout = store._state.layout
    vectors = store._state.compared(store._state.members[ENCODER.name])
    for table, name in ((vectors, "one"), (vectors, "both"), (layout.records, "both_records")):
        table_like(client, table, name)
    took = dict.fromkeys(("store", "one", "both"), 0.0)
    turn = 0
    for start, rows in chunks(n):
        made = entries(start, rows)
        for place in range(0, len(made), BATCH):
            batch = made[place : place + BATCH]
            plain = plain_rows(batch, start + place, vectors)
            records = [
                {
                    **{key: value for key, value in row.items() if key != vectors.vector.name},
                    "has": {ENCODER.name: -1},
                    "nothing": b"\0",
                }
                for row in plain
            ]
            ways: list[tuple[str, Callable[[], object]]] = [
                ("store", lambda batch=batch: store.upsert(batch)),
                ("one", lambda plain=plain: client.insert("one", plain)),
                (
                    "both",
                    lambda plain=plain, records=records: (
                        client.insert("both", plain),
                        client.insert("both_records", records),
                    ),
                ),
            ]
            for name, write in ways[turn:] + ways[:turn]:
                clock = time.perf_counter()
                write()
                took[name] += time.perf_counter() - clock
            turn = (turn + 1) % len(ways)
    return took


def measure_inserts(store: MilvusStore, client: Any, n: int) -> None:
    """Rows a second each way."""
    took = insert(store, client, n)
    for name, words in (
        ("store", "store.upsert"),
        ("one", "pymilvus insert, one table"),
        ("both", "pymilvus insert, both tables"),
    ):
        ratio = took[name] and took[name] / took["store"]
        print(f"{words:34} {n / took[name]:9,.0f} rows/s   store / this {ratio:5.2f}")
    for name in ("one", "both", "both_records"):
        client.drop_collection(name)


def ready(store: MilvusStore, client: Any) -> None:
    """Everything in sealed segments with their index."""
    store.optimize()
    for name in client.list_collections():
        client.flush(name)
    until = time.monotonic() + 900
    table = store._state.compared(store._state.members[ENCODER.name]).name
    while time.monotonic() < until:
        if not client.describe_index(table, "vector").get("pending_index_rows", 0):
            break
        time.sleep(2)
    time.sleep(15)


def measure_searches(address: str, client: Any, n: int, count: int) -> None:
    """The same ten nearest each way, in turns."""
    asked = queries(n, count)
    with MilvusStore.open(MilvusAddress.parse(address)) as store:
        one = store._state.members[ENCODER.name]
        table = store._state.compared(one)
        parameters = search_parameters(one.index, "milvus", 10)
        print(f"index {one.index}, searched with {dict(parameters)}")

        def bare(query: Floats, level: str = "Bounded", condition: str = "") -> list[int]:
            (found,) = client.search(
                table.name,
                [query.tolist()],
                filter=condition,
                limit=10,
                output_fields=list(RECORD_COLUMNS),
                search_params={"metric_type": "IP", "params": dict(parameters)},
                consistency_level=level,
            )
            return [hit["id"] for hit in found]

        def ours(query: Floats) -> list[int]:
            return [near.id for near in store.nearest(ENCODER.name, query, 10)]

        tenth = parse('group == "g5"')

        def filtered(query: Floats) -> list[int]:
            return [near.id for near in store.nearest(ENCODER.name, query, 10, where=tenth)]

        def bare_filtered(query: Floats) -> list[int]:
            return bare(query, "Bounded", 'attributes["group"] == "g5"')

        with lookalike.open(address) as collection:

            def whole(query: Floats) -> list[int]:
                found = collection.search(vector=query, limit=10, encoder=ENCODER.name)
                return [hit.id for hit in found]

            ways = {"pymilvus": bare, "store.nearest": ours, "Collection.search": whole}
            table_of(interleaved(ways, asked), "pymilvus")
            ways = {"pymilvus, filtered": bare_filtered, "store.nearest, filtered": filtered}
            table_of(interleaved(ways, asked[: count // 2]), "pymilvus, filtered")


def table_of(results: dict[str, tuple[list[list[int]], Floats]], base: str) -> None:
    """A row for each way, with the ratio of its median to that of `base`."""
    found, times = results[base]
    middle = float(np.median(times))
    for name, (own, took) in results.items():
        p50, p95 = np.percentile(took, [50, 95])
        same = np.mean(
            [len(set(a) & set(b)) / max(len(b), 1) for a, b in zip(own, found, strict=True)]
        )
        print(
            f"{name:34} p50 {p50:7.2f} ms  p95 {p95:7.2f} ms  ratio {p50 / middle:5.2f}  "
            f"same answers {same:.3f}"
        )


def main() -> None:
    """Insert, then search."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="the server's, kept afterwards")
    options = parser.parse_args()
    from milvus_server import MilvusProcess
    from pymilvus import MilvusClient

    folder = options.folder or Path(tempfile.mkdtemp(prefix="lookalike-milvus-"))
    server = MilvusProcess(folder).start()
    try:
        client = MilvusClient(server.uri)
        address = server.address(NAME)
        with MilvusStore.open(MilvusAddress.parse(address)) as store:
            store.add_encoder(ENCODER, index=INDEX)
            measure_inserts(store, client, options.n - options.n % CHUNK or options.n)
            ready(store, client)
        measure_searches(address, client, options.n, options.queries)
    finally:
        server.kill()
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
