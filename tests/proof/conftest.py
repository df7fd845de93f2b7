"""Pictures that the tests of proof share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Photo = Callable[[str], Image.Image]


@pytest.fixture(scope="session")
def photo(photos: Path) -> Photo:
    """One of the repository's photographs, RGB, by its path below `photos`."""

    def opened(name: str) -> Image.Image:
        with Image.open(photos / name) as image:
            return image.convert("RGB")

    return opened
