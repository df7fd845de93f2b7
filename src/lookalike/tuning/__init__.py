"""Recall of a collection's own index against exact search, and the parameters that reach a wish."""

from lookalike.tuning.results import Asked, Step, Tried, Tuning
from lookalike.tuning.run import tune

__all__ = ["Asked", "Step", "Tried", "Tuning", "tune"]
