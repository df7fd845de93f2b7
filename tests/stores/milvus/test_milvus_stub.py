"""The generated calls that pymilvus keeps for itself."""

from types import SimpleNamespace
from typing import Any

import pytest

from lookalike.errors import StoreError
from lookalike.stores.milvus.stub import stub_of

pytest.importorskip("pymilvus")


def test_a_pymilvus_that_has_none_is_named() -> None:
    client: Any = SimpleNamespace(_get_connection=SimpleNamespace)
    with pytest.raises(StoreError, match=r"pymilvus \d.* install"):
        stub_of(client)
