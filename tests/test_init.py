import subprocess
import sys

import pytest

import lookalike


def test_all_names_are_there():
    for name in lookalike.__all__:
        assert getattr(lookalike, name) is not None
    assert set(dir(lookalike)) >= {"open", "Collection", "Hit", "errors", "__version__"}


def test_unknown_names_are_not():
    with pytest.raises(AttributeError, match="close"):
        lookalike.close  # noqa: B018


def test_import_is_light():
    heavy = "numpy PIL onnxruntime qdrant_edge httpx rich lark jinja2 sqlite3"
    code = f"import lookalike, sys; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
