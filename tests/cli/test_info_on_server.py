"""`lookalike info` on a server: what a server does not tell, and what it has not indexed."""

import json

import numpy as np
import pytest
from milvus_server import MilvusProcess

import lookalike


@pytest.fixture(scope="module")
def address(milvus: MilvusProcess) -> str:
    """A collection of few vectors."""
    found = milvus.address("told")
    with lookalike.open(found) as collection:
        collection.add_embeddings(np.arange(40), np.random.default_rng(0).standard_normal((40, 8)))
    return found


def test_sizes_that_are_not_known_are_no_zeros(run, address):
    told = json.loads(run("info", "-c", address, "--json").stdout)
    if told["catalogue_bytes"] is None:  # as of a server 2.3
        assert (told["bytes"], told["encoders"][0]["index_bytes"]) == (None, None)
    assert "0 bytes" not in run("info", "-c", address).stdout


def test_few_vectors_are_in_no_index_for_a_reason(run, address):
    told = run("info", "-c", address).stderr
    assert "external: 40 of 40 vectors are in no index: the server compares so few" in told
    assert "HNSW is for when there are more" in told
