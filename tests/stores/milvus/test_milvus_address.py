import pytest

from lookalike.errors import UsageError
from lookalike.stores.milvus.address import TOKEN_VARIABLE, MilvusAddress, is_address


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def test_host_port_and_name() -> None:
    address = MilvusAddress.parse("milvus://db.example:1234/shop")
    assert (address.host, address.port, address.name) == ("db.example", 1234, "shop")
    assert address.uri == "http://db.example:1234"
    assert str(address) == "milvus://db.example:1234/shop"


def test_the_port_is_the_usual_one_where_none_is_given() -> None:
    assert str(MilvusAddress.parse("milvus://db/shop")) == "milvus://db:19530/shop"


def test_options_come_back_but_for_the_usual() -> None:
    text = "milvus://db:1/shop?database=eu&tls=1&timeout=5&consistency=strong&tenancy=partitions"
    address = MilvusAddress.parse(text)
    assert str(address) == text
    assert address.uri == "https://db:1"
    assert address.timeout == 5
    assert str(MilvusAddress.parse("milvus://db:1/shop?consistency=session&tls=0")) == (
        "milvus://db:1/shop"
    )


def test_what_is_given_beside_the_address_wins() -> None:
    address = MilvusAddress.parse("milvus://db/a?consistency=strong", consistency="bounded")
    assert address.consistency == "bounded"
    assert MilvusAddress.parse(
        "milvus://db/a?consistency=strong", consistency=None
    ).consistency == ("strong")


def test_a_numeric_address_of_version_6() -> None:
    address = MilvusAddress.parse("milvus://[::1]:19530/a")
    assert address.uri == "http://[::1]:19530"
    assert MilvusAddress.parse(str(address)) == address


def test_the_token_is_never_shown() -> None:
    address = MilvusAddress.parse("milvus://me:s%40cret@db/shop")
    assert address.token == "me:s@cret"
    assert "cret" not in str(address) + repr(address)


def test_the_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "key")
    assert MilvusAddress.parse("milvus://db/shop").token == "key"
    assert MilvusAddress.parse("milvus://token@db/shop").token == "token"


@pytest.mark.parametrize(
    "text",
    [
        "milvus://",
        "milvus:///name",
        "milvus://db",
        "milvus://db/",
        "milvus://db/a/b",
        "milvus://db/a-b",
        "milvus://db/1a",
        "milvus://db/a__b",
        f"milvus://db/{'a' * 101}",
        "milvus://db:port/a",
        "milvus://db:99999/a",
        "milvus://db/a?colour=red",
        "milvus://db/a?tls=yes",
        "milvus://db/a?consistency=weak",
        "milvus://db/a?tenancy=none",
        "milvus://db/a?timeout=0",
        "milvus://db/a?timeout=soon",
        "http://db/a",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        MilvusAddress.parse(text)


@pytest.mark.parametrize("text", ["milvus://me:secret@db/a-b", "milvus://me:secret@db:x/a"])
def test_refusals_show_no_secret(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        MilvusAddress.parse(text)
    assert "secret" not in str(refused.value)


def test_folders_are_no_addresses() -> None:
    assert is_address("milvus://db/a")
    assert is_address("MILVUS://db/a")
    assert not is_address("milvus")
    assert not is_address(".lookalike")
