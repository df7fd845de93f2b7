import re

from hypothesis import given
from hypothesis import strategies as st

from lookalike.records import MAX_ID, EncoderSpec
from lookalike.stores.milvus.ids import LARGEST, natural_id
from lookalike.stores.milvus.layout import Layout, Type, identifier, partition_of

names = st.text(max_size=80)


@given(names)
def test_an_identifier_can_be_part_of_a_name(name: str) -> None:
    found = identifier(name)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", found, re.ASCII)
    assert "__" not in found
    assert len(found) < 90
    assert found not in {"kept", "raw"}


@given(st.lists(names, unique=True, max_size=8))
def test_encoders_of_other_names_have_other_identifiers(some: list[str]) -> None:
    assert len({identifier(name) for name in some}) == len(some)


def test_plain_names_stay() -> None:
    assert identifier("phash") == "phash"
    assert identifier("clip-vit-b-16").startswith("clip_vit_b_16_")
    assert identifier("kept") != "kept"


def test_tables_of_hashes_and_of_embeddings() -> None:
    layout = Layout("shop", {"price": "number"})
    hashes = layout.compared(EncoderSpec("phash", "hash", 64), 64)
    assert (hashes.name, hashes.key, hashes.metric) == ("shop__phash", "row", "HAMMING")
    assert (hashes.vector.type, hashes.vector.size) == (Type.BINARY_VECTOR, 64)
    spec = EncoderSpec("clip", "embedding", 512)
    embeddings = layout.compared(spec, 320, generation=2)
    assert (embeddings.name, embeddings.key) == ("shop__clip__2", "id")
    assert (embeddings.vector.type, embeddings.vector.size) == (Type.FLOAT_VECTOR, 320)
    assert layout.raw(spec).vector.size == 512
    assert "tenant" in embeddings.scalars
    assert any(name.startswith("attribute_") for name in embeddings.scalars)


def test_tenants_have_partitions_of_their_own() -> None:
    assert partition_of("") == "_default"
    assert partition_of("a") != partition_of("b")
    assert re.fullmatch(r"\w+", partition_of("ein Ort/mit: allem"), re.ASCII)


@given(st.text(max_size=30), st.text(max_size=30), st.integers(0, 3))
def test_ids_are_within_63_bits_and_the_same_each_time(tenant: str, uri: str, salt: int) -> None:
    found = natural_id(tenant, uri, salt)
    assert 0 <= found <= LARGEST
    assert natural_id(tenant, uri, salt) == found


def test_ids_differ_by_tenant_uri_and_salt() -> None:
    names = [("", "a", 0), ("a", "", 0), ("a", "a", 0), ("", "a", 1), ("", "b", 0)]
    assert len({natural_id(*name) for name in names}) == len(names)


def test_a_numbered_uri_is_that_record() -> None:
    assert natural_id("", "id:17") == 17
    assert natural_id("anybody", f"id:{LARGEST}") == LARGEST
    assert natural_id("", "id:17", 1) != 17
    assert natural_id("", "id:017") != 17
    assert 0 <= natural_id("", f"id:{MAX_ID + 1}") <= LARGEST
