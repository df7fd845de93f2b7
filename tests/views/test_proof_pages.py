"""Reasons and proof on result pages."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lookalike.proof import available
from lookalike.records import Match
from lookalike.results import Results
from lookalike.views.html import page
from lookalike.views.proofs import overlays

pytestmark = pytest.mark.skipif(not available(), reason="the extra proof is not installed")

ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
MATCH = Match(40, 1.0, 0.6, ALL, ALL, False, False, 0.0, 1.0, 0.99)


def proved(results: Results, count: int) -> Results:
    """The same answer, its first hits proved."""
    hits = [replace(hit, match=MATCH if n < count else None) for n, hit in enumerate(results)]
    return results.only(hits)


def test_every_proved_hit_is_shown_beside_the_query(
    answer: Callable[..., Results], photo: bytes
) -> None:
    results = proved(answer(4, query_pictures=[photo]), 2)
    assert set(overlays(results)) == {hit.id for hit in results[:2]}
    shown = page(results)
    assert shown.count('<figure class="proof">') == 2
    assert "pHash distance 4" in shown


def test_what_cannot_be_shown_is_left_out(answer: Callable[..., Results], photo: bytes) -> None:
    gone = ["/nowhere/gone.jpg", "https://example.org/a.jpg"]
    assert overlays(proved(answer(gone, query_pictures=[photo]), 2)) == {}
    assert overlays(proved(answer(2), 2)) == {}
    assert overlays(proved(answer(2, query_pictures=[b"no picture"]), 2)) == {}
    assert overlays(answer(2, query_pictures=[photo])) == {}


def test_reasons_are_escaped(answer: Callable[..., Results]) -> None:
    results = answer(1)
    shown = page(results.only([replace(results[0], reason="<script>alert(1)</script>\n")]))
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
