"""The pictures of hits, small, for every view; or why one cannot be shown."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lookalike import imaging
from lookalike.errors import PictureError
from lookalike.sources.uri import is_url, to_path

if TYPE_CHECKING:
    from PIL.Image import Image

_WORKERS = 4
"""Each may hold one picture in full size."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture ready to show, or the reason why there is none.

    `image` is RGB and upright. Pictures on the web are never fetched to make a view.
    """

    image: "Image | None" = None
    reason: str = ""


def load(uris: Iterable[str], *, side: int) -> dict[str, Shown]:
    """Read the pictures of some records, several at a time, each once.

    Args:
        uris: where they are, as records name them.
        side: pixels of the longer side; smaller files keep their size.
    """
    distinct = list(dict.fromkeys(uris))
    workers = min(_WORKERS, (os.cpu_count() or 1) + 1)
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(distinct, pool.map(lambda uri: _load(uri, side), distinct), strict=True))


def decode(data: bytes, *, side: int) -> Shown:
    """A picture from its encoded file's bytes, its longer side at most `side` pixels."""
    try:
        image = imaging.decode(data, min_side=side).image
    except PictureError as error:
        return Shown(reason=str(error))
    image.thumbnail((side, side))
    return Shown(image)


def _load(uri: str, side: int) -> Shown:
    if is_url(uri):
        return Shown(reason="on the web")
    path = to_path(uri)
    if path is None:
        return Shown(reason="no file belongs to this record")
    try:
        # The record's file was once a regular one; opening a pipe instead would wait for ever.
        if not path.exists():
            return Shown(reason="the file is gone")
        if not path.is_file():
            return Shown(reason="not a file any more")
        if path.stat().st_size > imaging.DEFAULT_LIMITS.max_bytes:
            return Shown(reason="the file is too large")
        return decode(path.read_bytes(), side=side)
    except OSError as error:
        return Shown(reason=(error.strerror or str(error)).lower())
