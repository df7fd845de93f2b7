import struct

import picture_bytes
import pytest
from picture_bytes import encode, png, png_chunk, scene

from lookalike.errors import PictureError
from lookalike.imaging import Limits, decode, headers
from lookalike.imaging.headers import check_header

LIMITS = Limits()


def test_sound_files_pass() -> None:
    for suffix, data in picture_bytes.every_format().items():
        check_header({".jpg": "jpeg", ".tif": "tiff"}.get(suffix, suffix[1:]), data, LIMITS)


def test_many_segments_in_a_jpeg_are_refused() -> None:
    jpeg = encode(scene(), "JPEG")
    comments = b"\xff\xfe\x00\x02" * headers.MAX_SEGMENTS
    check_header("jpeg", jpeg[:2] + comments[4 * 100 :] + jpeg[2:], LIMITS)
    with pytest.raises(PictureError, match="absurdly long"):
        check_header("jpeg", jpeg[:2] + comments + jpeg[2:], LIMITS)


def test_a_long_jpeg_header_is_refused() -> None:
    segment = b"\xff\xe1\xff\xff" + bytes(0xFFFD)
    data = b"\xff\xd8" + segment * (headers.MAX_JPEG_HEADER // len(segment) + 1)
    with pytest.raises(PictureError, match="absurdly long"):
        check_header("jpeg", data, LIMITS)


def test_scans_of_the_picture_count_and_those_behind_it_do_not() -> None:
    jpeg = encode(scene(), "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    check_header("jpeg", jpeg + scan * 1000, LIMITS)
    check_header("jpeg", jpeg[:-2] + scan * 50 + jpeg[-2:], LIMITS)
    with pytest.raises(PictureError, match="scans"):
        check_header("jpeg", jpeg[:-2] + scan * headers.MAX_JPEG_SCANS + jpeg[-2:], LIMITS)
    # An end marker inside a comment between two scans does not hide those that follow.
    comment = b"\xff\xfe\x00\x04\xff\xd9"
    hidden = jpeg[:-2] + comment + scan * headers.MAX_JPEG_SCANS + jpeg[-2:]
    with pytest.raises(PictureError, match="scans"):
        check_header("jpeg", hidden, LIMITS)


def test_further_scans_of_a_sequential_jpeg_are_never_decoded() -> None:
    """So bytes that look like scans need not be counted."""
    jpeg = encode(scene(), "JPEG")
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    many = jpeg[:-2] + scan * headers.MAX_JPEG_SCANS + jpeg[-2:]
    check_header("jpeg", many, LIMITS)
    with pytest.raises(PictureError, match="damaged"):
        decode(many)


@pytest.mark.parametrize("frame", [0xC0, 0xC1])
def test_scans_of_single_components_are_counted(frame: int) -> None:
    jpeg = encode(scene(), "JPEG").replace(b"\xff\xc0", bytes([0xFF, frame]))
    start = jpeg.rindex(b"\xff\xda")
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    check_header("jpeg", jpeg[:start] + scan * headers.MAX_JPEG_SCANS, LIMITS)
    with pytest.raises(PictureError, match="scans"):
        check_header("jpeg", jpeg[:start] + scan * (headers.MAX_JPEG_SCANS + 2), LIMITS)


def test_many_chunks_in_a_png_are_refused() -> None:
    chunk = png_chunk(b"prVt", b"")
    check_header("png", png(1, 1, b"\0\0", before=chunk * 1000), LIMITS)
    with pytest.raises(PictureError, match="chunks"):
        check_header("png", png(1, 1, b"\0\0", before=chunk * headers.MAX_PNG_CHUNKS), LIMITS)


def test_many_blocks_before_a_gifs_first_picture_are_refused() -> None:
    head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(6)
    comment = b"!\xfe" + b"\x01x" * 100 + b"\x00"
    check_header("gif", head + comment * 100 + b",", LIMITS)
    with pytest.raises(PictureError, match="blocks"):
        check_header("gif", head + comment * (headers.MAX_GIF_BLOCKS // 100 + 1), LIMITS)


def test_a_large_run_length_coded_bmp_is_refused() -> None:
    data = bytearray(encode(scene(), "BMP"))
    data[30:34] = (1).to_bytes(4, "little")
    check_header("bmp", bytes(data), LIMITS)
    with pytest.raises(PictureError, match="run-length"):
        check_header("bmp", bytes(data) + bytes(headers.MAX_BMP_RUNS), LIMITS)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tag", [273, 324])
@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_of_too_many_pieces_is_refused(order: str, tag: int, big: bool) -> None:
    def tiff(count: int, tags: int = 1) -> bytes:
        magic = b"II" if order == "<" else b"MM"
        if big:
            head = magic + struct.pack(order + "HHHQQ", 43, 8, 0, 16, tags)
            return head + struct.pack(order + "HHQQ", tag, 4, count, 0)
        head = magic + struct.pack(order + "HIH", 42, 8, tags)
        return head + struct.pack(order + "HHII", tag, 4, count, 0)

    check_header("tiff", tiff(headers.MAX_TIFF_PIECES), LIMITS)
    with pytest.raises(PictureError, match="strips or tiles"):
        check_header("tiff", tiff(headers.MAX_TIFF_PIECES + 1), LIMITS)
    check_header("tiff", tiff(1, tags=headers.MAX_TIFF_TAGS + 1), LIMITS)  # says so, has not
    with pytest.raises(PictureError, match="tags"):
        check_header("tiff", tiff(1, tags=headers.MAX_TIFF_TAGS + 1) + bytes(100_000), LIMITS)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exif": b"Exif"}])
def test_a_webps_size_is_read_before_it_is_opened(options: dict[str, object]) -> None:
    data = encode(scene(), "WEBP", **options)
    check_header("webp", data, Limits(max_pixels=64 * 48))
    with pytest.raises(PictureError, match="64 × 48 pixels"):
        check_header("webp", data, Limits(max_pixels=64 * 48 - 1))


@pytest.mark.parametrize("name", ["jpeg", "png", "gif", "bmp", "webp", "tiff", "avif"])
def test_short_files_pass_on_to_the_decoder(name: str) -> None:
    for length in range(40):
        check_header(name, b"\xff" * length, LIMITS)
        check_header(name, bytes(length), LIMITS)
