"""What of the query and of its copies is the same, as pictures."""

from PIL.Image import Image

from lookalike.results import Results
from lookalike.views import pictures

SIDE = 720
"""Longer side in pixels in which the pictures are read."""


def overlays(results: Results) -> dict[int, Image]:
    """By id of the hits that were proved: query and hit side by side, the same part outlined.

    Hits whose picture is not on this machine are left out.
    """
    proved = [hit for hit in results if hit.match is not None]
    if not (proved and results.query_pictures):
        return {}
    from lookalike import proof

    query = pictures.decode(results.query_pictures[0], side=SIDE).image
    shown = pictures.load((hit.uri for hit in proved), side=SIDE)
    found = {}
    for hit in proved:
        image = shown[hit.uri].image
        if query is not None and image is not None and hit.match is not None:
            found[hit.id] = proof.overlay(query, image, hit.match)
    return found
