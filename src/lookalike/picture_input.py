"""A picture as a caller hands it over: a path, a URL, bytes or a Pillow image."""

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookalike import imaging
from lookalike.errors import PictureError, UsageError
from lookalike.sources.file import read_file
from lookalike.sources.uri import from_path, is_url

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class PictureInput:
    """Exactly one of `path`, `url` and `data` is set; `name` is for people."""

    name: str
    path: Path | None = None
    url: str | None = None
    data: bytes | None = None

    @classmethod
    def of(cls, value: Any) -> "PictureInput":
        """Tell what was handed over.

        Raises:
            UsageError: neither a path, a URL, bytes nor a Pillow image.
        """
        if isinstance(value, bytes | bytearray | memoryview):
            data = bytes(value)
            return cls(f"picture of {len(data)} bytes", data=data)
        if isinstance(value, str) and is_url(value):
            return cls(value, url=value)
        if isinstance(value, str | os.PathLike):
            path = Path(os.fsdecode(value))
            return cls(_shown(path), path=path)
        if hasattr(value, "tobytes") and hasattr(value, "mode"):
            image: Image = value
            return cls(f"picture of {image.width} × {image.height}", data=_png(image))
        raise UsageError(
            f"a picture is a path, a URL, bytes or a Pillow image, not {type(value).__name__}"
        )

    def read(self) -> bytes:
        """The encoded file's bytes; PictureError or FetchError when they cannot be had."""
        if self.data is not None:
            return self.data
        if self.url is not None:
            from lookalike.sources.url import fetch

            return fetch(self.url)
        assert self.path is not None
        return _read_file(self.path)


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """A decoded picture with its file's bytes and their SHA-256.

    `width` and `height` are the file's; of a JPEG, `image` may be decoded smaller.
    """

    image: "Image"
    data: bytes
    sha256: bytes
    width: int
    height: int


def read_picture(source: PictureInput, *, min_side: int | None = None) -> ReadPicture:
    """Read and decode; errors name the picture."""
    data = source.read()
    try:
        picture = imaging.decode(data, min_side=min_side)
    except PictureError as error:
        raise PictureError(f"{source.name}: {error}") from error
    sha256 = hashlib.sha256(data).digest()
    return ReadPicture(picture.image, data, sha256, picture.width, picture.height)


def _shown(path: Path) -> str:
    """The path as given; as a `file:///` URI when it is no text, which JSON could not hold."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return from_path(path)
    return str(path)


def _read_file(path: Path) -> bytes:
    if not path.exists():
        raise PictureError(f"{path}: does not exist; give the path of a picture")
    if path.is_dir():
        raise PictureError(f"{path}: is a folder; give the path of a picture")
    try:
        return read_file(str(path), limits=imaging.DEFAULT_LIMITS)
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from error
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error


def _png(image: "Image") -> bytes:
    from PIL import ImageOps

    buffer = io.BytesIO()
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode not in {"1", "L", "LA", "I;16", "P", "RGB", "RGBA"}:
            upright = imaging.to_rgb(upright)
        upright.save(buffer, "PNG", compress_level=1)
    except (OSError, ValueError, SyntaxError) as error:
        raise PictureError(f"the Pillow image cannot be used: {error}") from error
    return buffer.getvalue()
