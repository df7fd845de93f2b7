"""How large a picture may be; all of it is checked before a pixel is decoded."""

from dataclasses import dataclass

from lookalike.errors import PictureError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single picture may cost.

    `max_bytes` is the size of the file, `max_pixels` width × height as the header declares them,
    `max_aspect` the longer side over the shorter: a picture of 60,000 × 1 has few pixels, but
    resizing its shorter side to an encoder's 224 makes three billion of them.
    """

    max_bytes: int = 100 * MIB
    max_pixels: int = 200_000_000
    max_aspect: int = 200

    def check_bytes(self, size: int) -> None:
        """Raise PictureError when a file of `size` bytes is empty or over the limit."""
        if size == 0:
            raise PictureError("the file is empty")
        if size > self.max_bytes:
            raise PictureError(
                f"the file is too large: {size:,} bytes, and the limit is {self.max_bytes:,}"
            )

    def check_size(self, width: int, height: int) -> None:
        """Raise PictureError when a picture of `width` × `height` pixels is over a limit."""
        if width < 1 or height < 1:
            raise PictureError(f"the picture has no pixels ({width} × {height})")
        if width * height > self.max_pixels:
            raise PictureError(
                f"the picture is too large: {width:,} × {height:,} pixels, "
                f"and the limit is {self.max_pixels:,} in all"
            )
        if max(width, height) > self.max_aspect * min(width, height):
            raise PictureError(
                f"the picture is too long and thin: {width:,} × {height:,} pixels, "
                f"and the limit is {self.max_aspect} to 1"
            )


DEFAULT_LIMITS = Limits()
