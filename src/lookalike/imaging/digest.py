"""The digest of a picture's pixels: the same for every lossless way of storing them."""

import hashlib

from PIL.Image import Image

SIZE = 16
"""Bytes of a digest."""


def pixels_digest(image: Image) -> bytes:
    """16 bytes of BLAKE2b (RFC 7693) over an upright RGB picture's size and pixels.

    Over the text `WIDTHxHEIGHT:` and the rows of RGB bytes from the top. Lossy files may decode to
    other pixels with another version of their decoder.
    """
    digest = hashlib.blake2b(f"{image.width}x{image.height}:".encode(), digest_size=SIZE)
    digest.update(image.tobytes())
    return digest.digest()
