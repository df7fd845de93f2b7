"""The picture whose copies are looked for, read and decoded once."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lookalike import imaging
from lookalike.copies.frames import Frame, frames
from lookalike.copies.reading import read_record
from lookalike.errors import PictureError
from lookalike.imaging.trimmed import Trimmed, trimmed
from lookalike.picture_input import PictureInput, read_picture
from lookalike.records import Record

if TYPE_CHECKING:
    from PIL.Image import Image

_FETCH_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class QueryPicture:
    """A picture, or a record with its picture.

    `image` is RGB and upright, `width` and `height` are those of the file, which a JPEG may be
    decoded smaller than. When a record's file cannot be read, `image` and `data` are None and
    `unread` says why: then only what is stored of it can be compared.
    """

    name: str
    image: "Image | None" = None
    data: bytes | None = None
    sha256: bytes | None = None
    width: int | None = None
    height: int | None = None
    record: Record | None = None
    unread: str = ""

    @cached_property
    def trimmed(self) -> Trimmed | None:
        """The picture without its borders; None where it has none, or is not here."""
        return None if self.image is None else trimmed(self.image)

    @cached_property
    def frames(self) -> list[Frame]:
        """The photographs that stand in the picture, or in what is within its borders."""
        if self.image is None:
            return []
        return frames(self.image if self.trimmed is None else self.trimmed.image)

    @cached_property
    def known_pixels(self) -> bytes | None:
        """The digest of the pixels where it is known, or costs no further decoding."""
        if self.image is not None and self.image.size == (self.width, self.height):
            return imaging.pixels_digest(self.image)
        return self.record.pixels if self.record is not None else None


def given(picture: Any, *, min_side: int) -> QueryPicture:
    """Read what a caller handed over.

    Args:
        picture: a path, URL, bytes or Pillow image.
        min_side: pixels that the shorter side keeps in decoding.

    Raises:
        UsageError: it is none of these.
        PictureError: it cannot be read or decoded; names the picture.
    """
    source = PictureInput.of(picture)
    return _decoded(source.name, source, min_side)


def recorded(record: Record, *, min_side: int) -> QueryPicture:
    """Read the picture of a record again."""
    name = f"id {record.id}"
    try:
        data = read_record(record, timeout=_FETCH_SECONDS)
        return _decoded(name, PictureInput(name, data=data), min_side, record)
    except PictureError as error:
        return QueryPicture(
            name,
            sha256=record.sha256,
            width=record.width,
            height=record.height,
            record=record,
            unread=str(error).removeprefix(f"{name}: "),
        )


def _decoded(
    name: str, source: PictureInput, min_side: int, record: Record | None = None
) -> QueryPicture:
    read = read_picture(source, min_side=min_side)
    return QueryPicture(
        name,
        image=read.image,
        data=read.data,
        sha256=read.sha256,
        width=read.width,
        height=read.height,
        record=record,
    )
