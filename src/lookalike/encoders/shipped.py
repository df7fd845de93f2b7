"""The projections that come with models, named by their cards."""

import hashlib
import io
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

from lookalike.encoders import projection as projections
from lookalike.encoders import registry
from lookalike.encoders.card import ProjectionFile
from lookalike.encoders.own import place
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
    return None if file is None else _read(file, name)


@lru_cache
def _read(file: ProjectionFile, name: str) -> Projection:
    # The package's, or one that a user put beside the weights of a model of their own.
    places = [_folder() / file.file, place.root() / name / file.file]
    found = next((each for each in places if each.is_file()), None)
    if found is None:
        raise WeightsError(
            f"The projection of {name} is missing: it is neither {' nor '.join(map(str, places))}. "
            "Put it there, or take [projection] out of the model's card."
        )
    data = found.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != file.sha256:
        raise WeightsError(
            f"The projection {found} has SHA-256 {digest}, and the card of {name} says "
            f"{file.sha256}: it is another file, or was damaged."
        )
    projection = projections.read(io.BytesIO(data))
    if projection.size != file.size:
        raise WeightsError(
            f"The projection {found} leaves {projection.size} components, and the card of {name} "
            f"says {file.size}: correct the card."
        )
    return projection


def _folder() -> Traversable:
    return resources.files("lookalike.models") / "projections"
