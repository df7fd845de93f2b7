import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import PictureError, UsageError
from lookalike.picture_input import PictureInput, read_picture


def test_kinds(tmp_path):
    assert PictureInput.of("a/b.jpg").path.name == "b.jpg"
    assert PictureInput.of(tmp_path).path == tmp_path
    assert PictureInput.of("https://example.org/a.jpg").url == "https://example.org/a.jpg"
    assert PictureInput.of(b"123").data == b"123"
    assert PictureInput.of(bytearray(b"123")).data == b"123"


@pytest.mark.parametrize("value", [3, None, ["a.jpg"], {}])
def test_other_types_are_refused(value):
    with pytest.raises(UsageError, match="a path, a URL, bytes or a Pillow image"):
        PictureInput.of(value)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_pillow_images_of_every_mode(mode):
    white = Image.new("L", (30, 20), 255)
    image = Image.new("I;16", (30, 20), 65535) if mode == "I;16" else white.convert(mode)
    read = read_picture(PictureInput.of(image))
    assert read.image.size == (30, 20)
    assert np.asarray(read.image).mean() > 250


def test_read_gives_pixels_bytes_and_digest(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(buffer, "PNG")
    path = tmp_path / "red.png"
    path.write_bytes(buffer.getvalue())
    read = read_picture(PictureInput.of(path))
    assert read.image.getpixel((0, 0)) == (255, 0, 0)
    assert read.data == buffer.getvalue()
    assert read.sha256 == hashlib.sha256(buffer.getvalue()).digest()


def test_errors_name_the_picture(tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no")
    with pytest.raises(PictureError, match=r"broken\.jpg"):
        read_picture(PictureInput.of(broken))
    with pytest.raises(PictureError, match=r"nowhere\.jpg: does not exist"):
        read_picture(PictureInput.of(tmp_path / "nowhere.jpg"))
    with pytest.raises(PictureError, match="is a folder"):
        read_picture(PictureInput.of(tmp_path))


def test_a_name_that_is_no_text_is_shown_as_a_uri():
    assert PictureInput.of("caf\u00e9 \n.jpg").name == "caf\u00e9 \n.jpg"
    odd = PictureInput.of(b"/a/caf\xff.jpg".decode(errors="surrogateescape"))
    assert odd.name == "file:///a/caf%FF.jpg"
    assert str(odd.path) == "/a/caf\udcff.jpg"
