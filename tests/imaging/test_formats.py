import picture_bytes
import pytest

from lookalike.errors import PictureError
from lookalike.imaging import PICTURE_SUFFIXES
from lookalike.imaging.formats import FORMAT_NAMES, identify

BY_SUFFIX = {".jpg": "jpeg", ".tif": "tiff"}


def test_every_format_is_told_from_its_first_bytes() -> None:
    for suffix, data in picture_bytes.every_format().items():
        assert identify(data[:64]) == BY_SUFFIX.get(suffix, suffix[1:])
        assert identify(data[:64]) in FORMAT_NAMES
        assert suffix in PICTURE_SUFFIXES


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        (b"avif\0\0\0\0mif1", "avif"),
        (b"mif1\0\0\0\0mif1avif", "avif"),
        (b"avis\0\0\0\0avifmsf1", "avif"),
        (b"heic\0\0\0\0mif1heic", "heic"),
        (b"mif1\0\0\0\0mif1heic", "heic"),
        (b"msf1\0\0\0\0hevc", "heic"),
    ],
)
def test_brands_tell_avif_from_heic(brands: bytes, name: str) -> None:
    box = (len(brands) + 8).to_bytes(4) + b"ftyp" + brands
    assert identify(box + bytes(50)) == name


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.4", "a PDF"),
        (b"\xef\xbb\xbf\n <HTML>", "a web page"),
        (b"<?xml version='1.0'?><svg>", "SVG"),
        (b"<?xml version='1.0'?><kml>", "XML"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "a video"),
        (b"version https://git-lfs.github.com/spec/v1\n", "text"),
        (bytes(10), "nothing but zero bytes"),
        (b"\x01\x02\x03\x04", "of no known kind"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, what: str) -> None:
    with pytest.raises(PictureError, match=f"it is {what}, not JPEG"):
        identify(data)
