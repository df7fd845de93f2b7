"""The folder of the user's own models and weights."""

import os
from pathlib import Path

import platformdirs

VARIABLE = "LOOKALIKE_MODELS"


def root() -> Path:
    """LOOKALIKE_MODELS, or `models` in the user's data folder of this system; may not exist."""
    value = os.environ.get(VARIABLE)
    if value:
        return Path(value).expanduser()
    return platformdirs.user_data_path("lookalike") / "models"
