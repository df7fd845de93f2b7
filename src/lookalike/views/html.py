"""Result pages: one HTML file with everything inside, which opens from disk anywhere.

The pictures are embedded as small JPEGs, there is no script, and nothing is loaded from the
network.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lookalike._version import __version__
from lookalike.records import Hit
from lookalike.results import Results
from lookalike.views import pictures, proofs
from lookalike.views.embedded import Picture, embed, link, template
from lookalike.views.file import file_to_write, write_file
from lookalike.views.text import (
    caption,
    milliseconds,
    name_of,
    printable,
    shorten,
    summary,
    value_of,
)

HIT_SIDE = 448
"""Longer side in pixels of an embedded picture: sharp at twice the pixels of its place."""

QUERY_SIDE = 560

_ATTRIBUTES = 6
"""Most attributes below a picture; the tooltip has the others."""


@dataclass(frozen=True, slots=True)
class _Card:
    """One hit as the template shows it."""

    rank: int
    hit: Hit
    name: str
    place: str
    link: str
    picture: Picture
    attributes: tuple[tuple[str, str], ...]
    title: str
    reason: str
    group: str
    proof: Picture | None


@dataclass(frozen=True, slots=True)
class _Section:
    """One answer as the template shows it."""

    query: str
    full_query: str
    summary: str
    pictures: tuple[Picture, ...]
    cards: tuple[_Card, ...]
    notices: tuple[str, ...]


def page(results: Results | Sequence[Results]) -> str:
    """A whole HTML page that shows one answer, or several one below the other."""
    sections = [_section(answer) for answer in _as_list(results)]
    return template("page.html").render(
        sections=sections, title=_title(_as_list(results), sections), version=__version__
    )


def write_page(results: Results | Sequence[Results], path: str | os.PathLike[str]) -> Path:
    """Write `page` to a file; returns its path.

    Raises:
        UsageError: the file has no name, or its folder is not there.
        OSError: the file cannot be written; its old contents are still there.
    """
    path = file_to_write(path)
    write_file(path, page(results).encode("utf-8", "backslashreplace"))
    return path


def fragment(results: Results) -> str:
    """The answer as a piece of HTML that a notebook shows."""
    return template("fragment.html").render(section=_section(results))


def _as_list(results: Results | Sequence[Results]) -> list[Results]:
    return [results] if isinstance(results, Results) else list(results)


def _title(results: Sequence[Results], sections: Sequence[_Section]) -> str:
    if len(results) != 1:
        return f"{len(results)} searches"
    took = results[0].took_ms
    spent = milliseconds(took.decode + took.encode + took.search)
    return f"{sections[0].query} · {len(results[0])} hits in {spent}"


def _section(results: Results) -> _Section:
    shown = pictures.load((hit.uri for hit in results), side=HIT_SIDE)
    proved = {id_: embed(pictures.Shown(image)) for id_, image in proofs.overlays(results).items()}
    cards = tuple(
        _card(rank, hit, embed(shown[hit.uri]), proved.get(hit.id), results)
        for rank, hit in enumerate(results, 1)
    )
    queries = tuple(
        embed(pictures.decode(data, side=QUERY_SIDE)) for data in results.query_pictures
    )
    return _Section(
        query=_short_query(results),
        full_query=printable(results.query),
        summary=summary(results),
        pictures=queries,
        cards=cards,
        notices=tuple(printable(notice) for notice in results.notices),
    )


def _short_query(results: Results) -> str:
    """The query; of a single picture's path only the file's name."""
    query = results.query
    one_path = len(results.query_pictures) == 1 and '"' not in query and " + " not in query
    return name_of(query) if one_path else printable(query)


def _card(rank: int, hit: Hit, picture: Picture, proof: Picture | None, results: Results) -> _Card:
    label = results.label
    attributes = tuple(
        (printable(str(name)), shorten(value_of(value), 200))
        for name, value in hit.attributes.items()
        if value is not None
    )
    shown = _ATTRIBUTES if label is None else 0
    return _Card(
        rank=rank,
        hit=hit,
        name=caption(hit, label),
        place=printable(hit.uri),
        link=link(hit.uri),
        picture=picture,
        attributes=attributes[:shown],
        title="\n".join(
            [printable(hit.uri), *(f"{name}: {value}" for name, value in attributes[shown:])]
        ),
        reason=printable(hit.reason),
        group="" if hit.group is None else f"{results.group_by}: {value_of(hit.group)}",
        proof=proof,
    )
