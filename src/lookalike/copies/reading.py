"""The picture of a record, read again from where the record says that it is."""

import hashlib
from typing import TYPE_CHECKING

from lookalike.errors import PictureError
from lookalike.picture_input import PictureInput
from lookalike.records import Record
from lookalike.sources.uri import is_url, to_path

if TYPE_CHECKING:
    from PIL.Image import Image


def read_record(record: Record, *, timeout: float) -> bytes:
    """The bytes of a record's file; `timeout` in seconds is for one on the web.

    Raises:
        PictureError: it is gone, cannot be read, is another by now, or there never was a file;
            the message is for a sentence that names the record.
    """
    data = _read(record, timeout)
    if record.sha256 is not None and hashlib.sha256(data).digest() != record.sha256:
        raise PictureError("the file was changed after it was indexed")
    return data


def _read(record: Record, timeout: float) -> bytes:
    if is_url(record.uri):
        from lookalike.sources.url import fetch

        return fetch(record.uri, timeout=timeout)
    path = to_path(record.uri)
    if path is None:
        raise PictureError("no file belongs to this record")
    if not path.exists():
        raise PictureError("the file is gone")
    return PictureInput(record.uri, path=path).read()


def decode_record(record: Record, *, min_side: int, timeout: float) -> "Image":
    """The same, decoded: RGB and upright, shrunk no further than to `min_side` pixels.

    Raises:
        PictureError: as `read_record`, or it is no picture any more.
    """
    from lookalike import imaging

    return imaging.decode(read_record(record, timeout=timeout), min_side=min_side).image
