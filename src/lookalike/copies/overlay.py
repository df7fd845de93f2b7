"""The picture that shows what of a query and of a hit is the same."""

from typing import TYPE_CHECKING, Any

from lookalike import proof
from lookalike.copies.reading import decode_record
from lookalike.errors import PictureError
from lookalike.picture_input import PictureInput, read_picture
from lookalike.records import Hit

if TYPE_CHECKING:
    from PIL.Image import Image

_SECONDS = 30.0
"""The longest that a record's picture on the web may take."""


def overlay(picture: Any, hit: Hit) -> "Image":
    """Draw a query beside a hit's picture, the region that matches outlined in both.

    Args:
        picture: the query: a path, URL, bytes or Pillow image, such as
            `results.query_pictures[0]`.
        hit: of `Collection.copies`; one that was not proved is proved now.

    Returns:
        An RGB picture.

    Raises:
        PictureError: one of the two cannot be read, or nothing in them is the same.
        MissingExtraError: it was not proved, and OpenCV is not installed.
    """
    query = read_picture(PictureInput.of(picture), min_side=proof.QUERY_SIDE).image
    try:
        record = decode_record(hit.record, min_side=proof.QUERY_SIDE, timeout=_SECONDS)
    except PictureError as error:
        raise PictureError(f"{hit.uri}: {error}") from error
    match = hit.match
    if match is None:
        features = proof.extract(query, max_side=proof.QUERY_SIDE)
        match = proof.match(features, proof.extract(record))
    if match is None:
        raise PictureError(f"{hit.uri}: local features show nothing that is the same in both")
    return proof.overlay(query, record, match)
