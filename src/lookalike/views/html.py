"""Result pages: one HTML file with everything inside, which opens from disk anywhere.

The pictures are embedded as small JPEGs, there is no script, and nothing is loaded from the
network.
"""

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lookalike import imaging
from lookalike._version import __version__
from lookalike.records import Hit
from lookalike.results import Results
from lookalike.sources.uri import is_url, to_path
from lookalike.views import pictures, proofs
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

_NARROWEST, _WIDEST = 0.62, 2.4
"""Width / height of a picture's frame; beyond that the picture is cropped to it."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """An embedded picture, or the reason why there is none."""

    src: str
    width: int
    height: int
    ratio: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Card:
    """One hit as the template shows it."""

    rank: int
    hit: Hit
    name: str
    place: str
    link: str
    picture: _Picture
    attributes: tuple[tuple[str, str], ...]
    title: str
    reason: str
    proof: _Picture | None


@dataclass(frozen=True, slots=True)
class _Section:
    """One answer as the template shows it."""

    query: str
    full_query: str
    summary: str
    pictures: tuple[_Picture, ...]
    cards: tuple[_Card, ...]
    notices: tuple[str, ...]


def page(results: Results | Sequence[Results]) -> str:
    """A whole HTML page that shows one answer, or several one below the other."""
    sections = [_section(answer) for answer in _as_list(results)]
    return _template("page.html").render(
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
    return _template("fragment.html").render(section=_section(results))


def _as_list(results: Results | Sequence[Results]) -> list[Results]:
    return [results] if isinstance(results, Results) else list(results)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lookalike.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)


def _title(results: Sequence[Results], sections: Sequence[_Section]) -> str:
    if len(results) != 1:
        return f"{len(results)} searches"
    took = results[0].took_ms
    spent = milliseconds(took.decode + took.encode + took.search)
    return f"{sections[0].query} · {len(results[0])} hits in {spent}"


def _section(results: Results) -> _Section:
    shown = pictures.load((hit.uri for hit in results), side=HIT_SIDE)
    proved = {id_: _embed(pictures.Shown(image)) for id_, image in proofs.overlays(results).items()}
    cards = tuple(
        _card(rank, hit, _embed(shown[hit.uri]), proved.get(hit.id), results.label)
        for rank, hit in enumerate(results, 1)
    )
    queries = tuple(
        _embed(pictures.decode(data, side=QUERY_SIDE)) for data in results.query_pictures
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


def _card(
    rank: int, hit: Hit, picture: _Picture, proof: _Picture | None, label: str | None
) -> _Card:
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
        link=_link(hit.uri),
        picture=picture,
        attributes=attributes[:shown],
        title="\n".join(
            [printable(hit.uri), *(f"{name}: {value}" for name, value in attributes[shown:])]
        ),
        reason=printable(hit.reason),
        proof=proof,
    )


def _link(uri: str) -> str:
    """Where a click leads: only to files and web pages, whatever a record's uri says."""
    if is_url(uri):
        return uri
    path = to_path(uri)
    return "" if path is None else path.as_uri()


def _embed(shown: pictures.Shown) -> _Picture:
    if shown.image is None:
        return _Picture("", 0, 0, "1.333", printable(shown.reason))
    width, height = shown.image.size
    data = base64.b64encode(imaging.thumbnail(shown.image, max(width, height))).decode("ascii")
    ratio = min(max(width / height, _NARROWEST), _WIDEST)
    return _Picture(f"data:image/jpeg;base64,{data}", width, height, f"{ratio:.3f}", "")
