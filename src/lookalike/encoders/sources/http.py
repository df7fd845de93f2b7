"""Downloads of one file each, going on where an earlier one stopped."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from lookalike.encoders.sources.cache import SourceError

TIMEOUT = httpx.Timeout(30, connect=10)


def download(
    client: httpx.Client, url: str, part: Path, length: int, progress: Callable[[int, int], None]
) -> None:
    """Download a file to `part`.

    Args:
        client: how to ask.
        url: where it is.
        part: where to write; what is there already is kept and continued.
        length: how many bytes it has; more are refused.
        progress: called with bytes done and bytes in all.

    Raises:
        SourceError: no answer, a refusal, or another length.
        OSError: the disk.
    """
    name = shown(url)
    have = part.stat().st_size if part.exists() else 0
    if have >= length:
        part.unlink(missing_ok=True)
        have = 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with client.stream("GET", url, headers=headers, follow_redirects=True) as answer:
            if answer.status_code not in (200, 206):
                raise SourceError(f"{name} answered {answer.status_code} {answer.reason_phrase}")
            resumed = answer.status_code == 206
            done = have if resumed else 0
            with part.open("ab" if resumed else "wb") as stream:
                for chunk in answer.iter_bytes():
                    done += len(chunk)
                    if done > length:
                        raise SourceError(f"{name} is longer than the {length} bytes expected")
                    stream.write(chunk)
                    progress(done, length)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{name}: {error or type(error).__name__}") from error
    if done != length:
        raise SourceError(f"{name} ended after {done} of {length} bytes; run again to go on")


def shown(url: str) -> str:
    """An address as it may be shown: without a user's name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
