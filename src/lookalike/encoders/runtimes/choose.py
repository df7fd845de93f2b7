"""Which runtime a model's batches run on."""

import os
from collections.abc import Callable

import numpy as np

from lookalike.encoders import made_up
from lookalike.encoders.preprocess import Preprocessor
from lookalike.encoders.runtimes.base import Model, Runtime
from lookalike.encoders.runtimes.cuda import Cuda
from lookalike.encoders.runtimes.cuda import missing as cuda_missing
from lookalike.encoders.runtimes.onnxruntime import OnnxRuntime
from lookalike.encoders.runtimes.openvino import OpenVino
from lookalike.encoders.runtimes.openvino import missing as openvino_missing
from lookalike.encoders.session import Session, pooled, unit_rows
from lookalike.errors import EnvironmentFailure, UsageError, WeightsError

VARIABLE = "LOOKALIKE_RUNTIME"
AGREEMENT = 0.998
"""Least cosine between the embeddings that two runtimes give for made-up pictures, if both may
serve one collection. Photographs are easier: where this held, theirs agreed to .9994."""

_OTHERS: tuple[tuple[str, Callable[[], str | None], Callable[[Model], Runtime]], ...] = (
    (Cuda.name, cuda_missing, Cuda),
    (OpenVino.name, openvino_missing, OpenVino),
)
_NAMES = (OnnxRuntime.name, *(name for name, _, _ in _OTHERS))


def asked() -> str:
    """The runtime that LOOKALIKE_RUNTIME names; "" when it names none.

    Raises:
        UsageError: there is no such runtime.
    """
    name = os.environ.get(VARIABLE, "").strip().lower()
    if name and name not in _NAMES:
        raise UsageError(f"{VARIABLE}={name} is none of {', '.join(_NAMES)}")
    return name


def choose(model: Model, alone: Session) -> Runtime:
    """The fastest runtime that there is here and that gives the same embeddings.

    LOOKALIKE_RUNTIME names the only one to try beside ONNX Runtime on the processor.

    Args:
        model: the model.
        alone: it on ONNX Runtime, which the others have to agree with.

    Raises:
        UsageError: LOOKALIKE_RUNTIME names no runtime.
        EnvironmentFailure: the one that it names cannot be used here at all; says why.
    """
    only = asked()
    for name, missing, open_ in _OTHERS:
        if only in {"", name} and _usable(missing(), only):
            runtime = _agreeing(open_, model, alone)
            if runtime is not None:
                return runtime
    return OnnxRuntime(model)


def least_cosine(runtime: Runtime, model: Model, alone: Session) -> float:
    """How far a runtime's embeddings of made-up pictures are from those of `alone`, at worst."""
    prepare = Preprocessor(model.tower.preprocessing)
    pictures = [prepare(picture) for picture in made_up.pictures()]
    theirs = runtime.run(pictures)
    ours = np.concatenate([alone.run({model.tower.input: pixels[None]}) for pixels in pictures])
    one, other = (unit_rows(pooled(rows, model.tower.pool), model.path) for rows in (theirs, ours))
    return float((one * other).sum(axis=1).min())


def _usable(missing: str | None, only: str) -> bool:
    if missing and only:
        raise EnvironmentFailure(f"{VARIABLE}={only}: {missing}")
    return missing is None


def _agreeing(open_: Callable[[Model], Runtime], model: Model, alone: Session) -> Runtime | None:
    """The model on another runtime, when that wins with it and gives the same embeddings."""
    try:
        runtime = open_(model)
        return runtime if least_cosine(runtime, model, alone) >= AGREEMENT else None
    except WeightsError:
        return None
