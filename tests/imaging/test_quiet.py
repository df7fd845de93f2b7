import logging
import threading
import warnings
from typing import Any

import pytest
from PIL import Image

from lookalike.imaging.quiet import pillow_quiet


def warn_from_pillow() -> None:
    """Make Pillow warn, from its own module, about a picture over its limit."""
    Image._decompression_bomb_check((20_000, 6_000))


def test_pillows_warnings_are_dropped_and_others_are_not() -> None:
    with pillow_quiet:
        warn_from_pillow()
        with pytest.raises(UserWarning, match="mine"):
            warnings.warn("mine", UserWarning, stacklevel=1)


def test_afterwards_pillow_warns_again() -> None:
    with pillow_quiet:
        pass
    with pytest.warns(Image.DecompressionBombWarning):
        warn_from_pillow()


def test_the_last_thread_to_leave_restores_the_filters() -> None:
    before = list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with pillow_quiet:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with pillow_quiet:
        thread.start()
        inside.wait(10)
    warn_from_pillow()  # the other thread is still inside
    leave.set()
    thread.join()
    assert list(warnings.filters) == before


def test_a_host_that_swaps_the_filters_meanwhile_gets_its_own_back() -> None:
    before = list(warnings.filters)
    host: Any = warnings.catch_warnings()
    with pillow_quiet:
        host.__enter__()
        warnings.simplefilter("error")
        with pillow_quiet:
            warn_from_pillow()
    with pytest.raises(Image.DecompressionBombWarning):
        warn_from_pillow()
    host.__exit__()
    assert list(warnings.filters) == before


def test_pillows_log_is_dropped_inside_only(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("PIL.TiffImagePlugin")
    with pillow_quiet:
        logger.error("inside")
    logger.error("outside")
    assert [record.message for record in caplog.records] == ["outside"]
