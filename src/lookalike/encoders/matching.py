"""The loaded encoder of a collection, refused when embeddings could not be compared."""

from collections.abc import Callable

from lookalike.encoders import registry
from lookalike.encoders.base import Encoder
from lookalike.errors import UsageError
from lookalike.records import EncoderSpec


def why_not(spec: EncoderSpec) -> str:
    """Why there is no model behind an encoder of a collection; "" when there is one."""
    if spec.name in registry.names():
        return ""
    if not spec.fingerprint:
        return f"{spec.name!r} holds vectors computed elsewhere"
    return f"the model {spec.name!r} is not here any more (`lookalike models add` brings it back)"


def load_matching(
    spec: EncoderSpec, progress: Callable[[str, int, int], None] | None = None
) -> Encoder:
    """Load the encoder that made a collection's embeddings.

    Raises:
        UsageError: there is no such model, or its weights or preprocessing have changed.
        WeightsError: the weights cannot be had.
    """
    if why := why_not(spec):
        raise UsageError(f"{why}: only a vector or an id can be searched with it")
    encoder = registry.load(spec.name, progress=progress)
    if spec.fingerprint and encoder.spec.fingerprint != spec.fingerprint:
        raise UsageError(
            f"the weights or preprocessing of {spec.name} are not the ones this collection was "
            f"made with ({encoder.spec.fingerprint} against {spec.fingerprint}): its embeddings "
            "cannot be compared. Use the old weights, or index into a new collection"
        )
    return encoder
