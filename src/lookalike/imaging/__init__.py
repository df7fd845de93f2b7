"""Bytes in, pixels out: decoding, limits, orientation, thumbnails."""
