import pytest

from lookalike.errors import UsageError
from lookalike.planning.counts import count, size


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e9", 10**9),
        ("1000", 1000),
        ("1,000", 1000),
        ("1_000", 1000),
        ("2.5k", 2500),
        ("100M", 10**8),
        ("1G", 10**9),
        ("1B", 10**9),
        ("1.5T", 15 * 10**11),
        (" 7 ", 7),
        ("0", 0),
    ],
)
def test_counts(text: str, value: int) -> None:
    assert count(text, "--pictures") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("200", 200), ("4k", 4000), ("64GB", 64 * 10**9), ("64GiB", 64 << 30), ("1MiB", 1 << 20)],
)
def test_sizes(text: str, value: int) -> None:
    assert size(text, "--node-memory") == value


@pytest.mark.parametrize(
    "text", ["", "many", "-5", "1e", "1.5", "0.1k5", "nan", "inf", "1e400", "9e18"]
)
def test_no_counts(text: str) -> None:
    with pytest.raises(UsageError, match="--pictures"):
        count(text, "--pictures")
