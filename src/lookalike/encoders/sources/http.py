"""Questions to servers: pages of limited length, and downloads that go on where one stopped."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lookalike.encoders.sources.cache import SourceError

_TIMEOUT = httpx.Timeout(30, connect=10)

_LONGEST_PAGE = 32 << 20  # bytes; the longest ones of package indexes have a few million
_USER = re.compile(r"(?<=//)[^/?#\s]*@")


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered: the address it came from at last, its media type, its bytes."""

    url: str
    kind: str
    body: bytes


def client(**settings: Any) -> httpx.Client:
    """A client with these settings of `httpx.Client` and with those of the environment.

    Raises:
        SourceError: a proxy or certificates that they name cannot be used.
    """
    try:
        return httpx.Client(timeout=_TIMEOUT, **settings)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise SourceError(f"the proxy that is set cannot be used: {error}") from error
    except OSError as error:
        where = os.environ.get("SSL_CERT_FILE", "not set")
        raise SourceError(f"SSL_CERT_FILE ({where}) cannot be read: {error}") from error


def page(client: httpx.Client, url: str, headers: Mapping[str, str] | None = None) -> Page:
    """Ask for a page.

    Raises:
        SourceError: no answer, a refusal, or more than a page.
    """
    name = shown(url)
    body = bytearray()
    try:
        with client.stream("GET", url, headers=headers, follow_redirects=True) as answer:
            _expect_success(answer, name)
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _LONGEST_PAGE:
                    raise SourceError(f"{name} is longer than any page ({_LONGEST_PAGE} bytes)")
            return Page(str(answer.url), answer.headers.get("Content-Type", ""), bytes(body))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{name}: {error or type(error).__name__}") from error


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
    if (
        have and have == length
    ):  # whoever fetched it died before it was checked; wrong ones are deleted
        return
    if have > length:
        part.unlink()
        have = 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with client.stream("GET", url, headers=headers, follow_redirects=True) as answer:
            _expect_success(answer, name)
            resumed = answer.status_code == 206
            done = have if resumed else 0
            with part.open("ab" if resumed else "wb") as stream:
                # Raw: servers that call a .tar.gz an encoded .tar would have it unpacked.
                for chunk in answer.iter_raw():
                    done += len(chunk)
                    if done > length:
                        raise SourceError(f"{name} is longer than the {length} bytes expected")
                    stream.write(chunk)
                    progress(done, length)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"{name}: {error or type(error).__name__}") from error
    if done != length:
        raise SourceError(f"{name} ended after {done} of {length} bytes; run again to go on")


def _expect_success(answer: httpx.Response, name: str) -> None:
    if answer.status_code not in (200, 206):
        raise SourceError(f"{name} answered {answer.status_code} {answer.reason_phrase}")


def shown(url: str) -> str:
    """An address as it may be shown: without user, password, and what follows the path."""
    return without_passwords(re.split(r"[?#]", url, maxsplit=1)[0])


def without_passwords(text: str) -> str:
    """A text without the users and passwords of the addresses in it."""
    return _USER.sub("", text)
