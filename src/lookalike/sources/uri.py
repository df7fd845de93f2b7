"""Paths and uris: how a record names where its picture is.

The uri of a file is the text of its absolute path. Most file systems let a name be any bytes, so
a path that is not valid UTF-8 becomes a percent-encoded `file:///` URI (RFC 8089), which every
database and every JSON file can hold. URLs are uris as they stand.
"""

import os
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

_FILE = "file://"
_WEB = ("http://", "https://")


def from_path(path: str | os.PathLike[str]) -> str:
    """The uri of a path; a relative path is taken from the current folder."""
    text = os.path.abspath(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _file_uri(text)
    return text


def to_path(uri: str) -> Path | None:
    """The path that a uri names, or None when it names no file (a URL, a made-up name)."""
    if uri.startswith(_FILE + "/"):
        encoded = uri[len(_FILE) :]
        if os.name == "nt":
            encoded = encoded.lstrip("/")
        return Path(os.fsdecode(unquote_to_bytes(encoded)))
    return Path(uri) if os.path.isabs(uri) else None


def is_url(text: str) -> bool:
    """Whether a text is an http or https URL."""
    return text[:8].lower().startswith(_WEB)


def _file_uri(text: str) -> str:
    encoded = quote(os.fsencode(text.replace(os.sep, "/")), safe="/")
    return _FILE + (encoded if encoded.startswith("/") else "/" + encoded)
