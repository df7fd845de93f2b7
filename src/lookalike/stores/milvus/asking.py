"""One search as the server is asked for it, and its answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.layout import Table, Type
from lookalike.stores.milvus.packing import Values, values_of
from lookalike.stores.milvus.stub import stub_of

if TYPE_CHECKING:
    from pymilvus import MilvusClient
    from pymilvus.grpc_gen.milvus_pb2 import SearchRequest

WINDOW = 16384
"""Most answers to one search, by the server's default (`quotaAndLimits.limits.topK`)."""
_PLACEHOLDER = {Type.FLOAT_VECTOR: 101, Type.BINARY_VECTOR: 100}
_DSL_EXPRESSION = 1


class Answer(NamedTuple):
    """One row that a search found: the metric's number, the primary key, the columns asked for."""

    score: float
    key: int
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search is to return, and how hard it is to look.

    `nearest` and `furthest` bound the metric's number: of Hamming distances, nearest <= d <
    furthest; of inner products, nearest >= s > furthest.
    """

    most: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    nearest: float | None = None
    furthest: float | None = None

    def as_json(self, metric: str) -> str:
        """The parameters as the server takes them."""
        found: dict[str, Any] = {"metric_type": metric, **self.parameters}
        if self.furthest is not None:
            found["radius"] = self.furthest
        if self.nearest is not None:
            found["range_filter"] = self.nearest
        return json.dumps(found)


def search(
    connection: Connection,
    table: Table,
    vectors: NDArray[Any],
    limits: Limits,
    expression: str = "",
    columns: Sequence[str] = (),
    partitions: Sequence[str] = (),
) -> list[list[Answer]]:
    """The answers to each of (n, dim) float32 or (n, bits/8) uint8 vectors, nearest first.

    Rows hold `columns` and the primary key; those of JSON are bytes.
    """
    from pymilvus.client.utils import check_status

    request = _request(connection, table, vectors, limits, expression, columns, partitions)

    def ask(client: "MilvusClient", seconds: float) -> list[list[Answer]]:
        answer = stub_of(client).Search(request, timeout=seconds)
        check_status(answer.status)
        return list(_answers(answer.results, table.key))

    return connection.read(f"search {table.name}", table.name, ask)


def _request(
    connection: Connection,
    table: Table,
    vectors: NDArray[Any],
    limits: Limits,
    expression: str,
    columns: Sequence[str],
    partitions: Sequence[str],
) -> "SearchRequest":
    from pymilvus.grpc_gen.common_pb2 import PlaceholderGroup, PlaceholderValue
    from pymilvus.grpc_gen.milvus_pb2 import SearchRequest

    kind = _PLACEHOLDER[table.vector.type]
    held = np.ascontiguousarray(vectors, "<f4" if kind == Type.FLOAT_VECTOR else np.uint8)
    values = PlaceholderValue(tag="$0", type=kind, values=[row.tobytes() for row in held])
    request = SearchRequest(
        db_name=connection.address.database,
        collection_name=table.name,
        partition_names=partitions,
        dsl=expression,
        dsl_type=_DSL_EXPRESSION,
        placeholder_group=PlaceholderGroup(placeholders=[values]).SerializeToString(),
        output_fields=columns,
        nq=len(held),
        use_default_consistency=False,
        **connection.consistency(table.name),
    )
    for key, value in (
        ("topk", limits.most),
        ("round_decimal", -1),
        ("metric_type", table.metric),
        ("anns_field", table.vector.name),
        ("params", limits.as_json(table.metric)),
    ):
        request.search_params.add(key=key, value=str(value))
    return request


def _answers(results: Any, key: str) -> Iterator[list[Answer]]:
    keys, scores = results.ids.int_id.data, results.scores
    columns: dict[str, Values] = {key: keys}
    columns |= {data.field_name: values_of(data) for data in results.fields_data}
    names = list(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    start = 0
    for count in results.topks:
        end = start + count
        yield list(map(Answer, scores[start:end], keys[start:end], rows[start:end]))
        start = end
