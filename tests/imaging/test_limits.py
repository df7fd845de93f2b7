import pytest

from lookalike.errors import PictureError
from lookalike.imaging import Limits


def test_sizes_up_to_the_limits_pass() -> None:
    limits = Limits(max_bytes=10, max_pixels=1000, max_aspect=10)
    limits.check_bytes(10)
    limits.check_size(100, 10)
    limits.check_size(10, 100)
    limits.check_size(1, 1)


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [
        (0, 10, "no pixels"),
        (10, 0, "no pixels"),
        (-1, -1, "no pixels"),
        (91, 11, "too large"),
        (99, 9, "too long and thin"),
        (1, 11, "too long and thin"),
    ],
)
def test_sizes_over_a_limit_are_refused(width: int, height: int, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        Limits(max_pixels=1000, max_aspect=10).check_size(width, height)


def test_empty_and_large_files_are_refused() -> None:
    with pytest.raises(PictureError, match="empty"):
        Limits().check_bytes(0)
    with pytest.raises(PictureError, match="11 bytes, and the limit is 10"):
        Limits(max_bytes=10).check_bytes(11)
