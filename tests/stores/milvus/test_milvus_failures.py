import grpc
import pytest
from pymilvus.exceptions import MilvusException

from lookalike.errors import StoreError
from lookalike.stores.milvus import failures
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection

ADDRESS = MilvusAddress.parse("milvus://me:secret@db:1/shop?timeout=2")


class Refused(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode, details: str = "") -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Refused(grpc.StatusCode.UNAVAILABLE), "does not answer"),
        (Refused(grpc.StatusCode.DEADLINE_EXCEEDED), "timeout=SECONDS"),
        (Refused(grpc.StatusCode.UNAUTHENTICATED), "LOOKALIKE_MILVUS_TOKEN"),
        (MilvusException(code=9, message="quota exceeded"), "short of disk"),
        (MilvusException(message="database not found[x]"), "has no database"),
        (MilvusException(message="there is no vector index on x"), "`lookalike rebuild` makes it"),
        (MilvusException(message="a field is wrong\ntrace\ntrace"), "a field is wrong"),
    ],
)
def test_errors_name_the_server_the_operation_and_what_to_do(error: Exception, words: str) -> None:
    told = str(failures.told(error, "write 3 rows to shop", ADDRESS, 2))
    assert "db:1" in told
    assert words in told
    assert "write 3 rows" in told or "database" in words
    assert "trace" not in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (Refused(grpc.StatusCode.UNAVAILABLE), True),
        (Refused(grpc.StatusCode.INVALID_ARGUMENT), False),
        (MilvusException(code=8, message="rate limit"), True),
        (MilvusException(message="channel not available"), True),
        (MilvusException(code=101, message="collection not loaded"), False),
        (MilvusException(message="cannot parse expression"), False),
        (MilvusException(message="NodeNotFound"), True),
        (MilvusException(message="lease 12 expired"), True),
        (MilvusException(message="no vector index on x, please create index firstly"), False),
        (ValueError("x"), False),
    ],
)
def test_only_what_passes_is_tried_again(error: Exception, passes: bool) -> None:
    assert failures.passes(error) == passes


@pytest.mark.parametrize(
    ("text", "version"),
    [("v2.3.5", (2, 3, 5)), ("2.6.1-dev", (2, 6, 1)), ("3.0", (3, 0, 0)), ("main", (9, 0, 0))],
)
def test_versions(text: str, version: tuple[int, int, int]) -> None:
    assert failures.version_of(text) == version


def test_nobody_there() -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9 does not answer"):
        Connection(MilvusAddress.parse("milvus://127.0.0.1:9/shop?timeout=0.5"))
