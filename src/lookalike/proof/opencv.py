"""OpenCV, which is there only with the extra `proof`."""

from importlib.util import find_spec
from types import ModuleType

from lookalike.errors import MissingExtraError


def available() -> bool:
    """Whether OpenCV is installed; nothing is imported to find out."""
    return find_spec("cv2") is not None


def opencv() -> ModuleType:
    """The module `cv2`, imported when it is first asked for.

    Raises:
        MissingExtraError: it is not installed, or cannot be loaded.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(
            "showing which part of two pictures is the same needs one more package: "
            f"pip install 'lookalike[proof]' ({error})"
        ) from None
    module: ModuleType = cv2
    return module
