"""A server that refuses: the user, the size of a value, the rate of writes."""

from collections.abc import Iterator

import pytest
from failing import entry, made, opened, run
from milvus_server import HOST, STEADY, MilvusProcess, why_no_server

from lookalike.errors import StoreError, UsageError
from lookalike.stores.base import Entry

GUARDED = {
    **STEADY,
    "common.security.authorizationEnabled": "true",
    "quotaAndLimits.dml.enabled": "true",
    "quotaAndLimits.dml.insertRate.max": "0.05",
    "quotaAndLimits.dml.upsertRate.max": "0.05",
}
LETS_IN = "root:Milvus"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusProcess]:
    """A server that asks who one is, and takes 50 kB of rows a second."""
    if why := why_no_server():
        pytest.skip(why)
    server = MilvusProcess(tmp_path_factory.mktemp("guarded"), GUARDED).start()
    yield server
    server.kill()


def at(server: MilvusProcess, token: str, options: str = "") -> str:
    return f"milvus://{token}@{HOST}:{server.port}/guarded{options}"


@pytest.mark.parametrize("token", ["root:wrong", "nobody:wrong", ""])
def test_whom_the_server_does_not_know_is_told_so(guarded: MilvusProcess, token: str) -> None:
    address = at(guarded, token) if token else guarded.address("guarded")
    with pytest.raises(StoreError, match="does not let this user") as caught:
        opened(address)
    assert f"{HOST}:{guarded.port}" in str(caught.value)
    assert "LOOKALIKE_MILVUS_TOKEN" in str(caught.value)
    assert "wrong" not in str(caught.value)
    done = run("info", "-c", address)
    assert done.returncode == 3
    assert "does not let this user" in done.stderr
    assert "wrong" not in done.stderr


def test_writes_above_the_rate_wait_for_their_turn(guarded: MilvusProcess) -> None:
    address = at(guarded, LETS_IN)
    made(address)
    with opened(address) as store:
        assert store.address == guarded.address("guarded")
        for start in range(0, 120, 40):
            store.upsert([Entry(f"/{n}", attributes={"x": "x" * 300}) for n in range(start, 40)])
        store.upsert([entry(4)])
        assert store.count() >= 5


def test_a_write_that_never_gets_its_turn_is_refused(guarded: MilvusProcess) -> None:
    made(at(guarded, LETS_IN))
    with opened(at(guarded, LETS_IN, "?timeout=3")) as store:

        def flood() -> None:
            for turn in range(20):
                store.upsert(
                    [Entry(f"/{turn}/{n}", attributes={"x": "x" * 9000}) for n in range(50)]
                )

        with pytest.raises(StoreError, match=f"Milvus at {HOST}:{guarded.port} refuses to write"):
            flood()
        assert store.count() >= 4


def test_what_is_too_long_is_refused_before_anything_is_written(milvus: MilvusProcess) -> None:
    made(milvus.address("refuses"))
    with opened(milvus.address("refuses")) as store:
        before = store.count()
        for wrong in (
            Entry("x" * 70_000),
            Entry("/1", "t" * 70_000),
            Entry("/1", attributes={"x": "x" * 70_000}),
            Entry("/1", format="f" * 1000),
        ):
            with pytest.raises(UsageError, match=r"65,?53\d|bytes|long"):
                store.upsert([entry(9), wrong])
            assert store.count() == before
        with pytest.raises(UsageError):
            store.update_attributes(
                {record.id: {"x": "é" * 40_000} for record in store.scan(limit=1)}
            )
