"""What pages embed: pictures as small JPEGs, links, and the templates that they are made with."""

import base64
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lookalike import imaging
from lookalike.sources.uri import is_url, to_path
from lookalike.views import pictures
from lookalike.views.text import printable

_NARROWEST, _WIDEST = 0.62, 2.4
"""Width / height of a picture's frame; beyond that the picture is cropped to it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An embedded picture, or the reason why there is none."""

    src: str
    width: int
    height: int
    ratio: str
    reason: str


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lookalike.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def template(name: str) -> Template:
    """A template of this package, by its file's name."""
    return _environment().get_template(name)


def link(uri: str) -> str:
    """Where a click leads: only to files and web pages, whatever a record's uri says."""
    if is_url(uri):
        return uri
    path = to_path(uri)
    return "" if path is None else path.as_uri()


def embed(shown: pictures.Shown) -> Picture:
    """A picture as it is embedded, in the size that it has."""
    if shown.image is None:
        return Picture("", 0, 0, "1.333", printable(shown.reason))
    width, height = shown.image.size
    data = base64.b64encode(imaging.thumbnail(shown.image, max(width, height))).decode("ascii")
    ratio = min(max(width / height, _NARROWEST), _WIDEST)
    return Picture(f"data:image/jpeg;base64,{data}", width, height, f"{ratio:.3f}", "")
