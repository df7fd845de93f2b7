import io
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import broken_pictures
import numpy as np
import picture_bytes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from lookalike.errors import PictureError
from lookalike.imaging import Limits, decode

Good = tuple[Path, dict[str, tuple[int, int]]]

SOUND = picture_bytes.every_format()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Good:
    """The folder of odd but sound pictures, and the size of each."""
    folder = tmp_path_factory.mktemp("good")
    return folder, broken_pictures.write_good(folder)


def read(path: Path) -> bytes:
    return path.read_bytes()


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return float(np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).mean())


def test_every_broken_file_is_a_picture_error(tmp_path: Path) -> None:
    names = broken_pictures.write_broken(tmp_path)
    assert len(names) >= 40
    for name in names:
        with pytest.raises(PictureError) as caught:
            decode(read(tmp_path / name))
        reason = str(caught.value)
        assert 10 < len(reason) < 200, name
        assert "\n" not in reason
        assert str(tmp_path) not in reason
        assert "object at 0x" not in reason
        assert "Traceback" not in reason


def test_every_odd_but_good_file_decodes_to_its_size(good: Good) -> None:
    folder, sizes = good
    for name, size in sizes.items():
        picture = decode(read(folder / name))
        assert (picture.width, picture.height) == size, name
        assert picture.image.size == size, name
        assert picture.image.mode == "RGB", name


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("plain.png", 0),
        ("plain.bmp", 0),
        ("plain.tif", 0),
        ("plain.jpg", 6),
        ("plain.webp", 8),
        ("plain.avif", 8),
        ("plain.gif", 8),
        ("cmyk.jpg", 6),
        ("cmyk.tif", 1),
        ("cmyk with wrong profile.jpg", 6),
        ("ycbcr.tif", 2),
        ("lab.tif", 4),
        ("jpeg inside.tif", 6),
        ("palette.png", 12),
        ("animated.png", 0),
        ("animated.webp", 8),
        ("pages.tif", 0),
        ("broken second frame.gif", 8),
        ("trailing noise.jpg", 6),
        ("really a png.jpg", 0),
    ],
)
def test_the_pixels_are_those_of_the_first_picture(good: Good, name: str, tolerance: float) -> None:
    picture = decode(read(good[0] / name))
    assert mean_difference(picture.image, picture_bytes.scene()) <= tolerance


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("plain.jpg", "jpeg"),
        ("plain.tif", "tiff"),
        ("plain.avif", "avif"),
        ("really a png.jpg", "png"),
        ("really a jpeg.png", "jpeg"),
        ("really a webp.gif", "webp"),
    ],
)
def test_the_format_is_told_by_content(good: Good, name: str, format_: str) -> None:
    assert decode(read(good[0] / name)).format == format_


def test_heic_decodes_with_the_extra() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture_bytes.scene()).save(buffer, quality=95)
    picture = decode(buffer.getvalue())
    assert picture.format == "heic"
    assert mean_difference(picture.image, picture_bytes.scene()) < 8


def test_heic_without_the_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(PictureError, match=r"pip install 'lookalike\[heic\]'"):
        decode(b"\x00\x00\x00\x1cftypheic" + bytes(100))


def large_jpeg(width: int, height: int, **options: object) -> bytes:
    image = picture_bytes.scene(width, height)
    return picture_bytes.encode(image, "JPEG", quality=92, **options)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("min_side", [1, 100, 224, 449, 450, 900, 5000])
def test_reduced_jpegs_keep_the_side_asked_for(min_side: int, progressive: bool) -> None:
    data = large_jpeg(1201, 900, progressive=progressive)
    picture = decode(data, min_side=min_side)
    full = decode(data)
    assert (picture.width, picture.height) == (1201, 900) == full.image.size
    assert min(picture.image.size) >= min(min_side, 900)
    assert min(picture.image.size) < 2 * max(min_side, 900 // 8 + 1)
    shrunk = full.image.resize(picture.image.size, Image.Resampling.BOX)
    assert mean_difference(picture.image, shrunk) < 2


def test_reduced_jpegs_are_turned_upright_and_keep_the_original_size() -> None:
    data = large_jpeg(1200, 800, exif=picture_bytes.exif_orientation(6))
    picture = decode(data, min_side=200)
    assert (picture.width, picture.height) == (800, 1200)
    assert picture.image.size == (200, 300)


def test_only_jpegs_are_reduced() -> None:
    data = picture_bytes.encode(picture_bytes.scene(1000, 800), "PNG")
    assert decode(data, min_side=100).image.size == (1000, 800)


def test_limits_hold_to_the_pixel_and_byte() -> None:
    data = SOUND[".png"]
    pixels = picture_bytes.W * picture_bytes.H
    decode(data, limits=Limits(max_bytes=len(data), max_pixels=pixels))
    with pytest.raises(PictureError, match=r"64 × 48 pixels, and the limit is 3,071"):
        decode(data, limits=Limits(max_pixels=pixels - 1))
    with pytest.raises(PictureError, match="bytes, and the limit is"):
        decode(data, limits=Limits(max_bytes=len(data) - 1))


@pytest.mark.parametrize("suffix", SOUND)
def test_the_pixel_limit_holds_in_every_format(suffix: str) -> None:
    with pytest.raises(PictureError, match="too large"):
        decode(SOUND[suffix], limits=Limits(max_pixels=100))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp", ".gif", ".webp"])
def test_pillows_own_pixel_limit_is_not_ours(monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    # A picture between its warning and its error, as ours of up to 200 megapixels would be.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", picture_bytes.W * picture_bytes.H - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode(SOUND[suffix])


def test_pillow_is_left_as_it_was_found() -> None:
    code = """
import warnings
import numpy  # adds filters of its own
from PIL import Image, ImageFile
before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, ImageFile.MAXBLOCK
filters = list(warnings.filters)
import lookalike.imaging
lookalike.imaging.decode(open(0, 'rb').read())
assert before == (
    Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, ImageFile.MAXBLOCK
)
assert filters == list(warnings.filters)
assert 'PIL.EpsImagePlugin' not in __import__('sys').modules
assert 'HEIF' not in Image.OPEN
"""
    subprocess.run([sys.executable, "-c", code], input=SOUND[".tif"], check=True)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_the_picture_does_not_carry_the_files_metadata() -> None:
    data = large_jpeg(64, 48, exif=picture_bytes.exif_orientation(3), comment=b"hello")
    assert decode(data).image.info == {}


def test_many_threads_decode_alike(good: Good) -> None:
    folder, sizes = good
    files = [read(folder / name) for name in sizes]
    before = list(warnings.filters)
    alone = [decode(data).image.tobytes() for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: decode(data).image.tobytes(), files * 3))
    assert together == alone * 3
    assert list(warnings.filters) == before


def test_real_photographs_equal_what_pillow_makes_of_them(shared: Path) -> None:
    for path in sorted((shared / "data" / "originals").glob("*.jpg"))[:20]:
        with Image.open(path) as image:
            expected = ImageOps.exif_transpose(image).convert("RGB")
        picture = decode(read(path))
        assert picture.image.tobytes() == expected.tobytes()
        assert (picture.width, picture.height) == expected.size


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A sound file with bytes changed, removed, doubled or cut off."""
    data = bytearray(draw(st.sampled_from(list(SOUND.values()))))
    for _ in range(draw(st.integers(1, 6))):
        # Headers are where the interesting damage is.
        top = draw(st.sampled_from([64, len(data)]))
        at = draw(st.integers(0, max(0, min(top, len(data)) - 1)))
        length = draw(st.integers(0, 32))
        match draw(st.sampled_from(["set", "remove", "repeat", "cut", "flip"])):
            case "set":
                data[at : at + length] = draw(st.binary(min_size=length, max_size=length))
            case "remove":
                del data[at : at + length]
            case "repeat":
                data[at:at] = data[at : at + length]
            case "cut":
                del data[at:]
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)


@given(data=mutated(), min_side=st.sampled_from([None, 16]))
@settings(max_examples=600, deadline=None)
def test_damaged_files_decode_or_are_picture_errors(data: bytes, min_side: int | None) -> None:
    limits = Limits(max_pixels=4_000_000)
    try:
        picture = decode(data, min_side=min_side, limits=limits)
    except PictureError:
        return
    assert picture.image.mode == "RGB"
    assert 0 < picture.width * picture.height <= limits.max_pixels


@given(data=st.binary(max_size=400))
@settings(deadline=None)
def test_noise_is_a_picture_error(data: bytes) -> None:
    with pytest.raises(PictureError):
        decode(data)


def test_nothing_is_printed_about_broken_files(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = broken_pictures.write_broken(tmp_path)
    for name in names:
        with pytest.raises(PictureError):
            decode(read(tmp_path / name))
    assert capfd.readouterr() == ("", "")


def test_special_files_are_what_they_claim(tmp_path: Path) -> None:
    for name in broken_pictures.write_special(tmp_path):
        assert os.path.lexists(tmp_path / name)
        assert not (tmp_path / name).is_file()
