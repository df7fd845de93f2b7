"""The digest of a picture's pixels: the same for every lossless way of storing them."""

import hashlib

from PIL.Image import Image

from lookalike.imaging.bands import bands

SIZE = 16
"""Bytes of a digest."""


def pixels_digest(image: Image) -> bytes:
    """The first 16 bytes of SHA-256 (FIPS 180-4) over an upright RGB picture's size and pixels.

    Over the text `WIDTHxHEIGHT:` and the rows of RGB bytes from the top. Lossy files may decode to
    other pixels with another version of their decoder.
    """
    digest = hashlib.sha256(f"{image.width}x{image.height}:".encode())
    for band in bands(image):
        digest.update(band)
    return digest.digest()[:SIZE]
