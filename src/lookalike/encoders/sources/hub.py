"""Weights from the model hub, at a pinned revision."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources.cache import SourceError


def endpoint() -> str:
    """The hub's address: HF_ENDPOINT (a mirror), or the hub itself."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"


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
    url = f"{endpoint()}/{source.where}/resolve/{source.revision}/{source.member}"
    have = part.stat().st_size if part.exists() else 0
    if have >= file.bytes:
        part.unlink(missing_ok=True)
        have = 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    timeout = httpx.Timeout(30, connect=10)
    try:
        with httpx.stream(
            "GET", url, headers=headers, follow_redirects=True, timeout=timeout
        ) as answer:
            if answer.status_code not in (200, 206):
                raise SourceError(f"{url} answered {answer.status_code} {answer.reason_phrase}")
            resumed = answer.status_code == 206
            done = have if resumed else 0
            with part.open("ab" if resumed else "wb") as stream:
                for chunk in answer.iter_bytes():
                    done += len(chunk)
                    if done > file.bytes:
                        raise SourceError(f"{url} is longer than the {file.bytes} bytes expected")
                    stream.write(chunk)
                    progress(done, file.bytes)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{url}: {error or type(error).__name__}") from error
    if done != file.bytes:
        raise SourceError(f"{url} ended after {done} of {file.bytes} bytes; run again to go on")
