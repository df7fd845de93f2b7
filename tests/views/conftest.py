"""Answers made by hand from the example photographs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lookalike.records import Hit, Record, Verdict
from lookalike.results import Results, Took

HOSTILE = (
    "/nowhere/<script>alert(1)<b>.jpg",
    '/nowhere/"onerror="alert(1)" x=".jpg',
    "/nowhere/it's & \x1b[31mred\n.jpg",
    "/nowhere/\u202egpj.exe",
    "javascript:alert(1)//",
    "data:text/html,<script>alert(1)</script>",
    "https://example.org/a%22b/<i>.jpg?q='\"",
)


@pytest.fixture
def answer(photos: Path) -> Callable[..., Results]:
    """Make an answer whose hits are the given uris, or the first example photographs."""

    def make(
        uris: Sequence[str] | int = 7,
        *,
        query: str = "lake.jpg",
        attributes: dict[str, Any] | None = None,
        query_pictures: Sequence[bytes] = (),
        notices: Sequence[str] = (),
    ) -> Results:
        if isinstance(uris, int):
            files = sorted(path for path in photos.rglob("*") if path.suffix in {".jpg", ".webp"})
            uris = [str(path) for path in files[:uris]]
        verdicts = [Verdict.IDENTICAL, Verdict.COPY, *[Verdict.SIMILAR] * len(uris)]
        hits = [
            Hit(
                Record(n, uri, attributes=attributes or {}),
                1 - n / 20,
                n / 20,
                verdicts[n],
                "pHash distance 4" if n == 1 else "",
            )
            for n, uri in enumerate(uris)
        ]
        return Results(
            hits,
            query=query,
            encoder="clip-vit-b-16",
            took_ms=Took(2.25, 31.4, 0.4),
            query_pictures=query_pictures,
            notices=notices,
        )

    return make


@pytest.fixture
def photo(photos: Path) -> bytes:
    """The encoded file of one example photograph."""
    return min(photos.rglob("*.jpg")).read_bytes()


@pytest.fixture
def hostile() -> tuple[str, ...]:
    """Uris that would break out of a page, a line or a terminal."""
    return HOSTILE
