"""Whether two files hold the same pixels, decoding a record's picture in full where it must be."""

import hashlib
from contextlib import suppress

from lookalike import imaging
from lookalike.errors import PictureError, StoreError
from lookalike.imaging.room import ROOM
from lookalike.picture_input import PictureInput
from lookalike.records import Record
from lookalike.sources.uri import is_url, to_path
from lookalike.stores.base import Store


def pixels_of(store: Store, record: Record) -> bytes | None:
    """The digest of a record's pixels; its file is read again where it is not known yet.

    A store that can be written to keeps it, if it can.

    Returns:
        None when the file is gone, cannot be read or decoded, or is another one by now. Only local
        files are read, no URL.
    """
    if record.pixels is not None or record.sha256 is None or is_url(record.uri):
        return record.pixels
    path = to_path(record.uri)
    if path is None:
        return None
    try:
        data = PictureInput(record.uri, path=path).read()
        if hashlib.sha256(data).digest() != record.sha256:
            return None
        digest = decoded_digest(data)
    except PictureError:
        return None
    if not getattr(store, "read_only", False):
        # To remember it is a help, and no reason for a search to fail: on a full disk, say.
        with suppress(StoreError):
            store.set_pixels({record.sha256: digest})
    return digest


def decoded_digest(data: bytes) -> bytes:
    """The digest of the pixels of a picture file, decoded at full scale.

    Raises:
        PictureError: it cannot be decoded, or is over a limit.
    """
    with ROOM.for_one() as take:
        return imaging.pixels_digest(imaging.decode(data, before=take).image)
