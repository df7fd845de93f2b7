"""Bytes of one picture file in, upright RGB pixels out; any failure is a `PictureError`."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from lookalike.errors import PictureError
from lookalike.imaging.formats import FORMAT_NAMES, identify
from lookalike.imaging.headers import check_header
from lookalike.imaging.limits import DEFAULT_LIMITS, Limits
from lookalike.imaging.modes import to_rgb
from lookalike.imaging.orientation import is_sideways, read_orientation, turn_upright
from lookalike.imaging.quiet import pillow_quiet


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    `image` is RGB and upright, and smaller than the original where it was decoded at reduced
    scale, which `whole` denies; `width` and `height` are the original's pixels after orientation.
    `format` is a key of `formats.FORMAT_NAMES`: "jpeg", "png", ...
    """

    image: Image.Image
    width: int
    height: int
    format: str
    whole: bool = True


def decode(
    data: bytes,
    *,
    min_side: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    before: Callable[[int], None] | None = None,
) -> Picture:
    """Decode the first frame of a picture file; safe to call from several threads.

    Args:
        data: the whole file.
        min_side: pixels that the shorter side must keep. A JPEG is then decoded at 1/2, 1/4 or
            1/8 of its size where that leaves enough, which is several times faster; other formats
            come in full.
        limits: checked before any pixel is decoded.
        before: called with the number of pixels that will be held, just before they are decoded;
            may wait until there is memory.

    Raises:
        PictureError: it is not a picture, is broken, truncated or over a limit. The message says
            why and does not name the file.
    """
    limits.check_bytes(len(data))
    name = identify(data)
    check_header(name, data, limits)
    try:
        with pillow_quiet:
            return _decode(name, data, min_side, limits, before)
    except PictureError:
        raise
    except Exception as error:  # Pillow raises nearly every kind there is on broken data
        raise PictureError(_reason(FORMAT_NAMES[name], error)) from error


def _decode(
    name: str,
    data: bytes,
    min_side: int | None,
    limits: Limits,
    before: Callable[[int], None] | None,
) -> Picture:
    image = _OPENERS[name](io.BytesIO(data))
    width, height = image.size
    limits.check_size(width, height)
    if min_side and name == "jpeg":
        image.draft(None, (min_side, min_side))
    whole = image.size == (width, height)
    if before is not None:
        # Of a progressive JPEG all coefficients are held, at whatever scale it is decoded.
        progressive = image.info.get("progressive")
        before(width * height if progressive else image.width * image.height)
    image.load()
    orientation = read_orientation(image)
    if is_sideways(orientation):
        width, height = height, width
    upright = turn_upright(to_rgb(image), orientation)
    if upright is image and name in _HOLDS_FILE:
        upright = image.copy()
    # The rest of `info` is of the file, not of these pixels. The profile stays for thumbnails.
    profile = image.info.get("icc_profile") if image.mode in _RGB_MODES else None
    upright.info = {"icc_profile": profile} if profile else {}
    return Picture(upright, width, height, name, whole)


def _open_heic(file: io.BytesIO) -> ImageFile.ImageFile:
    try:
        import pi_heif
    except ImportError:
        raise PictureError(
            "HEIC pictures need one more package: pip install 'lookalike[heic]'"
        ) from None
    opener: Callable[[io.BytesIO], ImageFile.ImageFile] = pi_heif.HeifImageFile
    return opener(file)


# Pillow's own classes rather than Image.open: no other plugin is ever reached or even imported,
# and the host program's Image.MAX_IMAGE_PIXELS is neither needed nor touched.
_OPENERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "heic": _open_heic,
}

_RGB_MODES = {"RGB", "RGBA", "P"}

# Their images keep the decoder, and with it the whole file, for as long as they live.
_HOLDS_FILE = {"webp", "avif", "heic"}


# What Pillow says in its own terms, in ours.
_PLAIN = {
    "not identified by this driver": "its header is broken",
    "cannot load this image": "it holds no pixels",
    "no more images": "it holds no pixels",
    "PngImagePlugin.MAX_TEXT": "it holds compressed text or a profile that unpacks too large",
    "broken data stream": "its pixels are damaged",
    "broken PNG file": "its chunks are damaged",
    "decoder object": "it is cut short or damaged",
    "Missing dimensions": "it is cut short or damaged",
}


def _reason(name: str, error: Exception) -> str:
    """Say in one short line why a file of format `name` could not be decoded."""
    if isinstance(error, MemoryError):
        return f"there is not enough memory to decode this {name}"
    if isinstance(error, Image.DecompressionBombError):
        return f"the {name} declares more pixels than Pillow allows"
    detail = " ".join(str(error).split())
    if isinstance(error, EOFError) or "truncated" in detail.lower():
        return f"the {name} is truncated"
    for theirs, ours in _PLAIN.items():
        if theirs in detail:
            return f"the {name} cannot be decoded: {ours}"
    # Bare numbers and the names of objects and files tell the reader nothing.
    if not re.search("[a-z]{3}", detail) or len(detail) > 80 or re.search("[<>/]", detail):
        return f"the {name} is broken"
    return f"the {name} is broken ({detail})"
