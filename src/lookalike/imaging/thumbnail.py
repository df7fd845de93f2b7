"""Small JPEGs for reports, pages and terminals."""

import io

from PIL import Image

from lookalike.imaging.modes import to_rgb


def thumbnail(image: Image.Image, side: int = 256) -> bytes:
    """Encode a picture as a JPEG whose longer side is at most `side` pixels; never enlarged."""
    image = to_rgb(image)
    scale = side / max(image.size)
    if scale < 1:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
