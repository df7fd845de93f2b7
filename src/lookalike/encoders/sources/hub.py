"""Weights from the model hub: at a pinned revision, or as the hub itself states them."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources import http
from lookalike.encoders.sources.cache import SourceError, digest


def endpoint() -> str:
    """The hub's address: HF_ENDPOINT (a mirror), or the hub itself."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


_REDIRECTS = 5
_LONGEST_DIGITS = 10  # of a length in bytes: no file of a model has more than 9,999,999,999


def fetch(
    source: Source, file: WeightFile, part: Path, progress: Callable[[int, int], None]
) -> None:
    """Download a file to `part`, going on where an earlier download stopped.

    Args:
        source: the repository, revision and path.
        file: what is expected; more bytes than it has are refused.
        part: where to write; what is there already is kept and continued.
        progress: called with bytes done and bytes in all.

    Raises:
        SourceError: no answer, a refusal, or another length.
        OSError: the disk.
    """
    with http.client() as client:
        http.download(client, _url(source), part, file.bytes, progress)


def fetch_stated(
    source: Source, file: WeightFile, part: Path, progress: Callable[[int, int], None]
) -> WeightFile:
    """Download a file whose digest the card does not know, checked by the one the hub states.

    The hub states the SHA-256 of large files and the Git blob's SHA-1 of small ones.

    Returns:
        The file with its length and SHA-256, to be remembered.

    Raises:
        SourceError: no answer, no digest stated, or what came is another file.
        OSError: the disk.
    """
    length, stated = _stated(_url(source))
    fetch(source, replace(file, bytes=length), part, progress)
    sha256 = digest(part)
    if stated != (sha256 if len(stated) == 64 else _git_digest(part)):
        part.unlink()
        raise SourceError(f"{http.shown(_url(source))}: not the file whose digest the hub states")
    return replace(file, bytes=length, sha256=sha256)


def _url(source: Source) -> str:
    return f"{endpoint()}/{source.where}/resolve/{source.revision}/{source.member}"


def _stated(url: str) -> tuple[int, str]:
    """Length and digest that the hub states for a file."""
    with http.client(headers={"Accept-Encoding": "identity"}) as client:
        for _ in range(_REDIRECTS):
            name = http.shown(url)
            try:
                answer = client.head(url)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise SourceError(f"{name}: {error or type(error).__name__}") from error
            linked = answer.headers.get("X-Linked-ETag")
            # Large files redirect to a store that knows no digest; the hub's own answer does.
            if not linked and answer.next_request is not None:
                url = str(answer.next_request.url)
                continue
            if not (answer.is_success or linked):
                raise SourceError(f"{name} answered {answer.status_code} {answer.reason_phrase}")
            stated = (linked or answer.headers.get("ETag", "")).removeprefix("W/").strip('"')
            length = answer.headers.get("X-Linked-Size") or answer.headers.get("Content-Length", "")
            if len(stated) not in {40, 64} or not length.isdecimal():
                raise SourceError(f"{name}: the hub states no digest of it")
            if len(length) > _LONGEST_DIGITS:
                raise SourceError(f"{name}: the hub states that it has {length[:20]}… bytes")
            return int(length), stated
    raise SourceError(f"{name}: too many redirects")


def _git_digest(path: Path) -> str:
    """The SHA-1 under which Git keeps a file (git-hash-object)."""
    blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            blob.update(chunk)
    return blob.hexdigest()
