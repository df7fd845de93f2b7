"""Lists of files: pages of package indexes (PEP 503, PEP 691), pages of links, folders."""

import json
import netrc
import os
import ssl
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.request import url2pathname

import httpx

from lookalike.encoders.sources import http, pip
from lookalike.encoders.sources.cache import SourceError

_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"


def links(place: str, settings: pip.Settings) -> list[str]:
    """The addresses of the files that a folder or a page lists.

    Args:
        place: a path, or a file:, http: or https: address.
        settings: how pip would ask.

    Raises:
        SourceError: no answer, a refusal, or no page of an index.
    """
    local = local_path(place)
    if local is not None:
        return _local_links(local)
    with client(place, settings) as asking:
        page = http.page(asking, place, {"Accept": _ACCEPT})
    try:
        if "json" in page.kind:
            found = [str(file["url"]) for file in json.loads(page.body)["files"]]
        else:
            found = _hrefs(page.body.decode("utf-8", "replace"))
    except (ValueError, KeyError, TypeError, RecursionError, AssertionError) as error:
        raise SourceError(f"{http.shown(place)} is no page of an index: {error!r}") from error
    joined = (_joined(page.url, link) for link in found)
    return [_with_password(link, place) for link in joined if _is_remote(link)]


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:  # no address
        return ""


def _is_remote(place: str) -> bool:
    try:
        return urlsplit(place).scheme in {"http", "https"}
    except ValueError as error:
        raise SourceError(f"{http.shown(place)}: {error}") from error


def _local_links(local: Path) -> list[str]:
    page = local / "index.html" if local.is_dir() else local
    try:
        files = [path.as_uri() for path in local.iterdir()] if local.is_dir() else []
        if page.is_file():
            text = page.read_text("utf-8", "replace")
            files += [_joined(page.as_uri(), link) for link in _hrefs(text)]
    except OSError as error:
        raise SourceError(f"{local}: {error.strerror or error}") from error
    except AssertionError as error:
        raise SourceError(f"{page} is no page of links: {error}") from error
    return files


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hrefs += [value for name, value in attrs if (tag, name) == ("a", "href") and value]


def _hrefs(page: str) -> list[str]:
    parser = _Anchors()
    parser.feed(page)  # AssertionError for some pages that are none
    return parser.hrefs


def local_path(place: str) -> Path | None:
    """The path that an address means, if it is one of this machine."""
    if _is_remote(place):
        return None
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path)).absolute()
    return Path(place).expanduser().absolute()


def _with_password(link: str, place: str) -> str:
    """A link with the user's name and password for its page, where both are on one host."""
    asked, found = urlsplit(place), urlsplit(link)
    same = asked.netloc.rpartition("@")[2] == found.netloc and asked.scheme == found.scheme
    return urlunsplit(found._replace(netloc=asked.netloc)) if same else link


def client(place: str, settings: pip.Settings) -> httpx.Client:
    """Asks as pip would: its certificates, its proxy, and the passwords of ~/.netrc.

    Raises:
        SourceError: the certificates cannot be read, or the proxy cannot be used.
    """
    parts = urlsplit(place)
    verify: ssl.SSLContext | bool = True
    if parts.hostname in settings.trusted or parts.netloc in settings.trusted:
        verify = False
    elif settings.certificates:
        verify = _certificates(settings.certificates)
    return http.client(
        verify=verify,
        proxy=settings.proxy or None,
        auth=None if parts.username else _netrc(),
    )


def _certificates(path: str) -> ssl.SSLContext:
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise SourceError(f"pip's certificates {path} cannot be read: {error}") from error


def _netrc() -> httpx.NetRCAuth | None:
    try:
        return httpx.NetRCAuth(os.environ.get("NETRC"))
    except (OSError, netrc.NetrcParseError):  # there is none, or nobody can read it
        return None
