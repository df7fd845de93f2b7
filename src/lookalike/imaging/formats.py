"""What a picture file is: the suffixes to look for, and the format that its first bytes tell."""

from lookalike.errors import PictureError

PICTURE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif"),
        *(".png", ".apng"),
        *(".webp", ".gif"),
        *(".bmp", ".dib"),
        *(".tif", ".tiff"),
        *(".avif", ".avifs"),
        *(".heic", ".heif", ".hif"),
    }
)
"""Lower-case suffixes of files worth opening; the content decides what they are."""

FORMAT_NAMES = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WebP",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "avif": "AVIF",
    "heic": "HEIC",
}
"""The accepted formats as people write them."""

_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),  # BigTIFF
    (b"MM\x00+", "tiff"),
)

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1"}

# Told by name, so that the report says more than "not a picture".
_STRANGERS = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"8BPS", "a Photoshop file"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"RIFF", "a RIFF file"),
)


def identify(data: bytes) -> str:
    """Tell the format of a picture file from its first bytes, whatever its name says.

    Returns:
        A key of `FORMAT_NAMES`.

    Raises:
        PictureError: it is none of them; the message names what it is where that can be told.
    """
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        brands = _iso_brands(data)
        if brands & _AVIF_BRANDS:
            return "avif"
        if brands & _HEIC_BRANDS:
            return "heic"
    *most, last = FORMAT_NAMES.values()
    accepted = f"{', '.join(most)} or {last}"
    raise PictureError(f"not a picture that can be read: it is {_stranger(data)}, not {accepted}")


def _iso_brands(data: bytes) -> set[bytes]:
    """Read the major and compatible brands of an ISO base media file (ISO/IEC 14496-12)."""
    end = min(int.from_bytes(data[:4]), len(data), 512)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def _stranger(data: bytes) -> str:
    for magic, name in _STRANGERS:
        if data.startswith(magic):
            return name
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        return "SVG" if b"<svg" in data[:4096].lower() else "XML"
    if data[4:8] == b"ftyp":
        return "a video"
    if not any(data[:64]):
        return "nothing but zero bytes"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in data[:512]):
        return "text"
    return "of no known kind"
