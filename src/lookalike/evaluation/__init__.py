"""How good encoders are, measured on the user's own pictures."""

from lookalike.evaluation.compare import Options as Options
from lookalike.evaluation.compare import evaluate as evaluate
from lookalike.evaluation.fuse import Fuse as Fuse
from lookalike.evaluation.results import Advice as Advice
from lookalike.evaluation.results import Budget as Budget
from lookalike.evaluation.results import Evaluation as Evaluation
from lookalike.evaluation.results import Result as Result
from lookalike.evaluation.stored import evaluate_collection as evaluate_collection

__all__ = [
    "Advice",
    "Budget",
    "Evaluation",
    "Fuse",
    "Options",
    "Result",
    "evaluate",
    "evaluate_collection",
]
