"""Lists of files: pages of package indexes (PEP 503, PEP 691), pages of links, folders."""

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
    try:
        with client(place, settings) as asking:
            answer = asking.get(place, headers={"Accept": _ACCEPT}, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise SourceError(f"{http.shown(place)}: {error or type(error).__name__}") from error
    if not answer.is_success:
        raise SourceError(
            f"{http.shown(place)} answered {answer.status_code} {answer.reason_phrase}"
        )
    if "json" in answer.headers.get("Content-Type", ""):
        try:
            found = [str(file["url"]) for file in answer.json()["files"]]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{http.shown(place)} is no page of an index: {error!r}") from error
    else:
        found = _hrefs(answer.text)
    base = str(answer.url)
    return [_with_password(urljoin(base, link), place) for link in found]


def _local_links(local: Path) -> list[str]:
    page = local / "index.html" if local.is_dir() else local
    try:
        files = [path.as_uri() for path in local.iterdir()] if local.is_dir() else []
        if page.is_file():
            text = page.read_text("utf-8", "replace")
            files += [urljoin(page.as_uri(), link) for link in _hrefs(text)]
    except OSError as error:
        raise SourceError(f"{local}: {error.strerror or error}") from error
    return files


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hrefs += [value for name, value in attrs if (tag, name) == ("a", "href") and value]


def _hrefs(page: str) -> list[str]:
    parser = _Anchors()
    parser.feed(page)
    return parser.hrefs


def local_path(place: str) -> Path | None:
    """The path that an address means, if it is one of this machine."""
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path)).absolute()
    if parts.scheme in {"http", "https"}:
        return None
    return Path(place).expanduser().absolute()


def _with_password(link: str, place: str) -> str:
    """A link with the user's name and password for its page, where both are on one host."""
    asked, found = urlsplit(place), urlsplit(link)
    same = asked.netloc.rpartition("@")[2] == found.netloc and asked.scheme == found.scheme
    return urlunsplit(found._replace(netloc=asked.netloc)) if same else link


def client(place: str, settings: pip.Settings) -> httpx.Client:
    """Asks as pip would: its certificates, its proxy, and the passwords of ~/.netrc.

    Raises:
        SourceError: the certificates cannot be read.
    """
    parts = urlsplit(place)
    verify: ssl.SSLContext | bool = True
    if parts.hostname in settings.trusted or parts.netloc in settings.trusted:
        verify = False
    elif settings.certificates:
        verify = _certificates(settings.certificates)
    return httpx.Client(
        verify=verify,
        proxy=settings.proxy or None,
        auth=None if parts.username else _netrc(),
        timeout=http.TIMEOUT,
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
