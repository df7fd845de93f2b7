"""What attributes and names may hold, whatever the store."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike.errors import UsageError

_MAX_NESTING = 8
_INT64 = range(-(2**63), 2**63)


def plain(attributes: Any) -> dict[str, Any]:
    """A record's attributes as plain JSON types, NumPy's scalars and arrays included.

    Raises:
        UsageError: no mapping, or a key or value that no store can hold; names the key.
    """
    if not isinstance(attributes, Mapping):
        raise UsageError(f"attributes are a mapping, not {type(attributes).__name__}.")
    found: dict[str, Any] = _plain(attributes, (), 0)
    return found


def check_text(text: str, what: str) -> None:
    """Refuse text that no store can keep as it is.

    Raises:
        UsageError: a NUL character, or a half of a surrogate pair.
    """
    if text.isascii() and "\0" not in text:
        return
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = b"\0"
    if 0 in encoded:
        raise UsageError(f"{what} {text!r} is not valid Unicode text, or holds a NUL: change it.")


def _plain(value: Any, path: tuple[str, ...], depth: int) -> Any:
    if isinstance(value, str):
        if not value.isascii() or "\0" in value:
            check_text(value, f"attribute {'.'.join(path)}")
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.item() if value.ndim == 0 else value.tolist(), path, depth)
    if isinstance(value, int):
        if value in _INT64:
            return int(value)
        raise _refused(path, f"{value} does not fit 64 bits: store it as text")
    if isinstance(value, float):
        if value - value == 0:
            return float(value)
        raise _refused(path, f"{value} is not a number that can be compared: leave it out")
    if depth >= _MAX_NESTING:
        raise _refused(path, f"nested deeper than {_MAX_NESTING} levels: flatten it")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise _refused(path, f"the key {key!r} is not text: use str(...)")
            if not key.strip():
                raise _refused(path, "a name is empty: name what the value is")
            check_text(key, "attribute name")
        return {key: _plain(item, (*path, key), depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, path, depth + 1) for item in value]
    raise _refused(
        path, f"{type(value).__name__} cannot be stored: use text, numbers, booleans or lists"
    )


def _refused(path: tuple[str, ...], complaint: str) -> UsageError:
    return UsageError(f"attribute {'.'.join(path) or '(all)'}: {complaint}.")
