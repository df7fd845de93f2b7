"""The projections that come with the package, named by the models' cards."""

import hashlib
import io
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

from lookalike.encoders import projection as projections
from lookalike.encoders import registry
from lookalike.encoders.card import ProjectionFile
from lookalike.encoders.projection import Projection
from lookalike.errors import WeightsError


def shipped_projection(name: str) -> Projection | None:
    """The projection that goes with an encoder; None where there is none, or no such encoder.

    Raises:
        WeightsError: its file is missing, or not the one that the card names.
    """
    if name not in registry.names():
        return None
    file = registry.card(name).projection
    return None if file is None else _read(file)


@lru_cache
def _read(file: ProjectionFile) -> Projection:
    place = _folder() / file.file
    try:
        data = place.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The projection {file.file} cannot be read ({error}): install lookalike again."
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise WeightsError(
            f"The projection {file.file} has SHA-256 {found}, and its model's card names "
            f"{file.sha256}: install lookalike again."
        )
    projection = projections.read(io.BytesIO(data))
    if projection.size != file.size:
        raise WeightsError(
            f"The projection {file.file} leaves {projection.size} components, and its model's "
            f"card says {file.size}: correct the card."
        )
    return projection


def _folder() -> Traversable:
    return resources.files("lookalike.models") / "projections"
