"""Names for attributes, as an engine takes them."""

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def key_of(path: tuple[str, ...]) -> str:
    """A name of ASCII letters, digits and underscores, another one for each path of keys."""
    return re.sub(r"[^A-Za-z0-9]", lambda match: f"_{ord(match[0]):x}_", "\0".join(path))
