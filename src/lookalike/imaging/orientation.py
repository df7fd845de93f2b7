"""Turn a picture upright as its EXIF orientation says."""

from PIL import Image
from PIL.Image import Transpose

_EXIF_ORIENTATION = 0x0112

_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def read_orientation(image: Image.Image) -> int:
    """Read the orientation, 1 to 8; 1, upright, when there is none or it cannot be read."""
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # broken EXIF data must not cost the picture
        return 1
    return value if value in _UPRIGHT else 1


def is_sideways(orientation: int) -> bool:
    """Whether turning upright swaps width and height."""
    return orientation >= 5


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Apply an EXIF orientation; the picture itself comes back where it is upright already."""
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)
