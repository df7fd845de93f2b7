"""Bytes in, pixels out: decoding, limits, orientation, thumbnails."""

from lookalike.imaging.borders import trim_borders as trim_borders
from lookalike.imaging.decode import Picture as Picture
from lookalike.imaging.decode import decode as decode
from lookalike.imaging.digest import pixels_digest as pixels_digest
from lookalike.imaging.formats import PICTURE_SUFFIXES as PICTURE_SUFFIXES
from lookalike.imaging.limits import DEFAULT_LIMITS as DEFAULT_LIMITS
from lookalike.imaging.limits import Limits as Limits
from lookalike.imaging.modes import to_rgb as to_rgb
from lookalike.imaging.thumbnail import thumbnail as thumbnail
from lookalike.imaging.trimmed import trimmed as trimmed

__all__ = [
    "DEFAULT_LIMITS",
    "PICTURE_SUFFIXES",
    "Limits",
    "Picture",
    "decode",
    "pixels_digest",
    "thumbnail",
    "to_rgb",
    "trim_borders",
    "trimmed",
]
