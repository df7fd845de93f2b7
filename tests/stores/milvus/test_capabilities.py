"""What servers of which version can do."""

import pytest

from lookalike.errors import UsageError
from lookalike.stores.milvus import capabilities


def test_what_came_with_a_version_stays() -> None:
    for one in capabilities.CAPABILITIES.values():
        assert capabilities.can(one.since, one.name)
        assert capabilities.can((9, 0, 0), one.name)
        assert not capabilities.can((2, 2, 9), one.name)


def test_what_a_server_lacks_is_refused_in_words() -> None:
    capabilities.need((2, 4, 0), "infix", "this filter")
    with pytest.raises(UsageError, match=r"this filter: that takes .* from 2\.4\.0 on.* 2\.3\.5"):
        capabilities.need((2, 3, 5), "infix", "this filter")


def test_a_server_that_is_too_old_is_refused() -> None:
    capabilities.check_version((2, 3, 5), "localhost:19530")
    with pytest.raises(UsageError, match=r"localhost:19530 is of 2\.2\.9"):
        capabilities.check_version((2, 2, 9), "localhost:19530")
